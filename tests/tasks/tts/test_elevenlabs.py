"""ElevenLabs against its stand-in: what it is asked, what it costs, and what becomes of each of its failures."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from canned_server import canned_server
from pydantic import SecretStr
from voice_services import ADAM, KEYS, RACHEL, VoiceServices, median_pitch_hz
from voice_services_elevenlabs_account import MODELS

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineUnreachable,
    InvalidPreset,
    LanguageNotAllowed,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.elevenlabs.engine import SAMPLE_RATE_HZ, ElevenLabs
from tasks.tts.engine import load_engine

KEY = KEYS["elevenlabs"]
VOICE = VoicePreset(name="rachel", engine="elevenlabs", voice=RACHEL)
SENTENCE = "Góðan daginn, þetta er prufa á íslenskri rödd."


@pytest.fixture(scope="module")
def services():
    with VoiceServices() as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(services):
    services.reset()


@pytest.fixture
def elevenlabs(services):
    return ElevenLabs(access(services.url("elevenlabs")))


def tone_pcm() -> bytes:
    return (8000 * np.sin(np.arange(40_000) * 0.05)).astype("<i2").tobytes()


def access(url: str, key: str = KEY) -> EngineAccess:
    return EngineAccess(base_url=url, api_key=SecretStr(key), source="block studio")


def test_the_engine_table_finds_it(services):
    assert isinstance(load_engine("elevenlabs", access(services.url("elevenlabs"))), ElevenLabs)


def test_a_sentence_is_asked_for_as_the_vendor_documents_it(services, elevenlabs):
    elevenlabs.synthesize(SENTENCE, VOICE, "is")
    (asked,) = services.asked("elevenlabs")
    assert (asked.method, asked.path) == ("POST", f"/v1/text-to-speech/{RACHEL}/stream")
    assert asked.headers["xi-api-key"] == KEY
    assert asked.fields == {
        "output_format": "pcm_24000",
        "text": SENTENCE,
        "model_id": "eleven_v3",
        "language_code": "is",
        "apply_text_normalization": "off",
    }


def test_what_a_preset_says_is_sent_and_nothing_that_it_leaves_open(services, elevenlabs):
    lively = VOICE.model_copy(update={"stability": 0.0, "similarity": 0.8, "rate": 1.1, "seed": 7})
    elevenlabs.synthesize(SENTENCE, lively, "is")
    fields = services.asked("elevenlabs")[0].fields
    assert fields["voice_settings"] == {"stability": 0.0, "similarity_boost": 0.8, "speed": 1.1}
    assert fields["seed"] == 7


def test_the_model_that_takes_no_language_is_sent_none(services, elevenlabs):
    english = VOICE.model_copy(update={"model": "eleven_multilingual_v2"})
    elevenlabs.synthesize("Good morning.", english, "en")
    assert "language_code" not in services.asked("elevenlabs")[0].fields


def test_the_answer_is_the_voice_that_was_asked_for(services, elevenlabs):
    speech = elevenlabs.synthesize(SENTENCE, VOICE, "is")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == SAMPLE_RATE_HZ
    assert 2 < speech.samples.shape[1] / SAMPLE_RATE_HZ < 8
    heard_hz = median_pitch_hz(speech.samples, SAMPLE_RATE_HZ)
    assert heard_hz == pytest.approx(services.pitch_hz("elevenlabs", RACHEL), rel=0.06)
    assert heard_hz != pytest.approx(services.pitch_hz("elevenlabs", ADAM), rel=0.06)


def test_the_vendor_says_what_it_counts(elevenlabs):
    assert elevenlabs.synthesize(SENTENCE, VOICE, "is").billed_characters == len(SENTENCE)


def test_half_a_credit_is_a_whole_character_of_a_fast_model(elevenlabs):
    fast, text = VOICE.model_copy(update={"model": "eleven_flash_v2_5"}), "Good morning to you all."
    assert elevenlabs.synthesize(text, fast, "en").billed_characters == len(text)


@pytest.mark.parametrize("text", ["", "  \n", "… – ?!"])
def test_nothing_to_say_is_a_silence_that_nobody_is_asked_for(services, elevenlabs, text):
    assert not elevenlabs.synthesize(text, VOICE, "is").samples.any()
    assert not np.concatenate(list(elevenlabs.stream(text, VOICE, "is"))).any()
    assert services.requests == []


def test_brackets_are_read_and_not_acted_or_obeyed(services, elevenlabs):
    elevenlabs.synthesize("já [whispers] nei <break time='9s'/> jú\u0000", VOICE, "is")
    assert services.asked("elevenlabs")[0].text == "já (whispers) nei  break time='9s'/  jú "


def test_the_first_piece_comes_before_the_last_is_sent():
    half, heard = tone_pcm(), threading.Event()
    with canned_server() as vendor:
        vendor.stream(f"POST /v1/text-to-speech/{RACHEL}/stream", half, heard, half, content_type="audio/pcm")
        pieces = ElevenLabs(access(vendor.url)).stream(SENTENCE, VOICE, "is")
        first = next(pieces)
        heard.set()
        whole = np.concatenate([first, *pieces])
    assert whole.dtype == np.float32
    assert len(whole) == len(half)


@pytest.mark.parametrize(
    ("fault", "error", "retryable"),
    [
        ("wrong_key", EngineDenied, False),
        ("quota", QuotaExceeded, False),
        ("busy", EngineBusy, True),
        ("broken", EngineUnreachable, True),
        ("unavailable", EngineUnreachable, True),
        ("stall", AnswerUnfinished, True),
        ("cut", AnswerUnfinished, True),
        ("truncated", AnswerUnfinished, True),
        ("wrong_type", AnswerUnfinished, True),
        ("silence", AnswerUnfinished, True),
        ("garbage", AnswerUnfinished, True),
        ("empty", AnswerUnfinished, True),
    ],
)
def test_a_failure_is_told_as_what_it_is_without_the_key(services, fault, error, retryable):
    elevenlabs = ElevenLabs(access(services.url("elevenlabs")), patience_s=0.3 if fault == "stall" else 10)
    services.fail("elevenlabs", fault, times=None)
    with pytest.raises(error) as raised:
        elevenlabs.synthesize(SENTENCE, VOICE, "is")
    with pytest.raises(error):
        list(elevenlabs.stream(SENTENCE, VOICE, "is"))
    assert raised.value.retryable is retryable
    assert "ElevenLabs" in str(raised.value)
    assert "Góðan daginn" in str(raised.value)
    assert KEY[:8] not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert len(services.asked("elevenlabs")) == 2


def test_a_refusal_names_where_the_key_is(services, elevenlabs):
    services.fail("elevenlabs", "wrong_key")
    with pytest.raises(EngineDenied, match="block studio"):
        elevenlabs.synthesize(SENTENCE, VOICE, "is")


def test_a_short_wait_is_waited_out_and_a_long_one_is_told(services, elevenlabs):
    services.fail("elevenlabs", "busy_with_wait", wait_s=1)
    assert elevenlabs.synthesize(SENTENCE, VOICE, "is").samples.any()
    assert [request.status for request in services.asked("elevenlabs")] == [429, 200]
    services.fail("elevenlabs", "busy_with_wait", wait_s=3600)
    with pytest.raises(EngineBusy) as raised:
        elevenlabs.synthesize(SENTENCE, VOICE, "is")
    assert raised.value.wait_s == 3600


@pytest.mark.parametrize(
    ("status", "detail", "error"),
    [
        (404, {"status": "voice_not_found", "message": "A voice with voice_id x was not found."}, UnknownVoice),
        (400, {"status": "max_character_limit_exceeded", "message": "too long"}, TextTooLong),
        (400, {"type": "not_found", "code": "voice_not_found", "message": "gone", "request_id": "1"}, UnknownVoice),
        (401, {"type": "x", "code": "quota_exceeded", "message": "used up"}, QuotaExceeded),
        (401, {"status": "missing_permissions", "message": "missing the permission text_to_speech"}, RequestRefused),
        (403, {"status": "output_format_not_allowed", "message": "Pro only"}, RequestRefused),
        (402, {"status": "paid_plan_required", "message": "upgrade"}, QuotaExceeded),
        (422, [{"loc": ["body", "seed"], "msg": "too large", "type": "value_error"}], RequestRefused),
        (404, "Not Found", RequestRefused),
        (400, {"status": ["odd"], "code": 7}, RequestRefused),
    ],
)
def test_every_shape_of_a_refusal_is_understood(status, detail, error):
    with canned_server() as vendor:
        vendor.answer(f"POST /v1/text-to-speech/{RACHEL}/stream", {"detail": detail}, status=status)
        with pytest.raises(error) as raised:
            ElevenLabs(access(vendor.url + "/v1/")).synthesize(SENTENCE, VOICE, "is")
        assert not raised.value.retryable
        assert len(vendor.asked) == 1


@pytest.mark.parametrize("model", ["eleven_multilingual_v2", "eleven_turbo_v2_5", "eleven_flash_v2_5"])
def test_a_model_without_icelandic_is_refused_before_anything_is_asked(services, elevenlabs, model):
    with pytest.raises(LanguageNotAllowed, match=r"eleven_v3"):
        elevenlabs.check(VOICE.model_copy(update={"model": model}), "is")
    with pytest.raises(LanguageNotAllowed):
        elevenlabs.synthesize(SENTENCE, VOICE.model_copy(update={"model": model}), "is")
    assert services.requests == []


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"model": "eleven_v9"}, UnknownVoice, "eleven_v3"),
        ({"voice": ""}, UnknownVoice, "voice id"),
        ({"voice": "../models"}, UnknownVoice, "voice id"),
        ({"rate": 0.69}, InvalidPreset, "0.7 to 1.2"),
        ({"rate": 1.21}, InvalidPreset, "0.7 to 1.2"),
        ({"stability": 0.4}, InvalidPreset, "0.4"),
    ],
)
def test_what_the_vendor_does_not_take_is_refused_with_what_it_takes(services, elevenlabs, change, error, told):
    with pytest.raises(error, match=told):
        elevenlabs.check(VOICE.model_copy(update=change), "is")
    assert services.requests == []


def test_any_stability_suits_the_older_models(elevenlabs):
    elevenlabs.check(VOICE.model_copy(update={"stability": 0.4, "model": "eleven_multilingual_v2"}), "en")


@pytest.mark.parametrize("key", ["", "  ", "ský\u0000"])
def test_a_key_that_is_none_is_refused_before_anything_is_asked(services, key):
    with pytest.raises(EngineDenied, match="block studio"):
        ElevenLabs(access(services.url("elevenlabs"), key)).check(VOICE, "is")
    assert services.requests == []


def test_capabilities_are_those_of_the_model(elevenlabs):
    newest, oldest = (
        elevenlabs.capabilities(VOICE.model_copy(update={"model": model}))
        for model in ("eleven_v3", "eleven_multilingual_v2")
    )
    assert {"is", "en", "da"} <= newest.languages
    assert "is" not in oldest.languages
    assert all(len(code) == 2 for code in newest.languages)
    assert newest.streaming
    assert newest.cloning
    assert newest.leaves_this_machine
    assert newest.usd_per_million_characters > 0
    assert "rate" not in elevenlabs.capabilities(VOICE.model_copy(update={"model": "eleven_v4"})).settings
    with pytest.raises(UnknownVoice):
        elevenlabs.capabilities(VOICE.model_copy(update={"model": "eleven_v9"}))


def test_the_account_is_asked_once_whoever_asks(services, elevenlabs):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: elevenlabs.confirm(VOICE, "is"), range(8)))
    elevenlabs.confirm(VOICE.model_copy(update={"voice": ADAM}), "is")
    assert [request.operation for request in services.requests] == ["models", "voice", "voice"]
    assert [request.voice for request in services.requests] == ["", RACHEL, ADAM]


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"voice": "gone"}, UnknownVoice, "gone"),
        ({"model": "eleven_v4"}, UnknownVoice, "eleven_v3"),
    ],
)
def test_what_the_account_does_not_have_is_told_before_anything_is_bought(
    services, elevenlabs, monkeypatch, change, error, told
):
    monkeypatch.delitem(MODELS, "eleven_v4")
    for _ in range(2):
        with pytest.raises(error, match=told):
            elevenlabs.confirm(VOICE.model_copy(update=change), "is")
    assert services.asked("elevenlabs") == []


def test_an_account_that_takes_less_names_the_field_to_set(services, elevenlabs, monkeypatch):
    monkeypatch.setitem(MODELS, "eleven_v3", replace(MODELS["eleven_v3"], most_characters=900, languages=("en", "is")))
    with pytest.raises(TextTooLong, match=r"max_characters.*900"):
        elevenlabs.confirm(VOICE, "is")
    elevenlabs.confirm(VOICE.model_copy(update={"max_characters": 900}), "is")
    with pytest.raises(LanguageNotAllowed, match="'da'"):
        elevenlabs.confirm(VOICE, "da")


def test_a_wrong_key_is_told_by_confirm(services):
    with pytest.raises(EngineDenied):
        ElevenLabs(access(services.url("elevenlabs"), "sk_another_key")).confirm(VOICE, "is")


def test_a_key_that_may_only_speak_is_no_hindrance():
    with canned_server() as vendor:
        limited = {"detail": {"status": "missing_permissions", "message": "missing the permission models_read"}}
        vendor.answer("GET /v1/models", limited, status=401)
        engine = ElevenLabs(access(vendor.url))
        engine.confirm(VOICE, "is")
        engine.confirm(VOICE, "is")
        assert vendor.asked == ["GET /v1/models"]


def test_the_version_is_known_without_asking():
    assert ElevenLabs(EngineAccess()).version.startswith("elevenlabs eleven_v3, pcm 24000, shape ")


@pytest.mark.live
@pytest.mark.skipif(not os.environ.get("ELEVENLABS_API_KEY"), reason="ELEVENLABS_API_KEY is not set")
def test_the_vendor_itself_says_a_sentence():
    engine = ElevenLabs(EngineAccess(api_key=SecretStr(os.environ["ELEVENLABS_API_KEY"])))
    engine.confirm(VOICE, "is")
    speech = engine.synthesize(SENTENCE, VOICE, "is")
    assert 2 < speech.samples.shape[1] / speech.sample_rate_hz < 10
    assert speech.billed_characters > 0
