"""The stand-ins for OpenAI and ElevenLabs keep their protocols; `voice_services` names the documents."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from voice_services import ADAM, GEORGE, KEYS, RACHEL, VoiceServices, median_pitch_hz
from voice_services_clients import (
    ELEVENLABS,
    HTTP,
    OPENAI,
    SENTENCE,
    SHORT,
    clone,
    elevenlabs,
    openai,
    pcm,
    seconds,
    wav,
)


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> Iterator[VoiceServices]:
    yield running
    running.reset()


def test_request_is_noted_as_the_vendor_understood_it(services: VoiceServices):
    openai(services, instructions="Rólega")

    [request] = services.asked("openai")
    assert (request.voice, request.text, request.model) == ("marin", SENTENCE, "gpt-4o-mini-tts")
    assert request.key == KEYS["openai"]
    assert request.fields["instructions"] == "Rólega"
    assert request.headers["authorization"] == OPENAI["Authorization"]
    assert request.spoken
    services.clear()
    assert services.requests == []


def test_requests_of_many_threads_are_all_noted_and_all_answered(services: VoiceServices):
    texts = [f"Setning {number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: openai(services, input=text), texts))

    assert [answer.status_code for answer in answers] == [200] * 40
    assert 1 <= services.most_at_once("openai") <= 8
    assert sorted(request.text for request in services.asked("openai")) == sorted(texts)
    assert all(request.spoken for request in services.requests)


def test_requests_that_overlap_are_counted(services: VoiceServices):
    services.pace_s = 0.05

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: openai(services, input="Já."), range(3)))
    together = services.most_at_once("openai")
    services.reset()
    for _ in range(3):
        openai(services, input="Já.")

    assert (together, services.most_at_once("openai")) == (3, 1)


def test_sound_comes_in_pieces_while_the_rest_is_held_back(services: VoiceServices):
    services.pace_s = 0.02
    url, body = services.url("compatible") + "/v1/audio/speech", {"model": "kokoro", "voice": "af_heart"}

    with HTTP.stream("POST", url, json=body | {"input": SHORT, "response_format": "pcm"}) as answer:
        pieces = answer.iter_raw()
        next(pieces)
        assert not services.requests[0].complete
        rest = b"".join(pieces)

    assert len(rest) > 20_000
    assert services.requests[0].complete


@pytest.mark.parametrize("vendor", ["openai", "compatible", "realtime", "elevenlabs", "azure", "polly"])
def test_voices_of_a_vendor_have_pitches_of_their_own(running: VoiceServices, vendor: str):
    voices = getattr(running, vendor).voices

    pitches = [running.pitch_hz(vendor, voice) for voice in voices]

    assert len(set(pitches)) == len(voices)


@pytest.mark.parametrize("voice", ["echo", "cedar", "marin", "sage", "shimmer", "onyx", "verse"])
def test_voice_speaks_at_its_pitch_within_a_semitone(services: VoiceServices, voice: str):
    heard_hz = median_pitch_hz(pcm(openai(services, voice=voice).content), 24_000)

    assert 12 * abs(np.log2(heard_hz / services.pitch_hz("openai", voice))) < 1.0


def test_median_pitch_is_that_of_a_tone_and_none_of_silence():
    time_s = np.arange(48_000) / 48_000
    sawtooth = (time_s * 173 % 1).astype(np.float32) - 0.5

    assert median_pitch_hz(sawtooth, 48_000) == pytest.approx(173, rel=0.01)
    assert median_pitch_hz(np.zeros(48_000, np.float32), 48_000) == 0.0


@pytest.mark.parametrize("format_", ["mp3", "opus", "aac", "flac", "wav"])
def test_openai_speaks_in_every_format_as_long_as_in_pcm(services: VoiceServices, format_: str):
    """CreateSpeechRequest.response_format; pcm is 24 kHz, 16 bits, one channel."""
    plain_s = len(openai(services).content) / 2 / 24_000

    answer = openai(services, response_format=format_)

    assert 3.0 < plain_s < 7.0
    assert seconds(answer.content) == pytest.approx(plain_s, abs=0.12)


def test_openai_sends_its_sound_in_events_when_asked(services: VoiceServices):
    """SpeechAudioDeltaEvent, SpeechAudioDoneEvent."""
    answer = openai(services, stream_format="sse")

    events = [json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line]
    sound = b"".join(base64.b64decode(event["audio"]) for event in events[:-1])
    assert answer.headers["content-type"] == "text/event-stream"
    assert events[-1]["type"] == "speech.audio.done"
    assert sound == openai(services).content


def test_openai_speaks_faster_when_asked(services: VoiceServices):
    assert len(openai(services, speed=1.5).content) < 0.75 * len(openai(services).content)


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"input": "a" * 4097}, 400, "string_above_max_length", "input"),
        ({"input": ""}, 400, "missing_required_parameter", "input"),
        ({"voice": "guðrún"}, 400, "invalid_value", "voice"),
        ({"voice": {"id": "voice_1234"}}, 400, "invalid_value", "voice"),
        ({"response_format": "ogg"}, 400, "invalid_value", "response_format"),
        ({"stream_format": "sse", "model": "tts-1"}, 400, "invalid_value", "stream_format"),
        ({"speed": 5}, 400, "invalid_value", "speed"),
        ({"language": "is"}, 400, "unknown_parameter", "language"),
        ({"model": "gpt-realtime-2.1-mini"}, 404, "model_not_found", None),
    ],
)
def test_openai_refuses_what_its_schema_does_not_allow(
    services: VoiceServices, changes: dict[str, Any], status: int, code: str, param: str | None
):
    """ErrorResponse, Error: {"error": {message, type, param, code}}."""
    answer = openai(services, **changes)

    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (answer.status_code, error["code"], error["param"]) == (status, code, param)


def test_openai_lists_models_with_the_day_of_their_end(services: VoiceServices):
    answer = HTTP.get(services.url("openai") + "/v1/models", headers=OPENAI).json()

    assert answer["object"] == "list"
    assert set(answer["data"][0]) == {"id", "object", "created", "owned_by", "shutdown_date"}
    ends = {model["id"]: model["shutdown_date"] for model in answer["data"]}
    assert ends["gpt-4o-mini-tts"] == "2027-01-06"
    assert ends["gpt-realtime-2.1-mini"] is None


def test_openai_refuses_a_key_that_is_not_its_own_and_compatible_takes_none(services: VoiceServices):
    wrong, none = (
        HTTP.get(services.url("openai") + "/v1/models", headers=headers)
        for headers in ({"Authorization": "Bearer sk-proj-rangur-lykill"}, {})
    )
    open_ = HTTP.get(services.url("compatible") + "/v1/models")

    assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "invalid_api_key")
    assert (none.status_code, open_.status_code) == (401, 200)
    assert KEYS["openai"] not in wrong.text


def test_elevenlabs_tells_what_it_cost_and_counts_it(services: VoiceServices):
    """openapi.json 2025-08-25, /v1/text-to-speech/{voice_id}/stream; ExtendedSubscriptionResponseModel."""
    answer = elevenlabs(services)

    account = HTTP.get(services.url("elevenlabs") + "/v1/user/subscription", headers=ELEVENLABS).json()
    assert answer.headers["character-cost"] == str(len(SENTENCE))
    assert answer.headers["request-id"]
    assert account["character_count"] == len(SENTENCE)
    assert {"tier", "character_limit", "can_use_instant_voice_cloning", "voice_limit", "status"} <= set(account)


def test_elevenlabs_gives_mp3_unless_told_otherwise(services: VoiceServices):
    url = f"{services.url('elevenlabs')}/v1/text-to-speech/{GEORGE}"

    answer = HTTP.post(url, headers=ELEVENLABS, json={"text": SENTENCE})

    assert answer.headers["content-type"] == "audio/mpeg"
    assert 3.0 < seconds(answer.content) < 7.0
    assert services.asked("elevenlabs")[0].model == "eleven_multilingual_v2"


def test_elevenlabs_reads_icelandic_with_another_accent_where_the_model_has_none(services: VoiceServices):
    icelandic, english = (elevenlabs(services, model_id=model).content for model in ("eleven_v3", "eleven_flash_v2_5"))

    assert len(icelandic) != len(english)


@pytest.mark.parametrize(
    ("voice", "output", "changes", "status", "code"),
    [
        ("hverginn", "pcm_24000", {}, 404, "voice_not_found"),
        (ADAM, "pcm_24000", {"text": "a" * 3001}, 400, "max_character_limit_exceeded"),
        (ADAM, "pcm_24000", {"model_id": "eleven_v0"}, 400, "model_not_found"),
        (ADAM, "pcm_24000", {"model_id": "eleven_english_sts_v2"}, 400, "model_can_not_do_text_to_speech"),
        (ADAM, "pcm_44100", {}, 403, "output_format_not_allowed"),
        (ADAM, "pcm_24000", {"voice_settings": {"speed": 1.3}}, 400, "invalid_voice_settings"),
        (ADAM, "pcm_24000", {"voice_settings": {"stability": 0.3}}, 400, "invalid_ttd_stability"),
        (ADAM, "pcm_24001", {}, 422, ["query", "output_format"]),
        (ADAM, "pcm_24000", {"text": None}, 422, ["body", "text"]),
    ],
)
def test_elevenlabs_refuses_in_its_two_shapes(
    services: VoiceServices, voice: str, output: str, changes: dict[str, Any], status: int, code: object
):
    """error-messages.mdx: {"detail": {status, message}}; HTTPValidationError: {"detail": [{loc, msg, type}]}."""
    answer = elevenlabs(services, voice, output, **changes)

    detail = answer.json()["detail"]
    told = detail[0]["loc"] if isinstance(detail, list) else detail["status"]
    assert (answer.status_code, told) == (status, code)
    assert services.elevenlabs.account.character_count == 0


def test_elevenlabs_stops_when_the_credits_are_used_up(services: VoiceServices):
    services.elevenlabs.account.character_limit = len(SENTENCE) + 5

    first, second = elevenlabs(services), elevenlabs(services)

    assert first.status_code == 200
    assert (second.status_code, second.json()["detail"]["status"]) == (401, "quota_exceeded")


def test_elevenlabs_lists_models_with_languages_and_limits(services: VoiceServices):
    """ModelResponseModel, its required fields."""
    models = HTTP.get(services.url("elevenlabs") + "/v1/models", headers=ELEVENLABS).json()

    required = {
        "model_id",
        "can_do_text_to_speech",
        "token_cost_factor",
        "maximum_text_length_per_request",
        "languages",
    }
    assert all(required <= set(model) for model in models)
    icelandic = {model["model_id"] for model in models if "is" in {one["language_id"] for one in model["languages"]}}
    assert "eleven_v3" in icelandic
    assert not {"eleven_multilingual_v2", "eleven_flash_v2_5"} & icelandic


def test_elevenlabs_lists_voices_page_by_page(services: VoiceServices):
    """GetVoicesV2ResponseModel."""
    url, found, token = services.url("elevenlabs") + "/v2/voices", [], ""
    while True:
        page = HTTP.get(url, params={"page_size": 2, "next_page_token": token}, headers=ELEVENLABS).json()
        found += [voice["voice_id"] for voice in page["voices"]]
        if not page["has_more"]:
            break
        token = page["next_page_token"]

    assert found == [ADAM, RACHEL, GEORGE]
    assert page["total_count"] == 3


def test_elevenlabs_clone_sounds_like_its_sample_until_it_is_deleted(services: VoiceServices):
    """AddVoiceIVCResponseModel, DeleteVoiceResponseModel."""
    sample = wav(pcm(elevenlabs(services, RACHEL).content))

    made = clone(services, sample, description="Prófun", labels='{"language": "is"}').json()

    url = f"{services.url('elevenlabs')}/v1/voices/{made['voice_id']}"
    shown = HTTP.get(url, headers=ELEVENLABS).json()
    spoken = elevenlabs(services, made["voice_id"])
    assert made["requires_verification"] is False
    assert (shown["name"], shown["category"], shown["labels"]) == ("Anna", "cloned", {"language": "is"})
    assert median_pitch_hz(pcm(spoken.content), 24_000) == pytest.approx(295, rel=0.06)
    assert HTTP.delete(url, headers=ELEVENLABS).json() == {"status": "ok"}
    assert elevenlabs(services, made["voice_id"]).status_code == 404
    assert HTTP.get(url, headers=ELEVENLABS).json()["detail"]["status"] == "voice_not_found"


def test_elevenlabs_refuses_to_clone_from_nothing_from_noise_and_beyond_the_limit(services: VoiceServices):
    sample = wav(pcm(elevenlabs(services).content))

    nothing, noise, nameless = clone(services), clone(services, b"no sound"), clone(services, sample, name="")
    services.elevenlabs.account.voice_limit = 0
    full = clone(services, sample)

    assert nothing.json()["detail"][0]["loc"] == ["body", "files"]
    assert nameless.json()["detail"][0]["loc"] == ["body", "name"]
    assert noise.json()["detail"]["status"] == "upload_failed"
    assert full.json()["detail"]["status"] == "voice_limit_reached"
    assert not services.elevenlabs.account.cloned
