"""A person's voice, cloned with consent and for as long as that lasts; ElevenLabs is the stand-in."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from prefect.artifacts import Artifact
from prefect.settings import get_current_settings
from voice_services import KEYS, VoiceServices

import tasks.clone
from blocks import ElevenLabsCredentials, SavedConsent, SavedVoice
from blocks.audit import read_all
from flows.clone import clone_voice, revoke_consent
from flows.preview import preview_voice
from tasks.cast import known_voices
from tasks.errors import (
    ConsentEnded,
    ConsentMissing,
    EngineDenied,
    InvalidRequest,
    NoAudioStream,
    RequestRefused,
    SourceNotFound,
    UnreadableSource,
)
from tasks.schemas import Consent, VoicePreset
from tasks.schemas.cloning import ClonedVoice, CloneRequest, Revocation
from tasks.tts.engine import load_engine

ROOT = Path(__file__).parents[2]
ACCOUNT, CONSENT, NAME = "stand-in", "gudrun", "gudrun-klonud"
SENTENCES = (
    "Ég samþykki að röddin mín sé klónuð og notuð í þáttum þessa stúdíós.",
    "Hér les ég um eyjar, fjöll og haf, svo að röddin heyrist vel og lengi.",
    "Veðrið er gott í dag og sólin skín yfir jökulinn.",
)


@pytest.fixture(scope="module")
def services() -> Iterator[VoiceServices]:
    with VoiceServices() as started:
        yield started


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two recordings of one eSpeak voice, 8 s in all; the first is that of the consent."""
    folder = tmp_path_factory.mktemp("samples")
    voice = VoicePreset(name="test", voice="f2", pitch=3.0)
    said = [load_engine("espeak").synthesize(sentence, voice, "is") for sentence in SENTENCES]
    pause = np.zeros(said[0].sample_rate_hz // 3, np.float32)
    once = np.concatenate([part for speech in said for part in (speech.samples[0], pause)])
    rate_hz = said[0].sample_rate_hz
    paths = (folder / "samthykki.wav", folder / "lestur.flac")
    for path, turn in zip(paths, (0, 1), strict=True):
        soundfile.write(path, np.roll(once, turn * rate_hz)[: 4 * rate_hz], rate_hz)
    return paths


@dataclass
class Desk:
    """Where a test clones voices: one account, one consent, and what remains at the vendor."""

    services: VoiceServices
    recordings: tuple[Path, Path]
    folder: Path

    def consent(self, **changes: object) -> None:
        digest = hashlib.sha256(self.recordings[0].read_bytes()).hexdigest()
        values = {
            "person": "Guðrún Jónsdóttir",
            "statement": SENTENCES[0],
            "recording_sha256": digest,
            "granted_at": datetime(2026, 11, 1, tzinfo=UTC),
        }
        SavedConsent(consent=Consent.model_validate(values | changes)).save(CONSENT, overwrite=True)

    def account(self, key: str = KEYS["elevenlabs"]) -> None:
        block = ElevenLabsCredentials(api_key=key, base_url=self.services.url("elevenlabs"))
        block.save(ACCOUNT, overwrite=True)

    def request(self, **changes: object) -> CloneRequest:
        values = {
            "consent": CONSENT,
            "name": NAME,
            "samples": tuple(map(str, self.recordings)),
            "account": ACCOUNT,
        }
        return CloneRequest.model_validate(values | changes)

    def clone(self, **changes: object) -> ClonedVoice:
        return asyncio.run(clone_voice(self.request(**changes)))

    def revoke(self) -> Revocation:
        return asyncio.run(revoke_consent(CONSENT, "hætt við"))

    @property
    def at_vendor(self) -> set[str]:
        return set(self.services.elevenlabs.account.cloned)

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in read_all()]


def forget(kind: type, name: str) -> None:
    with contextlib.suppress(ValueError):
        kind.delete(name)


@pytest.fixture
def desk(
    studio, services: VoiceServices, recordings: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    monkeypatch.setattr(tasks.clone, "SHORTEST_S", 6.0)  # a minute of sound takes seconds, in each of these tests
    services.reset()
    made = Desk(services, recordings, studio.folder)
    made.account()
    made.consent()
    yield made
    for kind, name in ((SavedVoice, NAME), (SavedConsent, CONSENT), (ElevenLabsCredentials, ACCOUNT)):
        forget(kind, name)


def test_a_consenting_person_is_cloned_cast_and_taken_back(desk: Desk):
    cloned = desk.clone(title="Guðrún, hlýleg", remove_background_noise=True)

    assert desk.at_vendor == {cloned.voice}
    assert (cloned.new, cloned.samples, cloned.duration_s) == (True, 2, pytest.approx(8, abs=0.1))
    preset = known_voices()[NAME]
    assert (preset.engine, preset.voice, preset.consent, preset.fallback) == ("elevenlabs", cloned.voice, CONSENT, ())
    (asked,) = desk.services.asked("elevenlabs", "clone")
    assert asked.fields["remove_background_noise"] == "true"
    assert "Jónsdóttir" not in str(asked.fields), "the vendor need not know who it is"
    preview = asyncio.run(preview_voice(NAME, "Góðan dag.", "is"))
    assert preview.duration_s > 0.3
    assert "Guðrún" in Artifact.get("cloned-voice").data

    ended = desk.revoke()

    assert desk.at_vendor == set()
    assert (ended.deleted, ended.presets) == ((cloned.voice,), (NAME,))
    with pytest.raises(ConsentEnded, match="Guðrún Jónsdóttir took back the consent"):
        asyncio.run(preview_voice(NAME, "Góðan dag.", "is"))
    with pytest.raises(ConsentEnded):
        desk.clone()
    assert desk.events == ["voice.asked", "voice.cloned", "voice.previewed", "consent.revoked", "voice.deleted"]
    first = ended.revoked_at
    assert desk.revoke().revoked_at == first, "the first revocation is the one that counts"


def test_the_same_request_again_makes_no_second_voice(desk: Desk):
    first = desk.clone()

    again = desk.clone()

    assert (again.voice, again.new) == (first.voice, False)
    assert desk.at_vendor == {first.voice}
    assert len(desk.services.asked("elevenlabs", "clone")) == 1


def test_an_episode_is_read_by_a_cloned_voice_until_the_consent_ends(desk: Desk, studio):
    desk.clone()
    source, cast = studio.script("**Guðrún:** Góðan dag.\n", "gudrun.md"), ({"speaker": "Guðrún", "preset": NAME},)

    manifest = studio.produce(source, cast=cast)

    assert manifest.synthetic_speech
    (used,) = [entry for entry in read_all() if entry.event == "voice.used"]
    assert (used.preset, used.consent, used.show) == (NAME, CONSENT, "hladvarp")
    desk.consent(scope=("annar",))
    with pytest.raises(ConsentMissing, match="covers annar, not the show 'hladvarp'"):
        studio.produce(source, cast=cast)
    assert desk.revoke().episodes == ("hladvarp",)
    with pytest.raises(ConsentEnded):
        studio.produce(source, cast=cast, title="aftur")


class Killed(BaseException):
    """What a kill looks like to code that may not clean up after itself."""


def test_a_run_killed_between_the_answer_and_the_saving_is_taken_up_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as patch:
        # As by kill -9: nothing after the vendor's answer happens.
        patch.setattr(tasks.clone, "save_voice", lambda preset: (_ for _ in ()).throw(Killed))
        patch.setattr(tasks.clone, "delete_voice", lambda access, voice: None)
        with pytest.raises(Killed):
            tasks.clone.make_voice.fn(desk.request())
    assert len(desk.at_vendor) == 1
    assert NAME not in known_voices()

    cloned = desk.clone()

    assert desk.at_vendor == {cloned.voice}
    assert not cloned.new
    assert known_voices()[NAME].voice == cloned.voice


CLONING = """
import sys, tasks.clone
from tasks.schemas.cloning import CloneRequest
tasks.clone.SHORTEST_S = 6.0
tasks.clone.make_voice.fn(CloneRequest.model_validate_json(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_run_killed_while_it_waits_for_the_vendor_is_taken_up_again(desk: Desk):
    desk.services.fail("elevenlabs", "stall", on="clone")
    process = subprocess.Popen(
        [sys.executable, "-c", CLONING, desk.request().model_dump_json()],
        cwd=ROOT,
        env={**os.environ, "PREFECT_API_URL": str(get_current_settings().api.url)},
    )
    deadline = time.monotonic() + 120
    while not desk.at_vendor:
        assert process.poll() is None, "it ended before the vendor was asked"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait()
    desk.services.recover()

    cloned = desk.clone()

    assert desk.at_vendor == {cloned.voice}
    assert not cloned.new
    assert desk.events == ["voice.asked", "voice.asked", "voice.cloned"]


def test_an_answer_that_is_lost_leaves_no_second_voice(desk: Desk):
    desk.services.fail("elevenlabs", "cut", on="clone")

    cloned = tasks.clone.make_voice.fn(desk.request())

    assert desk.at_vendor == {cloned.voice}


def test_a_voice_whose_saving_fails_is_deleted_again(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def refuse(preset: VoicePreset) -> None:
        raise InvalidRequest("no such luck")

    monkeypatch.setattr(tasks.clone, "save_voice", refuse)
    with pytest.raises(InvalidRequest, match="no such luck"):
        desk.clone()

    assert desk.at_vendor == set()


def test_a_consent_that_ends_while_the_vendor_works_leaves_no_voice(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    really = tasks.clone.clone_voice

    def meanwhile(*given: object, **named: object) -> str:
        voice = really(*given, **named)
        desk.consent(revoked_at=datetime.now(UTC))
        return voice

    monkeypatch.setattr(tasks.clone, "clone_voice", meanwhile)
    with pytest.raises(ConsentEnded):
        desk.clone()

    assert desk.at_vendor == set()
    assert NAME not in known_voices()


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"revoked_at": datetime(2026, 11, 2, tzinfo=UTC)}, ConsentEnded, "took back the consent on 2026-11-02"),
        ({"expires_at": datetime(2026, 11, 3, tzinfo=UTC)}, ConsentEnded, "ran out on 2026-11-03"),
        ({"granted_at": datetime.now(UTC) + timedelta(days=3)}, ConsentMissing, "begins on"),
        ({"scope": ("annar",)}, ConsentMissing, "covers annar, not the show 'hladvarp'"),
        ({"recording_sha256": "0" * 64}, ConsentMissing, "none of the 2 recordings"),
    ],
)
def test_without_an_active_consent_no_voice_is_cloned(desk: Desk, changes, error, told):
    desk.consent(**changes)

    with pytest.raises(error, match=told):
        tasks.clone.make_voice.fn(desk.request(show="hladvarp"))

    assert desk.services.asked("elevenlabs", "clone") == []
    assert desk.events == []


def test_the_recording_of_the_consent_may_be_another_than_the_samples(desk: Desk, tmp_path: Path):
    statement = tmp_path / "yfirlysing.wav"
    soundfile.write(statement, np.full(4410, 0.1), 44_100)
    desk.consent(recording_sha256=hashlib.sha256(statement.read_bytes()).hexdigest())

    cloned = tasks.clone.make_voice.fn(desk.request(consent_recording=str(statement)))

    assert cloned.samples == 2
    (asked,) = desk.services.asked("elevenlabs", "clone")
    assert len(asked.fields["files"]) == 2, "the statement itself is not among the samples"


def noise(folder: Path) -> str:
    rng = np.random.default_rng(3)
    soundfile.write(folder / "havadi.wav", rng.normal(0, 0.1, 60 * 16_000), 16_000)
    return str(folder / "havadi.wav")


def text(folder: Path) -> str:
    (folder / "texti.wav").write_text("Þetta er texti en ekki hljóð. " * 50)
    return str(folder / "texti.wav")


@pytest.mark.parametrize(
    ("samples", "error", "told"),
    [
        (lambda desk: (desk.recordings[0],), InvalidRequest, "last 4 s in all"),
        (lambda desk: (desk.recordings[0],) * 2, InvalidRequest, "the same recording"),
        (
            lambda desk: (*desk.recordings, noise(desk.folder)),
            InvalidRequest,
            r"sample 3 holds \d s of speech in its 60 s",
        ),
        (lambda desk: (desk.recordings[0], text(desk.folder)), (UnreadableSource, NoAudioStream), "texti.wav"),
        (lambda desk: (desk.recordings[0], desk.folder / "ekki-til.wav"), SourceNotFound, "ekki-til"),
    ],
    ids=["too-short", "twice", "no-speech", "no-sound", "not-there"],
)
def test_samples_that_no_voice_can_be_made_of_are_refused(desk: Desk, samples, error, told):
    with pytest.raises(error, match=told):
        tasks.clone.make_voice.fn(desk.request(samples=tuple(map(str, samples(desk)))))

    assert desk.services.asked("elevenlabs", "clone") == []


def test_a_name_that_is_taken_is_refused_before_the_vendor_is_asked(desk: Desk):
    with pytest.raises(InvalidRequest, match="'espeak-asa' already"):
        tasks.clone.make_voice.fn(desk.request(name="espeak-asa"))
    desk.clone()

    with pytest.raises(InvalidRequest, match="made otherwise"):
        tasks.clone.make_voice.fn(desk.request(samples=tuple(map(str, reversed(desk.recordings)))))

    assert len(desk.at_vendor) == 1


def test_a_deletion_that_fails_leaves_the_consent_ended_and_says_what_is_left(desk: Desk):
    cloned = desk.clone()
    desk.account(key="sk_a_key_that_was_exchanged")

    with pytest.raises(EngineDenied, match="is revoked and its voices speak no longer, but ElevenLabs still has those"):
        desk.revoke()

    with pytest.raises(ConsentEnded):
        asyncio.run(preview_voice(NAME, "Góðan dag.", "is"))
    assert desk.at_vendor == {cloned.voice}
    desk.account()
    assert desk.revoke().deleted == (cloned.voice,)
    assert desk.at_vendor == set()


def test_a_voice_that_cannot_be_deleted_does_not_keep_the_others(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    voices = [desk.clone(name=name).voice for name in (NAME, f"{NAME}-2")]
    really = tasks.clone.delete_voice

    def refuse(access: object, voice: str) -> None:
        if voice == voices[0]:
            raise RequestRefused("not today")
        really(access, voice)

    with monkeypatch.context() as patch:
        patch.setattr(tasks.clone, "delete_voice", refuse)
        with pytest.raises(RequestRefused, match=f"ElevenLabs still has {voices[0]}; run revoke-consent again: not"):
            desk.revoke()
    assert desk.at_vendor == {voices[0]}

    assert voices[0] in desk.revoke().deleted
    assert desk.at_vendor == set()
    forget(SavedVoice, f"{NAME}-2")


def test_a_revocation_finds_voices_that_no_preset_names(desk: Desk):
    cloned = desk.clone()
    forget(SavedVoice, NAME)

    assert desk.revoke().deleted == (cloned.voice,)
    assert desk.at_vendor == set()


def test_a_consent_that_is_not_there_is_said_so(desk: Desk):
    for run in (lambda: clone_voice(desk.request(consent="enginn")), lambda: revoke_consent("enginn")):
        with pytest.raises(ConsentMissing, match="'enginn'"):
            asyncio.run(run())


def test_no_run_leaves_a_sample_behind(desk: Desk):
    desk.clone()

    store = [path for path in (desk.folder / "data").rglob("*") if path.is_file()]
    assert {path.parent.name for path in store} <= {"audit", "models"}
