"""Servers that speak `/v1/audio/speech`, against two stand-ins: OpenAI's own, and one that asks for no key."""

from __future__ import annotations

import io
import os
import struct
import threading

import numpy as np
import pytest
import soundfile
import structlog
from canned_server import canned_server
from pydantic import SecretStr
from voice_services import KEYS, VoiceServices, median_pitch_hz

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineUnreachable,
    LanguageNotAllowed,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.engine import load_engine
from tasks.tts.openai_compatible import SAMPLE_RATE_HZ, OpenAiCompatible

KEY = KEYS["openai"]
VOICE = VoicePreset(name="heart", engine="openai_compatible", voice="af_heart", model="kokoro")
ALLOY = VoicePreset(name="alloy", engine="openai_compatible", voice="alloy", model="gpt-4o-mini-tts")
SENTENCE = "Góðan daginn, þetta er prufa á íslenskri rödd."
SPEECH = "POST /v1/audio/speech"


@pytest.fixture(scope="module")
def services():
    with VoiceServices() as started:
        yield started


@pytest.fixture(autouse=True)
def _fresh(services):
    services.reset()


@pytest.fixture
def server(services):
    return OpenAiCompatible(access(services.url("compatible")))


@pytest.fixture
def openai(services):
    return OpenAiCompatible(access(services.url("openai"), KEY))


def access(url: str, key: str = "") -> EngineAccess:
    return EngineAccess(base_url=url, api_key=SecretStr(key), source="block studio")


def tone(duration_s: float = 3.0, rate_hz: int = 22_050) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * 220 * np.arange(round(duration_s * rate_hz)) / rate_hz)


def tone_pcm() -> bytes:
    return (32_767 * tone(1.7, SAMPLE_RATE_HZ)).astype("<i2").tobytes()


def wav(rate_hz: int = 22_050, subtype: str = "PCM_16", channels: int = 1, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    samples = np.repeat(tone(rate_hz=rate_hz)[:, None], channels, axis=1)
    soundfile.write(file, samples, rate_hz, format=kind, subtype=subtype)
    return file.getvalue()


def test_the_engine_table_finds_it(services):
    assert isinstance(load_engine("openai_compatible", access(services.url("compatible"))), OpenAiCompatible)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_in_v1_or_not(services, ending):
    engine = OpenAiCompatible(access(services.url("compatible") + ending))
    assert engine.synthesize("Já.", VOICE, "is").samples.any()
    assert services.asked("compatible")[0].path == "/v1/audio/speech"


def test_a_sentence_is_asked_for_as_documented(services, server):
    server.synthesize(SENTENCE, VOICE, "is")
    (asked,) = services.asked("compatible")
    assert asked.method == "POST"
    assert "authorization" not in asked.headers
    assert asked.fields == {"model": "kokoro", "input": SENTENCE, "voice": "af_heart", "response_format": "pcm"}


def test_what_a_preset_says_is_sent(services, openai):
    openai.synthesize(SENTENCE, ALLOY.model_copy(update={"rate": 1.3, "instructions": "Rólega."}), "is")
    (asked,) = services.asked("openai")
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.fields["speed"] == 1.3
    assert asked.fields["instructions"] == "Rólega."


def test_the_model_that_takes_no_instructions_is_sent_none(services, openai):
    plain = ALLOY.model_copy(update={"model": "", "instructions": "Rólega."})
    openai.synthesize(SENTENCE, plain, "is")
    assert services.asked("openai")[0].fields["model"] == "tts-1"
    assert "instructions" not in services.asked("openai")[0].fields
    assert "instructions" not in openai.capabilities(plain).settings
    assert "instructions" in openai.capabilities(ALLOY).settings


def test_the_answer_is_the_voice_that_was_asked_for(services, server):
    speech = server.synthesize(SENTENCE, VOICE, "is")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == SAMPLE_RATE_HZ
    heard_hz = median_pitch_hz(speech.samples, SAMPLE_RATE_HZ)
    assert heard_hz == pytest.approx(services.pitch_hz("compatible", "af_heart"), rel=0.06)


def test_the_first_piece_comes_before_the_last_is_sent():
    half, heard = tone_pcm(), threading.Event()
    with canned_server() as vendor:
        vendor.stream(SPEECH, half, heard, half, content_type="audio/pcm")
        pieces = OpenAiCompatible(access(vendor.url)).stream(SENTENCE, VOICE, "is")
        first = next(pieces)
        heard.set()
        whole = np.concatenate([first, *pieces])
    assert whole.dtype == np.float32
    assert len(whole) == len(half)


@pytest.mark.parametrize("text", ["", "  \n", "… – ?!"])
def test_nothing_to_say_is_a_silence_that_nobody_is_asked_for(services, server, text):
    assert not server.synthesize(text, VOICE, "is").samples.any()
    assert not np.concatenate(list(server.stream(text, VOICE, "is"))).any()
    assert services.requests == []


@pytest.mark.parametrize("rate_hz", [16_000, 22_050, 24_000, 48_000])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX"])
def test_a_wav_file_is_believed_in_what_it_says_of_its_rate(rate_hz, kind):
    with canned_server() as vendor:
        vendor.answer(SPEECH, wav(rate_hz, kind=kind), content_type="audio/wav")
        engine = OpenAiCompatible(access(vendor.url))
        speech = engine.synthesize(SENTENCE, VOICE, "is")
        assert speech.sample_rate_hz == rate_hz
        assert speech.samples.shape[1] == pytest.approx(3 * rate_hz, rel=0.02)
        streamed = np.concatenate(list(engine.stream(SENTENCE, VOICE, "is")))
        assert len(streamed) == pytest.approx(3 * SAMPLE_RATE_HZ, rel=0.02)
        crossings = np.count_nonzero(np.diff(np.signbit(streamed[2400:-2400])))
        assert crossings / (len(streamed) - 4800) * SAMPLE_RATE_HZ / 2 == pytest.approx(220, rel=0.02)


@pytest.mark.parametrize("n_bytes", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_file_that_was_sent_while_it_was_written_has_no_size(n_bytes):
    file = bytearray(wav())
    file[40:44] = struct.pack("<I", n_bytes)
    with canned_server() as vendor:
        vendor.answer(SPEECH, bytes(file), content_type="audio/wav")
        assert OpenAiCompatible(access(vendor.url)).synthesize(SENTENCE, VOICE, "is").samples.shape[1] > 60_000


def test_what_stands_behind_the_sound_is_not_heard():
    noise = np.random.default_rng(1).integers(-20_000, 20_000, 4_000).astype("<i2").tobytes()
    file = wav() + b"LIST" + struct.pack("<I", len(noise)) + noise
    with canned_server() as vendor:
        vendor.answer(SPEECH, file, content_type="audio/x-wav")
        speech = OpenAiCompatible(access(vendor.url)).synthesize(SENTENCE, VOICE, "is")
    assert float(np.abs(speech.samples).max()) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (wav(subtype="FLOAT"), RequestRefused),
        (wav(subtype="PCM_24"), RequestRefused),
        (wav(channels=2), RequestRefused),
        (wav()[:2000], AnswerUnfinished),
        (wav()[:30], AnswerUnfinished),
        (b"RIFF", AnswerUnfinished),
        (b"RIFF\0\0\0\0WAVEdata\x10\0\0\0" + bytes(16), AnswerUnfinished),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0" + bytes(100), AnswerUnfinished),
        (b"RIFF\0\0\0\0WAVEjunk" + struct.pack("<I", 1 << 30) + bytes(1 << 17), AnswerUnfinished),
        (b"ID3\x04" + bytes(5000), AnswerUnfinished),
        (b"", AnswerUnfinished),
        (b"\0", AnswerUnfinished),
        (bytes(100_000), AnswerUnfinished),
    ],
)
def test_what_is_no_sound_that_we_read_is_told(body, error):
    with canned_server() as vendor:
        vendor.answer(SPEECH, body, content_type="audio/wav")
        engine = OpenAiCompatible(access(vendor.url))
        with pytest.raises(error, match="Góðan daginn"):
            engine.synthesize(SENTENCE, VOICE, "is")
        with pytest.raises(error):
            list(engine.stream(SENTENCE, VOICE, "is"))


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
    openai = OpenAiCompatible(access(services.url("openai"), KEY), patience_s=0.3 if fault == "stall" else 10)
    services.fail("openai", fault, times=None)
    with pytest.raises(error) as raised:
        openai.synthesize(SENTENCE, ALLOY, "is")
    with pytest.raises(error):
        list(openai.stream(SENTENCE, ALLOY, "is"))
    assert raised.value.retryable is retryable
    assert "Góðan daginn" in str(raised.value)
    assert KEY[:12] not in f"{raised.value!r} {raised.value.__cause__!r}"
    assert len(services.asked("openai")) == 2


def test_a_short_wait_is_waited_out_and_a_long_one_is_told(services, openai):
    services.fail("openai", "busy_with_wait", wait_s=1)
    assert openai.synthesize(SENTENCE, ALLOY, "is").samples.any()
    assert [request.status for request in services.asked("openai")] == [429, 200]
    services.fail("openai", "busy_with_wait", wait_s=3600)
    with pytest.raises(EngineBusy) as raised:
        openai.synthesize(SENTENCE, ALLOY, "is")
    assert raised.value.wait_s == 3600


@pytest.mark.parametrize(
    ("change", "error"),
    [({"model": "tts-9"}, UnknownVoice), ({"voice": "marine"}, UnknownVoice)],
)
def test_a_voice_or_model_that_is_not_there_is_told(openai, change, error):
    with pytest.raises(error, match="block studio"):
        openai.synthesize(SENTENCE, ALLOY.model_copy(update=change), "is")


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": {"code": "string_above_max_length", "message": "too long"}}, TextTooLong),
        (429, {"error": {"type": "insufficient_quota", "message": "used up"}}, QuotaExceeded),
        (429, {"error": {"message": "slow down"}}, EngineBusy),
        (401, {"error": "odd"}, EngineDenied),
        (400, {"detail": {"error": "validation_error", "message": "Voice 'x' not found."}}, RequestRefused),
        (404, {"detail": "Not Found"}, RequestRefused),
        (500, ["odd"], EngineUnreachable),
        (503, b"", EngineUnreachable),
    ],
)
def test_other_servers_words_are_understood_as_far_as_they_go(status, body, error):
    with canned_server() as vendor:
        vendor.answer(SPEECH, body, status=status)
        with pytest.raises(error):
            OpenAiCompatible(access(vendor.url)).synthesize(SENTENCE, VOICE, "is")


def test_no_address_is_an_error_and_not_a_vendors():
    with pytest.raises(EngineDenied, match="block studio"):
        OpenAiCompatible(access("", KEY)).check(VOICE, "is")


@pytest.mark.parametrize("address", ["ftp://voices", "voices.studio", "http://", "http://[::", "nonsense", "/v1"])
def test_what_is_no_address_is_told(address):
    engine = OpenAiCompatible(access(address))
    with pytest.raises(EngineDenied, match="block studio"):
        engine.synthesize(SENTENCE, VOICE, "is")


def test_a_preset_without_a_voice_and_what_is_no_language_are_refused(services, server):
    with pytest.raises(UnknownVoice, match="heart"):
        server.check(VOICE.model_copy(update={"voice": ""}), "is")
    for language in ("", "isl", "en-us", "xx"):
        with pytest.raises(LanguageNotAllowed):
            server.check(VOICE, language)
    server.check(VOICE, "fo")
    assert services.requests == []


def test_a_price_is_named_where_one_is_known(server):
    openai = OpenAiCompatible(access("https://api.openai.com", KEY))
    assert openai.capabilities(ALLOY).usd_per_million_characters == 20
    assert openai.capabilities(ALLOY.model_copy(update={"model": ""})).usd_per_million_characters == 15
    assert openai.capabilities(VOICE).usd_per_million_characters is None
    assert OpenAiCompatible(access("https://tts.example", KEY)).capabilities(VOICE).usd_per_million_characters is None
    assert server.capabilities(VOICE).usd_per_million_characters == 0


@pytest.mark.parametrize(
    ("address", "leaves"),
    [
        ("http://127.0.0.1:8880", False),
        ("http://localhost:8880", False),
        ("http://[::1]:8880", False),
        ("http://192.168.1.5:8880", True),
        ("https://api.openai.com/v1", True),
    ],
)
def test_whether_words_leave_this_machine_is_told(address, leaves):
    assert OpenAiCompatible(access(address)).capabilities(VOICE).leaves_this_machine is leaves


def test_who_uses_openais_own_endpoint_is_told_of_its_end_once():
    engine = OpenAiCompatible(access("https://api.openai.com/v1", KEY))
    with structlog.testing.capture_logs() as events:
        engine.check(ALLOY, "is")
        engine.check(ALLOY, "is")
    assert [event["on"] for event in events if event["event"] == "endpoint.ends"] == ["2027-01-06"]


def test_one_server_is_not_another_in_a_clips_key(services):
    here, there = (
        OpenAiCompatible(access(url)) for url in (services.url("compatible"), "http://jon:leyndo@studio:8880/v1/")
    )
    assert here.version != there.version
    assert there.version.startswith("openai-compatible studio:8880/v1, tts-1, shape ")
    assert "leyndo" not in there.version


def test_confirm_asks_once_whether_somebody_takes_the_key(services, openai):
    openai.confirm(ALLOY, "is")
    openai.confirm(ALLOY, "is")
    assert [request.operation for request in services.requests] == ["models"]
    with pytest.raises(EngineDenied):
        OpenAiCompatible(access(services.url("openai"), "sk-proj-annar-123456")).confirm(ALLOY, "is")


def test_a_server_without_a_list_of_models_is_fine():
    with canned_server() as vendor:
        engine = OpenAiCompatible(access(vendor.url))
        engine.confirm(VOICE, "is")
        engine.confirm(VOICE, "is")
        assert vendor.asked == ["GET /v1/models"]


@pytest.mark.live
@pytest.mark.skipif(not os.environ.get("OPENAI_API_KEY"), reason="OPENAI_API_KEY is not set")
def test_openai_itself_says_a_sentence():
    engine = OpenAiCompatible(access("https://api.openai.com/v1", os.environ["OPENAI_API_KEY"]))
    speech = engine.synthesize(SENTENCE, ALLOY, "is")
    assert 2 < speech.samples.shape[1] / speech.sample_rate_hz < 10
