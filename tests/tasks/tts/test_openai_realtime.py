"""OpenAI's Realtime voices against their stand-in: what is asked, and that no other words become a clip."""

from __future__ import annotations

import base64
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from canned_server import canned_server
from pydantic import SecretStr
from voice_services import KEYS, VoiceServices, median_pitch_hz
from websockets.sync.server import serve

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineUnreachable,
    InvalidPreset,
    LanguageNotAllowed,
    QuotaExceeded,
    RequestRefused,
    SpokeOtherwise,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.engine import load_engine
from tasks.tts.openai.engine import OpenAi
from tasks.tts.openai.realtime import SAMPLE_RATE_HZ

KEY = KEYS["realtime"]
VOICE = VoicePreset(name="marin", engine="openai", voice="marin")
SENTENCE = "Góðan daginn, þetta er prufa á íslenskri rödd sem les fréttir."


@pytest.fixture(scope="module")
def services():
    with VoiceServices() as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(services):
    services.reset()


@pytest.fixture
def openai(services):
    return OpenAi(access(services.url("openai")))


def access(url: str, key: str = KEY) -> EngineAccess:
    return EngineAccess(base_url=url, api_key=SecretStr(key), source="block studio")


@contextmanager
def talking(*events: object, closing: tuple[int, str] = (1000, ""), heard: list[object] | None = None):
    """A Realtime server that sends these events, whatever it is told, and closes; `heard` is filled with what it is.

    At a `threading.Event` it waits until that is set.
    """

    def talk(websocket):
        websocket.send(json.dumps({"type": "session.created", "session": {}}))
        if heard is not None:
            heard.extend(json.loads(websocket.recv()) for _ in range(2))
        for event in events:
            if isinstance(event, threading.Event):
                assert event.wait(10)
            else:
                websocket.send(event if isinstance(event, str | bytes) else json.dumps(event))
        websocket.close(*closing)

    with serve(talk, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1/realtime"


def sound(duration_s: float = 4.0) -> dict[str, object]:
    tone = 8000 * np.sin(np.arange(round(duration_s * SAMPLE_RATE_HZ)) * 0.05)
    delta = base64.b64encode(tone.astype("<i2").tobytes()).decode()
    return {"type": "response.output_audio.delta", "delta": delta}


def said(transcript: str) -> dict[str, object]:
    return {"type": "response.output_audio_transcript.done", "transcript": transcript}


def done(status: str = "completed", **details: object) -> dict[str, object]:
    return {"type": "response.done", "response": {"status": status, "status_details": details or None}}


def test_the_engine_table_finds_it(services):
    assert isinstance(load_engine("openai", access(services.url("openai"))), OpenAi)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/", "/v1/realtime"])
@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_every_way_to_write_the_address_leads_there(services, scheme, ending):
    address = services.url("openai").replace("http", scheme) + ending
    engine = OpenAi(access(address))
    engine.confirm(VOICE, "is")
    assert engine.synthesize("Já.", VOICE, "is").samples.any()
    assert [request.path for request in services.asked("realtime", "handshake")] == ["/v1/realtime"]


def test_a_session_is_told_to_read_and_nothing_else(services, openai):
    calm = VOICE.model_copy(update={"rate": 1.2, "instructions": "Rólega, eins og í kvöldfréttum."})
    openai.synthesize(SENTENCE, calm, "is")
    (handshake,) = services.asked("realtime", "handshake")
    assert handshake.headers["authorization"] == f"Bearer {KEY}"
    assert handshake.model == "gpt-realtime-2.1-mini"
    (asked,) = services.asked("realtime")
    assert asked.text == SENTENCE
    session, response = asked.fields["session"], asked.fields["response"]
    assert "word for word" in session["instructions"]
    assert "in Icelandic" in session["instructions"]
    assert session["instructions"].endswith("Rólega, eins og í kvöldfréttum.")
    assert session["output_modalities"] == ["audio"]
    assert session["audio"]["output"] == {
        "format": {"type": "audio/pcm", "rate": 24_000},
        "voice": "marin",
        "speed": 1.2,
    }
    assert response["conversation"] == "none"
    assert response["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": SENTENCE}]}
    ]
    assert 500 < response["max_output_tokens"] <= 4096


def test_the_answer_is_the_voice_that_was_asked_for(services, openai):
    speech = openai.synthesize(SENTENCE, VOICE, "is")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == SAMPLE_RATE_HZ
    heard_hz = median_pitch_hz(speech.samples, SAMPLE_RATE_HZ)
    assert heard_hz == pytest.approx(services.pitch_hz("realtime", "marin"), rel=0.06)


def test_tokens_are_counted_at_the_price_that_is_named(openai):
    speech, capabilities = openai.synthesize(SENTENCE, VOICE, "is"), openai.capabilities(VOICE)
    seconds = speech.samples.shape[1] / SAMPLE_RATE_HZ
    usd = speech.billed_characters * capabilities.usd_per_million_characters / 1e6
    assert usd == pytest.approx(seconds * 20 * 20 / 1e6, rel=0.25)  # 20 tokens a second, 20 USD a million
    assert capabilities.usd_per_million_characters == pytest.approx(34, abs=3)


def test_an_answer_without_a_count_is_counted_as_nothing():
    with talking(sound(), said(SENTENCE), done()) as url:
        assert OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is").billed_characters == 0


def test_the_first_piece_comes_before_the_last_is_sent():
    heard = threading.Event()
    with talking(sound(2), heard, sound(2), said(SENTENCE), done()) as url:
        pieces = OpenAi(access(url)).stream(SENTENCE, VOICE, "is")
        first = next(pieces)
        heard.set()
        whole = np.concatenate([first, *pieces])
    assert whole.dtype == np.float32
    assert len(whole) == 4 * SAMPLE_RATE_HZ


def test_who_stops_listening_hangs_up(services, openai):
    services.pace_s = 0.05
    pieces = openai.stream(SENTENCE, VOICE, "is")
    next(pieces)
    pieces.close()
    assert openai.synthesize("Já.", VOICE, "is").samples.any()


@pytest.mark.parametrize("text", ["", "  \n", "… – ?!"])
def test_nothing_to_say_is_a_silence_that_nobody_is_asked_for(services, openai, text):
    assert not openai.synthesize(text, VOICE, "is").samples.any()
    assert not np.concatenate(list(openai.stream(text, VOICE, "is"))).any()
    assert services.requests == []


def test_other_words_become_no_clip(services, openai):
    services.fail("realtime", "paraphrase", times=2)
    with pytest.raises(SpokeOtherwise, match="Já, ég get lesið") as raised:
        openai.synthesize(SENTENCE, VOICE, "is")
    assert raised.value.retryable
    heard = []
    with pytest.raises(SpokeOtherwise):
        heard.extend(openai.stream(SENTENCE, VOICE, "is"))
    assert heard
    assert openai.synthesize(SENTENCE, VOICE, "is").samples.any()


@pytest.mark.parametrize("transcripts", [[], [""], ["Góðan daginn."], [SENTENCE, "Takk fyrir mig."]])
def test_a_transcript_that_lacks_words_or_adds_some_is_other_words(transcripts):
    with talking(sound(), *map(said, transcripts), done()) as url, pytest.raises(SpokeOtherwise):
        OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is")


def test_a_transcript_in_two_parts_is_one():
    half = SENTENCE.index(" er ")
    with talking(sound(), said(SENTENCE[:half]), sound(1), said(SENTENCE[half:]), done()) as url:
        assert OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is").samples.shape[1] > 4 * SAMPLE_RATE_HZ


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
        ("closed", AnswerUnfinished, True),
        ("truncated", AnswerUnfinished, True),
        ("wrong_type", AnswerUnfinished, True),
        ("silence", AnswerUnfinished, True),
        ("garbage", AnswerUnfinished, True),
        ("empty", AnswerUnfinished, True),
        ("paraphrase", SpokeOtherwise, True),
    ],
)
def test_a_failure_is_told_as_what_it_is_without_the_key(services, fault, error, retryable):
    openai = OpenAi(access(services.url("openai")), patience_s=0.3 if fault == "stall" else 10)
    services.fail("realtime", fault, times=None)
    with pytest.raises(error) as raised:
        openai.synthesize(SENTENCE, VOICE, "is")
    assert raised.value.retryable is retryable
    assert "OpenAI" in str(raised.value)
    assert "Góðan daginn" in str(raised.value)
    assert KEY[:12] not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert len(services.asked("realtime", "handshake")) == 1


def test_a_refusal_names_where_the_key_is(services):
    with pytest.raises(EngineDenied, match="block studio") as raised:
        OpenAi(access(services.url("openai"), "sk-proj-annar-1234567890")).synthesize(SENTENCE, VOICE, "is")
    assert "1234567890" not in repr(raised.value)


def test_a_wait_that_is_asked_for_is_told(services, openai):
    services.fail("realtime", "busy_with_wait", wait_s=17)
    with pytest.raises(EngineBusy) as raised:
        openai.synthesize(SENTENCE, VOICE, "is")
    assert raised.value.wait_s == 17


def test_nobody_there_is_unreachable(services, openai):
    services.fail("realtime", "refused")
    with pytest.raises(EngineUnreachable, match="block studio"):
        openai.synthesize(SENTENCE, VOICE, "is")


def test_a_web_server_that_knows_no_websockets_is_told():
    with canned_server() as elsewhere:
        elsewhere.answer("GET /v1/realtime", b"<html>hello</html>", content_type="text/html")
        with pytest.raises((EngineUnreachable, RequestRefused)):
            OpenAi(access(elsewhere.url)).synthesize(SENTENCE, VOICE, "is")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("invalid_api_key", EngineDenied),
        ("insufficient_quota", QuotaExceeded),
        ("rate_limit_exceeded", EngineBusy),
        ("model_not_found", UnknownVoice),
        ("string_above_max_length", TextTooLong),
        ("session_expired", AnswerUnfinished),
        ("unknown_parameter", RequestRefused),
        (None, RequestRefused),
    ],
)
def test_an_error_event_means_what_its_code_says(code, error):
    event = {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": f"no: {KEY}"}}
    with talking(event) as url, pytest.raises(error, match="Góðan daginn") as raised:
        OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is")
    assert KEY[:12] not in str(raised.value)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (done("failed", error={"type": "insufficient_quota", "code": "insufficient_quota"}), QuotaExceeded),
        (done("failed", error={"type": "rate_limit_error", "code": None, "message": "slow down"}), EngineBusy),
        (done("failed"), EngineUnreachable),
        (done("incomplete", reason="max_output_tokens"), AnswerUnfinished),
        (done("incomplete", reason="content_filter"), RequestRefused),
        (done("cancelled", reason="turn_detected"), AnswerUnfinished),
        ({"type": "response.done"}, AnswerUnfinished),
        ({"type": "response.output_audio.delta", "delta": "###"}, AnswerUnfinished),
        ({"type": "response.output_audio.delta"}, AnswerUnfinished),
        ({"type": "error", "error": "odd"}, RequestRefused),
        (["no", "event"], AnswerUnfinished),
        ("no json", AnswerUnfinished),
        (b"\xff\xfe", AnswerUnfinished),
        ('{"type": ' * 3000, AnswerUnfinished),
    ],
)
def test_every_end_that_is_none_is_told(end, error):
    with talking(sound(), said(SENTENCE), end) as url, pytest.raises(error):
        OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is")


@pytest.mark.parametrize(
    ("closing", "error"),
    [
        ((3000, "invalid_request_error.invalid_api_key"), EngineDenied),
        ((4000, "invalid_request_error.invalid_model"), UnknownVoice),
        ((1011, "keepalive ping timeout"), AnswerUnfinished),
        ((1000, ""), AnswerUnfinished),
    ],
)
def test_a_closed_connection_may_say_why(closing, error):
    with talking(sound(), closing=closing) as url, pytest.raises(error):
        OpenAi(access(url)).synthesize(SENTENCE, VOICE, "is")


@pytest.mark.parametrize(
    ("change", "language", "error", "told"),
    [
        ({"voice": ""}, "is", UnknownVoice, "marin"),
        ({"voice": "nova"}, "is", UnknownVoice, "marin"),
        ({"model": "gpt-4o-mini-tts"}, "is", UnknownVoice, "gpt-realtime-2.1-mini"),
        ({"rate": 1.6}, "is", InvalidPreset, "1.5"),
        ({}, "fo", LanguageNotAllowed, "'fo'"),
    ],
)
def test_what_the_vendor_does_not_take_is_refused_before_anything_is_asked(
    services, openai, change, language, error, told
):
    with pytest.raises(error, match=told):
        openai.check(VOICE.model_copy(update=change), language)
    with pytest.raises(error):
        openai.synthesize(SENTENCE, VOICE.model_copy(update=change), language)
    assert services.requests == []


def test_a_voice_of_the_accounts_own_is_asked_for_by_its_id():
    heard = []
    with talking(sound(), said("Já."), done(), heard=heard) as url:
        OpenAi(access(url)).synthesize("Já.", VOICE.model_copy(update={"voice": "voice_1234"}), "is")
    assert heard[0]["session"]["audio"]["output"]["voice"] == {"id": "voice_1234"}


def test_a_key_that_is_none_is_refused_before_anything_is_asked(services):
    with pytest.raises(EngineDenied, match="block studio"):
        OpenAi(access(services.url("openai"), "")).synthesize(SENTENCE, VOICE, "is")
    assert services.requests == []


def test_the_account_is_asked_for_its_models_once(services, openai):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: openai.confirm(VOICE, "is"), range(6)))
    assert [request.operation for request in services.requests] == ["models"]


def test_a_model_that_the_account_lacks_is_told():
    with canned_server() as vendor:
        vendor.answer("GET /v1/models", {"data": [{"id": "gpt-realtime-2.1", "shutdown_date": None}]})
        with pytest.raises(UnknownVoice, match=r"gpt-realtime-2\.1$"):
            OpenAi(access(vendor.url)).confirm(VOICE, "is")


def test_a_key_that_may_only_speak_is_no_hindrance():
    with canned_server() as vendor:
        limited = {"error": {"code": "missing_scope", "message": "Missing scopes: api.model.read"}}
        vendor.answer("GET /v1/models", limited, status=403)
        engine = OpenAi(access(vendor.url))
        engine.confirm(VOICE, "is")
        engine.confirm(VOICE, "is")
        assert vendor.asked == ["GET /v1/models"]


def test_the_version_is_known_without_asking():
    assert OpenAi(EngineAccess()).version.startswith("openai gpt-realtime-2.1-mini, reading 1, shape ")


@pytest.mark.live
@pytest.mark.skipif(not os.environ.get("OPENAI_API_KEY"), reason="OPENAI_API_KEY is not set")
def test_the_vendor_itself_reads_a_sentence():
    engine = OpenAi(EngineAccess(api_key=SecretStr(os.environ["OPENAI_API_KEY"])))
    engine.confirm(VOICE, "is")
    speech = engine.synthesize(SENTENCE, VOICE, "is")
    assert 2 < speech.samples.shape[1] / speech.sample_rate_hz < 12
    assert speech.billed_characters > 0
