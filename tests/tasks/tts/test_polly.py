"""Amazon Polly through botocore, against its stand-in on 127.0.0.1; and the real one, where keys are set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import botocore.session
import numpy as np
import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ParamValidationError
from botocore.parsers import ResponseParserError
from voice_services import KEYS, SECRET, VoiceServices, median_pitch_hz
from voice_services_speech import Encoding, encode

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    HladvarpError,
    InvalidPreset,
    LanguageNotAllowed,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.engine import load_engine
from tasks.tts.polly.engine import MAX_CHARACTERS, SAMPLE_RATE_HZ, Polly
from tasks.tts.polly.failures import KINDS, may_not_list, translated
from tasks.tts.polly.voices import VOICES
from tasks.tts.polly.vorbis import vorbis_pieces

TEXT = "Góðan daginn, þetta er fréttatíminn."
DORA = VoicePreset(name="dora", engine="polly", voice="Dora")
KARL = VoicePreset(name="karl", engine="polly", voice="Karl")


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices, monkeypatch: pytest.MonkeyPatch) -> VoiceServices:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    running.reset()
    return running


@pytest.fixture
def polly(services: VoiceServices) -> Polly:
    return Polly(access(services), stall_s=10.0)


def access(services: VoiceServices, **fields: str) -> EngineAccess:
    usual = {"base_url": services.url("polly"), "access_key_id": KEYS["polly"], "api_key": SECRET}
    return EngineAccess.model_validate({**usual, "region": "eu-west-1", "source": "the block rodd", **fields})


def sent(services: VoiceServices) -> dict[str, Any]:
    return services.asked("polly")[-1].fields


def preset(**fields: object) -> VoicePreset:
    return VoicePreset.model_validate({**DORA.model_dump(), **fields})


def mark(kind: str, start: int, end: int, **settings: str) -> Mark:
    return Mark.model_validate({"kind": kind, "start": start, "end": end, "settings": settings})


def test_the_engine_table_finds_polly_without_asking_anybody():
    engine = load_engine("polly", EngineAccess(region="eu-west-1"))
    assert isinstance(engine, Polly)
    can = engine.capabilities(DORA)
    assert can.languages == {"is"}
    assert can.markup == {"emphasis", "lang", "phoneme", "prosody"}
    assert can.lexicon == "ipa"
    assert can.usd_per_million_characters == 4.0
    engine.check(DORA, "is")


def test_the_voices_are_those_that_botocore_knows():
    shape = botocore.session.Session().get_service_model("polly").shape_for("VoiceId")
    languages = botocore.session.Session().get_service_model("polly").shape_for("LanguageCode")
    assert {name for names in VOICES.values() for name in names.split()} <= set(shape.enum)
    assert set(VOICES) <= set(languages.enum)


def test_what_is_said_is_heard_as_the_vendor_was_asked(polly, services):
    speech = polly.synthesize(TEXT, DORA, "is")
    assert speech.sample_rate_hz == SAMPLE_RATE_HZ
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert 1.0 < speech.samples.shape[1] / SAMPLE_RATE_HZ < 6.0
    assert speech.billed_characters == len(TEXT)
    assert sent(services) == {
        "Engine": "standard",
        "OutputFormat": "ogg_vorbis",
        "SampleRate": "22050",
        "Text": f"<speak>{TEXT}</speak>",
        "TextType": "ssml",
        "VoiceId": "Dora",
    }
    assert services.asked("polly")[0].text == TEXT


def test_two_voices_are_two(polly):
    dora, karl = (
        median_pitch_hz(polly.synthesize(TEXT, voice, "is").samples, SAMPLE_RATE_HZ) for voice in (DORA, KARL)
    )
    assert dora > 1.5 * karl


def test_marks_and_preset_are_rendered_in_the_vendors_own_percent(polly, services):
    marks = (
        mark("prosody", 0, 5, rate="200%", volume="-6dB"),
        mark("emphasis", 0, 5, level="strong"),
        mark("phoneme", 7, 12, ph="ˈθɛhta"),
        mark("lang", 16, 35, **{"xml:lang": "en"}),
    )
    speech = polly.synthesize(TEXT, preset(rate=0.5, pitch=-2.0), "is", marks)
    low, plain = 'pitch="-11%"', 'rate="50%" pitch="-11%"'
    asked = sent(services)["Text"]
    assert re.sub(r"<[^>]*>", "", asked) == TEXT
    assert f'<prosody {low} volume="-6.0dB"><emphasis level="strong">Góðan</emphasis></prosody>' in asked
    assert f"<prosody {plain}>" in asked
    assert '<phoneme alphabet="ipa" ph="ˈθɛhta">' in asked
    assert '<lang xml:lang="en-US">' in asked
    assert speech.billed_characters < len(TEXT) + 5, (
        "tags are not billed; the stand-in counts a space between two styles"
    )
    polly.synthesize(TEXT, DORA, "is", (mark("prosody", 0, 5, rate="20%", pitch="+12st", volume="silent"),))
    assert '<prosody rate="50%" pitch="+50%" volume="silent">' in sent(services)["Text"], "no further than Polly goes"


def test_a_hostile_text_is_read_and_not_obeyed(polly, services):
    text = "</speak><break time='9s'/> & ]]> <!-- bless -->\x00\ud800"
    polly.synthesize(text, DORA, "is")
    assert services.asked("polly")[-1].text == "</speak><break time='9s'/> & ]]> <!-- bless -->"


def test_sound_streams_while_it_is_made(polly, services):
    services.pace_s = 0.05
    text = " ".join([TEXT] * 6)
    pieces = polly.stream(text, DORA, "is")
    first = next(pieces)
    assert not services.asked("polly")[0].complete
    rest = list(pieces)
    assert first.dtype == np.float32
    assert 6.0 < (first.size + sum(piece.size for piece in rest)) / SAMPLE_RATE_HZ < 36.0


def test_many_threads_share_one_engine(polly, services):
    texts = [f"Lína númer {'abcdefgh'[index]}." for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        speeches = list(pool.map(lambda text: polly.synthesize(text, DORA, "is"), texts))
    assert all(speech.samples.size for speech in speeches)
    assert sorted(request.text for request in services.asked("polly")) == texts


@pytest.mark.parametrize("text", ["", "   ", "…!?", "\x00\x01", "—"])
def test_what_cannot_be_said_is_a_short_silence_and_costs_nothing(polly, services, text):
    assert not polly.synthesize(text, DORA, "is").samples.any()
    assert np.concatenate(list(polly.stream(text, DORA, "is"))).size
    assert services.asked("polly") == []


def test_a_text_that_is_too_long_is_refused_before_it_is_paid_for(polly, services):
    with pytest.raises(TextTooLong, match="not the 2501"):
        polly.synthesize("a" * (MAX_CHARACTERS + 1), DORA, "is")
    every_letter = tuple(mark("emphasis", at, at + 1, level="strong") for at in range(0, 600, 2))
    with pytest.raises(TextTooLong, match="with their markup"):
        polly.synthesize("að " * 200, DORA, "is", every_letter)
    assert services.asked("polly") == []


@pytest.mark.parametrize(
    ("fields", "language", "kind", "why"),
    [
        ({"voice": ""}, "is", UnknownVoice, "Dora or Karl"),
        ({"voice": "dora"}, "is", UnknownVoice, "'dora'"),
        ({"voice": "Ruth"}, "en", UnknownVoice, "no standard voice 'Ruth'"),
        ({"model": "neural"}, "is", UnknownVoice, "'neural'"),
        ({}, "en", LanguageNotAllowed, "Amy, Brian"),
        ({"voice": "Joanna"}, "is", LanguageNotAllowed, "Dora, Karl"),
        ({"pitch": 9.0}, "is", InvalidPreset, "7.0 semitones"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_without_asking(polly, services, fields, language, kind, why):
    for call in (polly.check, polly.confirm, lambda voice, language: polly.synthesize(TEXT, voice, language)):
        with pytest.raises(kind, match=re.escape(why)) as caught:
            call(preset(**fields), language)
        assert "'dora'" in str(caught.value), "the preset is named"
    assert services.requests == []


@pytest.mark.parametrize(
    "fields",
    [
        {"access_key_id": ""},
        {"api_key": ""},
        {"access_key_id": "", "api_key": ""},
        {"region": ""},
        {"region": "not a region!"},
        {"base_url": "polly"},
        {"base_url": "ftp://x"},
        {"api_key": "rangur-lykill-0123456789"},
        {"access_key_id": "AKIARANGUR"},
    ],
)
def test_an_account_that_cannot_be_is_named(services, fields):
    engine = Polly(access(services, **fields))
    with pytest.raises(EngineDenied, match="the block rodd") as caught:
        engine.synthesize(TEXT, DORA, "is")
    assert not caught.value.retryable
    assert SECRET not in str(caught.value)
    assert "rangur-lykill" not in str(caught.value)
    assert all(not request.spoken for request in services.requests)


def test_without_keys_the_machines_own_are_used(services, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEYS["polly"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    assert Polly(access(services, access_key_id="", api_key="")).synthesize(TEXT, DORA, "is").samples.size


def test_the_accounts_voices_are_asked_for_once(polly, services):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda voice: polly.confirm(voice, "is"), [DORA, KARL] * 4))
    assert len(services.asked("polly", "voices")) == 1
    with pytest.raises(UnknownVoice, match=r"no 'Joey' .* for 'en' are Amy, Joanna, Matthew"):
        polly.confirm(preset(voice="Joey"), "en")
    assert len(services.asked("polly", "voices")) == 1


def test_a_list_that_fails_is_asked_for_again(polly, services):
    services.fail("polly", "broken", on="voices")
    with pytest.raises(EngineUnreachable, match="asked for its voices"):
        polly.confirm(DORA, "is")
    polly.confirm(DORA, "is")
    assert len(services.asked("polly", "voices")) == 2


FAULTS: dict[str, tuple[type[EngineError], bool]] = {
    "wrong_key": (EngineDenied, False),
    "busy": (EngineBusy, True),
    "quota": (QuotaExceeded, False),
    "broken": (EngineUnreachable, True),
    "unavailable": (EngineUnreachable, True),
    "refused": (EngineUnreachable, True),
    "stall": (AnswerUnfinished, True),
    "cut": (AnswerUnfinished, True),
    "truncated": (AnswerUnfinished, True),
    "wrong_type": (AnswerUnfinished, True),
    "silence": (AnswerUnfinished, True),
    "garbage": (AnswerUnfinished, True),
    "empty": (AnswerUnfinished, True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_typed_failure_and_one_request(polly, services, fault):
    kind, retryable = FAULTS[fault]
    services.fail("polly", fault)
    impatient = Polly(access(services), stall_s=1.5)
    with pytest.raises(HladvarpError) as caught:
        (impatient if fault == "stall" else polly).synthesize(TEXT, DORA, "is")
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    message = str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert message.startswith(f"Polly, asked for {TEXT!r} with voice 'Dora': ")
    assert len(services.asked("polly")) == (0 if fault == "refused" else 1)
    assert ("text/html" in message) == (fault == "wrong_type")
    services.recover()
    assert polly.synthesize(TEXT, DORA, "is").samples.size


def test_a_wait_that_amazon_asks_for_is_passed_on(polly, services):
    services.fail("polly", "busy_with_wait", wait_s=7)
    with pytest.raises(EngineBusy) as caught:
        polly.synthesize(TEXT, DORA, "is")
    assert caught.value.wait_s == 7
    assert len(services.asked("polly")) == 1


def test_a_stream_that_breaks_gives_what_came_and_then_fails(polly, services):
    services.fail("polly", "truncated")
    came: list[np.ndarray] = []
    with pytest.raises(AnswerUnfinished):
        came.extend(polly.stream(" ".join([TEXT] * 6), DORA, "is"))
    assert sum(piece.size for piece in came) > SAMPLE_RATE_HZ


def failure(error: Exception) -> EngineError:
    return translated(error, asked="Polly, asked for 'x'", source="the block rodd", secret=SECRET)


def test_every_error_that_speech_can_meet_has_a_kind():
    model = botocore.session.Session().get_service_model("polly").operation_model("SynthesizeSpeech")
    lexicons = {"LexiconNotFoundException"}  # none is ever named
    marks = {"MarksNotSupportedForFormatException", "SsmlMarksNotSupportedForTextTypeException"}  # nor asked for
    assert {shape.name for shape in model.error_shapes} - lexicons - marks <= set(KINDS)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientError({"Error": {"Code": "ValidationException", "Message": "Value at 'voiceId'"}}, "x"), UnknownVoice),
        (ClientError({"Error": {"Code": "ValidationException", "Message": "Value at 'text'"}}, "x"), RequestRefused),
        (ClientError({"Error": {"Code": "ExpiredTokenException", "Message": SECRET}}, "x"), EngineDenied),
        (ClientError({"Error": {}, "ResponseMetadata": {"HTTPStatusCode": 502}}, "x"), EngineUnreachable),
        (ClientError({"Error": {"Code": "418"}, "ResponseMetadata": {"HTTPStatusCode": 418}}, "x"), RequestRefused),
        (ClientError({}, "x"), RequestRefused),
        (NoCredentialsError(), EngineDenied),
        (ParamValidationError(report="no text"), RequestRefused),
        (ResponseParserError("no JSON"), AnswerUnfinished),
        (ValueError("Invalid endpoint: x"), EngineDenied),
    ],
)
def test_what_botocore_raises_is_translated_once(error, kind):
    found = failure(error)
    assert type(found) is kind
    assert SECRET not in str(found)
    assert str(found).startswith("Polly, asked for 'x': ")


def test_a_key_that_may_speak_but_not_list_is_a_good_key():
    def denied(code: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": "not authorized to perform: polly:DescribeVoices"}}, "x")

    assert may_not_list(denied("AccessDeniedException"))
    assert not may_not_list(denied("UnrecognizedClientException"))
    assert not may_not_list(NoCredentialsError())


def test_vorbis_is_decoded_piece_by_piece_and_refused_where_it_is_none():
    time_s = np.arange(22_050) / 22_050
    data = encode((0.3 * np.sin(2 * np.pi * 330 * time_s)).astype(np.float32), Encoding("vorbis", 22_050))
    for size in (1, 100, len(data)):
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        samples = np.concatenate(list(vorbis_pieces(chunks, asked="x", sample_rate_hz=22_050)))
        assert samples.size == pytest.approx(22_050, abs=1024)  # an encoder fills its last frame
        assert np.abs(samples).max() == pytest.approx(0.3, abs=0.05)
    for wrong, rate in ((b"", 22_050), (b"<html>" * 99, 22_050), (data[:60], 22_050), (data, 24_000)):
        with pytest.raises(AnswerUnfinished):
            list(vorbis_pieces([wrong], asked="x", sample_rate_hz=rate))


def test_importing_the_engine_reads_no_configuration():
    code = "import tasks.tts.polly.engine, sys; sys.exit('prefect' in sys.modules)"
    environment = {**os.environ, "AWS_PROFILE": "er-ekki-til"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


@pytest.mark.live
@pytest.mark.skipif("POLLY_SECRET_ACCESS_KEY" not in os.environ, reason="POLLY_SECRET_ACCESS_KEY is not set")
def test_the_real_polly_says_it():
    keys = {"access_key_id": os.environ["POLLY_ACCESS_KEY_ID"], "api_key": os.environ["POLLY_SECRET_ACCESS_KEY"]}
    engine = Polly(EngineAccess.model_validate({**keys, "region": os.environ.get("POLLY_REGION", "eu-west-1")}))
    for voice in (DORA, KARL):
        engine.confirm(voice, "is")
        speech = engine.synthesize(TEXT, voice, "is", (mark("phoneme", 7, 12, ph="ˈθɛhta"),))
        assert speech.billed_characters == len(TEXT)
        assert 1.0 < speech.samples.shape[1] / speech.sample_rate_hz < 6.0
