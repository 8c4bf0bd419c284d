"""Azure Speech as its stand-in on 127.0.0.1 speaks it; and the real one, where a key is set."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import voice_services_azure
from voice_services import KEYS, VoiceServices, median_pitch_hz

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
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.azure import engine as azure_engine
from tasks.tts.azure.engine import MAX_CHARACTERS, Azure
from tasks.tts.azure.voices import AzureVoice, address_of
from tasks.tts.engine import load_engine

TEXT = "Góðan daginn, þetta er fréttatíminn."
GUDRUN = VoicePreset(name="gudrun", engine="azure", voice="is-IS-GudrunNeural")
AVA = VoicePreset(name="ava", engine="azure", voice="en-US-AvaMultilingualNeural", style="cheerful")
GUNNAR = VoicePreset(name="gunnar", engine="azure", voice="is-IS-GunnarNeural")
KEY = KEYS["azure"]


@pytest.fixture(scope="module")
def running() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(running: VoiceServices) -> VoiceServices:
    running.reset()
    return running


@pytest.fixture
def azure(services: VoiceServices) -> Azure:
    return Azure(access(services), stall_s=10.0)


def access(services: VoiceServices, key: str = KEY) -> EngineAccess:
    return EngineAccess(base_url=services.url("azure"), api_key=key, region="northeurope", source="the block rodd")


def ssml(services: VoiceServices) -> str:
    return str(services.asked("azure")[-1].fields["ssml"])


def inside(document: str) -> str:
    """What stands in <voice>."""
    found = re.search(r"<voice [^>]*>(.*)</voice>", document)
    assert found
    return found[1]


def preset(**fields: object) -> VoicePreset:
    return VoicePreset.model_validate({**GUDRUN.model_dump(), **fields})


def mark(kind: str, start: int, end: int, **settings: str) -> Mark:
    return Mark.model_validate({"kind": kind, "start": start, "end": end, "settings": settings})


def test_the_engine_table_finds_azure_without_asking_anybody():
    engine = load_engine("azure", EngineAccess(api_key=KEY, region="northeurope"))
    assert isinstance(engine, Azure)
    can = engine.capabilities(GUDRUN)
    assert can.languages == {"is"}
    assert can.settings == {"rate", "pitch"}
    assert can.markup == {"prosody"}
    assert can.lexicon == "alias"
    assert can.streaming
    assert can.leaves_this_machine
    assert can.usd_per_million_characters == 15.0
    engine.check(GUDRUN, "is")


def test_what_is_said_is_heard_at_48_khz_without_silent_edges(azure, services):
    speech = azure.synthesize(TEXT, GUDRUN, "is")
    assert speech.sample_rate_hz == 48_000
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert 1.0 < speech.samples.shape[1] / 48_000 < 6.0
    assert speech.billed_characters == len(TEXT)
    request = services.asked("azure")[0]
    assert request.text == TEXT
    assert request.voice == GUDRUN.voice
    assert request.headers["x-microsoft-outputformat"] == "raw-48khz-16bit-mono-pcm"
    assert 'xml:lang="is-IS"' in ssml(services)
    assert np.abs(speech.samples[0, :4800]).max() > 0.01, "speech begins within a tenth of a second"


def test_two_voices_are_two(azure):
    pitches = [median_pitch_hz(azure.synthesize(TEXT, voice, "is").samples, 48_000) for voice in (GUDRUN, GUNNAR)]
    assert pitches[0] > 1.5 * pitches[1]


def test_rate_and_pitch_of_a_preset_are_obeyed(azure, services):
    plain = azure.synthesize(TEXT, GUDRUN, "is")
    slow = azure.synthesize(TEXT, preset(rate=0.8), "is")
    assert slow.samples.shape[1] > 1.1 * plain.samples.shape[1]
    assert 'rate="-20%"' in ssml(services)
    high = azure.synthesize(TEXT, preset(pitch=3.0), "is")
    ratio = median_pitch_hz(high.samples, 48_000) / median_pitch_hz(plain.samples, 48_000)
    assert 1.05 < ratio < 1.4
    assert 'pitch="+18.9%"' in ssml(services)


def test_marks_are_rendered_in_the_vendors_own_percent(azure, services):
    speech = azure.synthesize(TEXT, preset(rate=0.5), "is", (mark("prosody", 0, 5, rate="200%", volume="-6dB"),))
    assert inside(ssml(services)) == (
        f'<prosody volume="-49.9%">{TEXT[:5]}</prosody><prosody rate="-50%">{TEXT[5:]}</prosody>'
    )
    assert speech.billed_characters == len(inside(ssml(services))), "tags are billed"
    azure.synthesize(TEXT, GUDRUN, "is", (mark("prosody", 0, 5, rate="x-slow", pitch="+12st", volume="x-loud"),))
    assert '<prosody rate="-40%" pitch="+50%" volume="+50%">' in ssml(services), "no further than Azure goes"


def test_chinese_is_billed_twice(azure):
    assert azure.synthesize("Beijing er 北京.", GUDRUN, "is").billed_characters == len("Beijing er 北京.") + 2


def test_a_hostile_text_is_read_and_not_obeyed(azure, services):
    text = "</voice><voice name='en-US-GuyNeural'>Hæ & <break time='20s'/>\x00\ud800 bless"
    azure.synthesize(text, GUDRUN, "is")
    request = services.asked("azure")[-1]
    assert request.voice == GUDRUN.voice
    assert request.text.startswith("</voice><voice name='en-US-GuyNeural'>Hæ & <break")


def test_sound_streams_while_it_is_made(azure, services):
    services.pace_s = 0.02
    pieces = azure.stream(TEXT, GUDRUN, "is")
    first = next(pieces)
    assert not services.asked("azure")[0].complete
    rest = list(pieces)
    assert first.dtype == np.float32
    assert 1.0 < (first.size + sum(piece.size for piece in rest)) / 48_000 < 6.0


def test_a_listener_who_stops_early_holds_nothing_up(azure, services):
    services.pace_s = 0.02
    pieces = azure.stream(TEXT, GUDRUN, "is")
    next(pieces)
    pieces.close()
    services.pace_s = 0.0
    assert azure.synthesize(TEXT, GUDRUN, "is").samples.size


def test_many_threads_share_one_engine(azure, services):
    texts = [f"Lína númer {'abcdefgh'[index]}." for index in range(8)]
    with ThreadPoolExecutor(8) as pool:
        speeches = list(pool.map(lambda text: azure.synthesize(text, GUDRUN, "is"), texts))
    assert all(speech.samples.size for speech in speeches)
    assert sorted(request.text for request in services.asked("azure")) == texts


@pytest.mark.parametrize("text", ["", "   ", "…!?", "\x00\x01", "—"])
def test_what_cannot_be_said_is_a_short_silence_and_costs_nothing(azure, services, text):
    speech = azure.synthesize(text, GUDRUN, "is")
    assert not speech.samples.any()
    assert speech.billed_characters == 0
    assert np.concatenate(list(azure.stream(text, GUDRUN, "is"))).size
    assert services.asked("azure") == []


def test_a_text_that_is_too_long_is_refused_before_it_is_paid_for(azure, services):
    with pytest.raises(TextTooLong, match=f"{MAX_CHARACTERS} characters at once, not the {MAX_CHARACTERS + 1} of 'aaa"):
        azure.synthesize("a" * (MAX_CHARACTERS + 1), GUDRUN, "is")
    assert services.asked("azure") == []


def test_sound_that_ends_where_azure_cuts_is_no_clip(azure, monkeypatch):
    monkeypatch.setattr(azure_engine, "CUT_AT_S", 0.5)
    with pytest.raises(TextTooLong, match="stops after"):
        azure.synthesize(TEXT, GUDRUN, "is")


@pytest.mark.parametrize(
    ("fields", "language", "kind", "why"),
    [
        ({"voice": ""}, "is", UnknownVoice, "is-IS-GudrunNeural"),
        ({"voice": "Gudrun"}, "is", UnknownVoice, "'Gudrun'"),
        ({"voice": '"/><audio src="x"/>'}, "is", UnknownVoice, "no name of an Azure voice"),
        ({"model": "hd"}, "is", UnknownVoice, "'hd'"),
        ({}, "en", LanguageNotAllowed, "en-US"),
        ({"voice": "en-US-JennyNeural"}, "is", LanguageNotAllowed, "is-IS"),
        ({"pitch": 9.0}, "is", InvalidPreset, "7.0 semitones"),
    ],
)
def test_a_preset_that_cannot_be_is_refused_without_asking(azure, services, fields, language, kind, why):
    for call in (azure.check, azure.confirm, lambda voice, language: azure.synthesize(TEXT, voice, language)):
        with pytest.raises(kind, match=re.escape(why)) as caught:
            call(preset(**fields), language)
        assert "'gudrun'" in str(caught.value), "the preset is named"
    assert services.requests == []


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"api_key": "", "region": "northeurope"}, "key"),
        ({"api_key": KEY, "region": ""}, "region"),
        ({"api_key": KEY, "region": "North Europe"}, "'north europe'"),
        ({"api_key": KEY, "region": "evil.example/x?"}, "region"),
        ({"api_key": KEY, "base_url": "azure"}, "address"),
    ],
)
def test_an_account_that_cannot_be_is_named(fields, why):
    engine = Azure(EngineAccess.model_validate({"source": "the block rodd", **fields}))
    with pytest.raises(EngineDenied, match=why) as caught:
        engine.check(GUDRUN, "is")
    assert "the block rodd" in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "address"),
    [
        ("", "https://northeurope.tts.speech.microsoft.com"),
        ("https://westeurope.api.cognitive.microsoft.com/", "https://westeurope.tts.speech.microsoft.com"),
        ("https://utvarp.cognitiveservices.azure.com/", "https://utvarp.cognitiveservices.azure.com/tts"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://northeurope.tts.speech.azure.us/", "https://northeurope.tts.speech.azure.us"),
    ],
)
def test_the_address_that_the_portal_shows_becomes_the_one_that_speaks(base_url, address):
    assert address_of(EngineAccess(base_url=base_url, region="NorthEurope")) == address


def test_the_accounts_voices_are_asked_for_once(azure, services):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda voice: azure.confirm(voice, "is"), [GUDRUN, GUNNAR] * 4))
    assert len(services.asked("azure", "voices")) == 1
    with pytest.raises(UnknownVoice, match="is-IS-GudrunNeural, is-IS-GunnarNeural") as caught:
        azure.confirm(preset(voice="is-IS-SiggaNeural"), "is")
    assert "the block rodd" in str(caught.value)
    assert len(services.asked("azure", "voices")) == 1


def test_a_list_that_fails_is_asked_for_again(azure, services):
    services.fail("azure", "broken", on="voices")
    with pytest.raises(EngineUnreachable):
        azure.confirm(GUDRUN, "is")
    azure.confirm(GUDRUN, "is")
    with pytest.raises(EngineDenied):
        Azure(access(services, "annar-lykill-0123")).confirm(GUDRUN, "is")


def test_a_style_that_a_voice_does_not_have_is_told(azure):
    with pytest.raises(InvalidPreset, match="no style 'newscast'"):
        azure.confirm(preset(voice="en-US-JennyNeural", style="newscast"), "en")
    azure.confirm(preset(style="newscast"), "is")  # not among the settings that Guðrún obeys: the flow warns of it


def test_a_style_is_asked_for_where_voices_have_some(azure, services):
    azure.synthesize("Good morning.", preset(voice="en-US-JennyNeural", style="cheerful"), "en")
    assert inside(ssml(services)) == '<mstts:express-as style="cheerful">Good morning.</mstts:express-as>'
    azure.synthesize(TEXT, preset(style="cheerful"), "is")
    assert inside(ssml(services)) == TEXT


def test_a_multilingual_voice_is_told_which_language_it_reads():
    ava, english = AzureVoice.of(AVA), mark("lang", 4, 8, **{"xml:lang": "en-GB"})
    style = '<mstts:express-as style="cheerful">{}</mstts:express-as>'
    assert ava.content("Hello", AVA, "en", ()) == style.format("Hello")
    assert ava.content("Góð Time", AVA, "is", (english,)) == (
        '<lang xml:lang="is-IS">' + style.format('Góð <lang xml:lang="en-GB">Time</lang>') + "</lang>"
    )


def test_the_regions_own_list_has_the_last_word_on_languages_and_styles(azure, monkeypatch):
    listed = {
        "ShortName": AVA.voice,
        "Locale": "en-US",
        "SecondaryLocaleList": ["de-DE", "is-IS"],
        "StyleList": ["sad"],
    }
    monkeypatch.setattr(voice_services_azure, "_listed", lambda name: listed)
    azure.confirm(AVA.model_copy(update={"style": "sad"}), "is")
    with pytest.raises(InvalidPreset, match="no style 'cheerful'; it has sad"):
        azure.confirm(AVA, "en")
    with pytest.raises(LanguageNotAllowed, match="does not speak 'fr'"):
        azure.confirm(AVA, "fr")


def test_what_a_voice_can_do_follows_from_its_name(azure):
    can = azure.capabilities(preset(voice="en-US-GuyNeural"))
    assert can.languages == {"en"}
    assert can.markup == {"prosody", "emphasis", "phoneme"}
    assert can.lexicon == "ipa"
    many = azure.capabilities(AVA)
    assert {"is", "en", "de"} <= many.languages
    assert "lang" in many.markup
    assert azure.capabilities(preset(voice="en-US-Ava:DragonHDLatestNeural")).usd_per_million_characters == 30.0
    assert {"no", "nb"} <= azure.capabilities(preset(voice="nb-NO-PernilleNeural")).languages
    assert azure.capabilities(preset(voice="zh-CN-liaoning-XiaobeiNeural")).languages == {"zh"}


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
def test_every_fault_is_one_typed_failure_and_one_request(azure, services, fault):
    kind, retryable = FAULTS[fault]
    services.fail("azure", fault)
    impatient = Azure(access(services), stall_s=1.5)
    with pytest.raises(HladvarpError) as caught:
        (impatient if fault == "stall" else azure).synthesize(TEXT, GUDRUN, "is")
    assert type(caught.value) is kind
    assert caught.value.retryable is retryable
    assert caught.value.wait_s == 0.0
    message = str(caught.value)
    assert KEY not in message
    assert message.startswith(f"Azure, asked for {TEXT!r} with voice 'is-IS-GudrunNeural': ")
    assert ("the block rodd" in message) == (fault in {"wrong_key", "quota", "refused"})
    assert len(services.asked("azure")) == (0 if fault == "refused" else 1)
    services.recover()
    assert azure.synthesize(TEXT, GUDRUN, "is").samples.size


def test_a_short_wait_is_waited_out_and_a_long_one_passed_on(azure, services):
    services.fail("azure", "busy_with_wait", wait_s=1)
    assert azure.synthesize(TEXT, GUDRUN, "is").samples.size
    assert len(services.asked("azure")) == 2
    services.fail("azure", "busy_with_wait", wait_s=90)
    with pytest.raises(EngineBusy) as caught:
        azure.synthesize(TEXT, GUDRUN, "is")
    assert caught.value.wait_s == 90


def test_a_stream_that_breaks_gives_what_came_and_then_fails(azure, services):
    services.fail("azure", "cut")
    came: list[np.ndarray] = []
    with pytest.raises(AnswerUnfinished):
        came.extend(azure.stream(TEXT, GUDRUN, "is"))
    assert 0.2 < sum(piece.size for piece in came) / 48_000 < 6.0
    assert len(services.asked("azure")) == 1


def test_a_voice_that_the_region_does_not_have_is_told_by_the_vendor_too(azure):
    with pytest.raises(UnknownVoice, match="is-IS-SiggaNeural"):
        azure.synthesize(TEXT, preset(voice="is-IS-SiggaNeural"), "is")


@pytest.mark.live
@pytest.mark.skipif("AZURE_SPEECH_KEY" not in os.environ, reason="AZURE_SPEECH_KEY is not set")
def test_the_real_azure_says_it():
    region = os.environ.get("AZURE_SPEECH_REGION", "northeurope")
    engine = Azure(EngineAccess(api_key=os.environ["AZURE_SPEECH_KEY"], region=region, source="the environment"))
    for voice in (GUDRUN, GUNNAR):
        engine.confirm(voice, "is")
        speech = engine.synthesize(TEXT, voice, "is", (mark("prosody", 0, 5, rate="80%"),))
        assert 1.0 < speech.samples.shape[1] / speech.sample_rate_hz < 6.0
