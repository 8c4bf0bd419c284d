"""Episodes whose voices are other people's services: cast, paid once, and whole when a vendor is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path

import av
import numpy as np
import pytest
from voice_services import GEORGE, KEYS, SECRET, VoiceServices, median_pitch_hz

import flows.synthesize
import tasks.cast
from blocks.settings import load_settings
from tasks.errors import BudgetExceeded, EngineDenied, HladvarpError, QuotaExceeded
from tasks.schemas import CastEntry, EngineAccess, EpisodeManifest
from tasks.synthesize import speak_lines
from tasks.tts.azure.engine import Azure
from tasks.tts.elevenlabs.engine import ElevenLabs
from tasks.tts.engine import TtsEngine, load_engine
from tasks.tts.openai_compatible import OpenAiCompatible

SCRIPT = """# Fjórar raddir

## Upphaf

**Guðrún:** Góðan daginn og velkomin í þáttinn. Í dag er 3. maí.

**Georg:** Þakka þér fyrir. Þetta kostaði 1.250 kr. í fyrra.

**Þjónn:** Hér tala ég, og segi frá veðrinu á Akureyri í dag.

## Endir

**Flosi:** Og ég kveð alla hlustendur með þökk fyrir samveruna.

**Guðrún:** Verið þið öll blessuð og sæl.
"""
CAST = (
    CastEntry(speaker="Guðrún", preset="skyid"),
    CastEntry(speaker="Georg", preset="georg"),
    CastEntry(speaker="Þjónn", preset="thjonn"),
    CastEntry(speaker="Flosi", preset="espeak-flosi"),
)
VENDORS = {"Guðrún": "azure", "Georg": "elevenlabs", "Þjónn": "compatible"}
VOICES = {"Guðrún": "is-IS-GudrunNeural", "Georg": GEORGE, "Þjónn": "bm_george"}


IMPATIENT: dict[str, Callable[[EngineAccess], TtsEngine]] = {
    "azure": partial(Azure, stall_s=1.0),
    "elevenlabs": partial(ElevenLabs, patience_s=1.0),
    "openai_compatible": partial(OpenAiCompatible, patience_s=1.0),
}


@pytest.fixture(scope="session")
def all_services() -> Iterator[VoiceServices]:
    with VoiceServices() as services:
        yield services


@pytest.fixture
def services(all_services: VoiceServices, studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceServices:
    """The vendors, as they are after their start, with a studio that has accounts there."""
    all_services.reset()
    access = {
        "azure": {"base_url": all_services.url("azure"), "api_key": KEYS["azure"], "region": "northeurope"},
        "elevenlabs": {"base_url": all_services.url("elevenlabs"), "api_key": KEYS["elevenlabs"]},
        "openai_compatible": {"base_url": all_services.url("compatible") + "/v1"},
        "openai": {"base_url": all_services.url("openai") + "/v1", "api_key": KEYS["openai"]},
        "polly": {
            "base_url": all_services.url("polly"),
            "access_key_id": KEYS["polly"],
            "api_key": SECRET,
            "region": "eu-west-1",
        },
    }
    voices = [
        {"name": "skyid", "engine": "azure", "voice": VOICES["Guðrún"], "fallback": ["espeak-asa"]},
        {"name": "georg", "engine": "elevenlabs", "voice": GEORGE, "fallback": ["polly-karl", "espeak-birkir"]},
        {"name": "thjonn", "engine": "openai_compatible", "voice": "bm_george", "model": "kokoro"},
    ]
    settings = tmp_path / "hladvarp.json"
    settings.write_text(json.dumps({"tts": {"access": access}, "voices": voices}))
    monkeypatch.setenv("HLADVARP_SETTINGS_FILE", str(settings))
    load_settings.cache_clear()
    return all_services


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same retries and the same patience, in seconds instead of minutes."""

    @lru_cache
    def load(name: str, access: EngineAccess) -> TtsEngine:
        return IMPATIENT[name](access) if name in IMPATIENT else load_engine(name, access)

    monkeypatch.setattr(tasks.cast, "load_engine", load)
    monkeypatch.setattr(flows.synthesize, "speak_lines", speak_lines.with_options(retry_delay_seconds=0.2))


def turns_in(manifest: EpisodeManifest) -> list[tuple[str, float, float]]:
    """Who speaks, from when to when, as the published transcript says."""
    segments = json.loads((Path(manifest.published_to) / "transcript.json").read_text())["segments"]
    turns = []
    for speaker, group in groupby(segments, key=lambda segment: segment["speaker"]):
        spoken = list(group)
        turns.append((speaker, spoken[0]["startTime"], spoken[-1]["endTime"]))
    return turns


def heard(manifest: EpisodeManifest, start_s: float, end_s: float) -> np.ndarray:
    """A stretch of the published MP3: float32, one channel, 22,050 Hz."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=22_050)
    with av.open(str(Path(manifest.published_to) / "episode.mp3")) as file:
        frames = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(frames)[round(start_s * 22_050) : round(end_s * 22_050)]


def test_four_engines_read_one_episode_and_are_paid_once(studio, services: VoiceServices):
    source = studio.script(SCRIPT)

    manifest = studio.produce(source, cast=CAST)

    asked = {request.text: (request.vendor, request.voice, request.key) for request in services.asked()}
    turns = turns_in(manifest)
    assert len(asked) == 4
    assert [speaker for speaker, *_ in turns] == ["Guðrún", "Georg", "Þjónn", "Flosi", "Guðrún"]
    assert "Í dag er þriðji maí." in next(text for text in asked if text.startswith("Góðan"))
    assert not any(character.isdigit() for text in asked for character in text)
    for text, (vendor, voice, key) in asked.items():
        speaker = next(name for name, of in VENDORS.items() if of == vendor)
        assert (voice, key) == (VOICES[speaker], KEYS[vendor]), text
    for speaker, start_s, end_s in turns:
        if speaker in VENDORS:
            pitch_hz = median_pitch_hz(heard(manifest, start_s, end_s), 22_050)
            assert pitch_hz == pytest.approx(services.pitch_hz(VENDORS[speaker], VOICES[speaker]), rel=0.08), speaker
    assert {use.engine: use.requests for use in manifest.engines} == {
        "azure": 2,
        "elevenlabs": 1,
        "openai_compatible": 1,
        "espeak": 1,
    }
    assert {use.preset: use.lines for use in manifest.voices} == {
        "skyid": 2,
        "georg": 1,
        "thjonn": 1,
        "espeak-flosi": 1,
    }
    assert manifest.synthetic_speech
    assert 0 < manifest.cost.spent_usd == pytest.approx(manifest.cost.estimated_usd, rel=0.5)

    services.clear()
    again = studio.produce(source, cast=CAST)
    assert services.requests == []
    assert (again.clips_made, again.clips_reused, again.cost.spent_usd) == (0, 5, 0.0)

    studio.script(SCRIPT.replace("Verið þið öll blessuð", "Verið öll blessuð"))
    edited = studio.produce(source, cast=CAST)
    assert [request.text for request in services.asked()] == ["Verið öll blessuð og sæl."]
    assert (edited.clips_made, edited.clips_reused) == (1, 4)


def test_a_budget_stops_an_episode_before_the_first_request(studio, services: VoiceServices):
    with pytest.raises(BudgetExceeded, match=r"azure .* characters"):
        studio.produce(studio.script(SCRIPT), cast=CAST, budget=0.000_001)

    assert services.requests == []
    assert not studio.published.exists()


@pytest.mark.slow
def test_a_budget_holds_for_the_voice_that_reads_instead(studio, services: VoiceServices, impatient: None):
    services.fail("polly", "broken", times=None)
    script = studio.script("**Dóra:** Góðan daginn og velkomin í þáttinn, kæru hlustendur.\n")
    dear = {"name": "dear", "engine": "polly", "voice": "Dora", "fallback": ["georg"]}
    settings = json.loads((studio.folder / "hladvarp.json").read_text())
    settings["voices"].append(dear)
    (studio.folder / "hladvarp.json").write_text(json.dumps(settings))
    load_settings.cache_clear()

    with pytest.raises(BudgetExceeded, match=r"elevenlabs 5\d characters"):
        studio.produce(script, cast=(CastEntry(speaker="Dóra", preset="dear"),), budget=0.001)

    assert not services.asked("elevenlabs")
    assert not studio.published.exists()


@pytest.mark.parametrize(("fault", "error"), [("wrong_key", EngineDenied), ("quota", QuotaExceeded)])
def test_what_no_retry_mends_ends_an_episode_at_once_and_says_what_to_mend(
    studio, services: VoiceServices, fault: str, error: type[HladvarpError]
):
    services.fail("azure", fault, times=None, on="any")

    with pytest.raises(error, match=r"tts\.access\.azure") as raised:
        studio.produce(studio.script(SCRIPT), cast=CAST)

    assert KEYS["azure"] not in str(raised.value)
    assert len([request for request in services.requests if request.vendor == "azure"]) <= 2
    assert not studio.published.exists()
    services.reset()
    studio.produce(studio.script(SCRIPT), cast=CAST)
    assert not services.asked("elevenlabs"), "what was stored before the failure is not paid for again"


def test_an_answer_that_breaks_off_is_asked_for_again_and_counted(studio, services: VoiceServices):
    services.fail("azure", "cut", times=1)

    manifest = studio.produce(studio.script(SCRIPT), cast=CAST)

    azure = next(use for use in manifest.engines if use.engine == "azure")
    assert (azure.requests, azure.unfinished) == (3, 1)
    assert not manifest.substitutions
    whole = [request.text for request in services.asked("azure") if request.spoken]
    assert len(whole) == len(set(whole)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["unavailable", "stall", "truncated", "silence", "refused"])
def test_engines_that_stay_down_are_replaced_and_the_manifest_tells(
    studio, services: VoiceServices, impatient: None, fault: str
):
    services.fail("azure", fault, times=None)
    services.fail("elevenlabs", fault, times=None)

    manifest = studio.produce(studio.script(SCRIPT), cast=CAST)

    readers = {one.speaker: (one.preset, one.instead_of) for one in manifest.substitutions}
    assert readers == {"Guðrún": ("espeak-asa", "skyid"), "Georg": ("polly-karl", "georg")}
    assert all(one.reason for one in manifest.substitutions)
    assert {use.preset for use in manifest.voices} == {"espeak-asa", "polly-karl", "thjonn", "espeak-flosi"}
    made = [request.text for request in services.asked() if request.spoken]
    assert len(made) == len(set(made)) == 2, "what Polly and the voice server said was asked for once"

    services.reset()
    again = studio.produce(studio.script(SCRIPT), cast=CAST)
    assert not again.substitutions, "the voice that was cast reads as soon as its engine is back"
    assert {request.vendor for request in services.asked()} == {"azure", "elevenlabs"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["busy", "broken", "cut", "wrong_type"])
def test_an_engine_without_a_fallback_ends_with_one_clear_error(
    studio, services: VoiceServices, impatient: None, fault: str
):
    services.fail("compatible", fault, times=None)

    with pytest.raises(HladvarpError, match=r"bm_george|127\.0\.0\.1"):
        studio.produce(studio.script(SCRIPT), cast=CAST)

    assert not studio.published.exists()
    assert not list(studio.folder.rglob("*.part*")), "nothing half-written is left"
    services.reset()
    studio.produce(studio.script(SCRIPT), cast=CAST)
    assert {request.vendor for request in services.asked()} == {"compatible"}
