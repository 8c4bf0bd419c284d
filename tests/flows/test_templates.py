"""Episodes with intro, stings, a bed and an outro around them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import RATE_HZ, Samples, babble, noise, tone, write

from blocks import SavedTemplate
from blocks.settings import load_settings
from tasks.audio.loudness import measure
from tasks.errors import InvalidTemplate, SourceNotFound, SourceRefused, UnknownTemplate, UnreadableSource
from tasks.ingest import known_templates
from tasks.schemas import EpisodeManifest, EpisodeTemplate, Jingle

TEMPLATE = """
name: morgunn
title: Morgunþáttur
intro: {file: intro.wav, gain_lu: -2, overlap_s: 0.5}
sting: {file: stingur.wav}
bed: {file: undirspil.flac, gain_lu: -6, chapters: [Eyjan], ducking: {depth_db: -20}}
outro: {file: lok.wav, overlap_s: 1}
room_tone: {file: talk.wav, take: noise}
"""
INTRO_S, STING_S, ANSWER_S = 3.0, 1.5, 2.0
SCRIPT = """# Surtsey
## **[Intro: Eyjan]**
🎙 **Kynnir:** Velkomin. Gosið hófst 14. nóvember 1963 kl. 7:15.

👨‍💻 **Gestur:** [clip: upptokur/svar.wav "Já, þá kom eyjan upp."]

[clip: upptokur/svar.wav]

## **[Outro: Kveðja]**
🎙 **Kynnir:** Takk fyrir, og bless.
"""


@pytest.fixture
def templates(studio, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = studio.folder / "templates"
    folder.mkdir()
    monkeypatch.setenv("HLADVARP_TEMPLATES", str(folder))
    load_settings.cache_clear()
    (folder / "morgunn.yaml").write_text(TEMPLATE)
    write(folder / "intro.wav", np.repeat(tone(INTRO_S, -9.0, hz=3000.0), 2, axis=0), subtype="PCM_16")
    write(folder / "lok.wav", tone(INTRO_S, -9.0, hz=9000.0), subtype="PCM_16")
    write(folder / "stingur.wav", tone(STING_S, -9.0, hz=5000.0), subtype="PCM_16")
    write(folder / "undirspil.flac", np.repeat(tone(4.0, -20.0, hz=7000.0), 2, axis=0))
    write(folder / "talk.wav", 0.3 * babble(0.9) + noise(0.9, -60.0))
    return folder


@pytest.fixture
def script(studio) -> Path:
    """A script with a recorded answer, a tone that nobody else has in their voice."""
    (studio.folder / "upptokur").mkdir()
    write(studio.folder / "upptokur" / "svar.wav", tone(ANSWER_S, -40.0, hz=6000.0, rate_hz=44_100), rate_hz=44_100)
    return studio.script(SCRIPT)


def sound_of(manifest: EpisodeManifest) -> Samples:
    samples, rate_hz = soundfile.read(Path(manifest.published_to) / "episode.mp3", dtype="float32", always_2d=True)
    assert rate_hz == RATE_HZ
    return samples.T


def level_db(samples: Samples, hz: float, start_s: float, end_s: float) -> float:
    """The level of what is within 50 Hz of a frequency, between two moments."""
    piece = samples[0, round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)))) * 4 / len(piece)
    near = np.abs(np.fft.rfftfreq(len(piece), 1 / RATE_HZ) - hz) < 50
    return float(20 * np.log10(np.sqrt(np.sum(np.square(spectrum[near]))) + 1e-9))


def heard_at_s(samples: Samples, hz: float, *, after_s: float = 0.0) -> float:
    """When a frequency is first heard, within 10 ms."""
    starts = np.arange(round(after_s * 100), samples.shape[1] * 100 // RATE_HZ - 2)
    return next(start / 100 for start in starts if level_db(samples, hz, start / 100, start / 100 + 0.02) > -32)


def read(manifest: EpisodeManifest, name: str) -> dict[str, Sequence[dict[str, object]]]:
    return json.loads((Path(manifest.published_to) / name).read_text())


def test_an_episode_is_published_with_all_that_its_template_and_its_script_have(studio, templates, script):
    manifest = studio.produce(script, template="morgunn")

    samples = sound_of(manifest)
    assert (manifest.template, manifest.notes, manifest.clips_made) == ("morgunn", (), 2)
    assert manifest.loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    chapters, segments = read(manifest, "chapters.json")["chapters"], read(manifest, "transcript.json")["segments"]
    assert [chapter["title"] for chapter in chapters] == ["Eyjan", "Kveðja"]
    assert [speaker for speaker, _ in groupby(segment["speaker"] for segment in segments)] == [
        "Kynnir",
        "Gestur",
        "Kynnir",
    ]
    welcome, answer, farewell = turns_of(segments)
    assert heard_at_s(samples, 3000) < 0.1, "the intro begins it"
    assert welcome["startTime"] == pytest.approx(INTRO_S - 0.5 + 0.3, abs=0.02)
    assert heard_at_s(samples, 6000) == pytest.approx(answer["startTime"], abs=0.03), "the recorded answer"
    assert answer["endTime"] - answer["startTime"] == pytest.approx(ANSWER_S, abs=0.002)
    assert level_db(samples, 6000, answer["endTime"] + 0.6, answer["endTime"] + 2.4) > -32, "and again, without a text"
    voices_lufs, answer_lufs = (loudness_of(samples, each) for each in (welcome, answer))
    assert answer_lufs == pytest.approx(voices_lufs, abs=2.5)
    sting_s = heard_at_s(samples, 5000, after_s=answer["endTime"] + 0.5 + ANSWER_S)
    assert chapters[1]["startTime"] == pytest.approx(sting_s + STING_S + 0.6, abs=0.04)
    assert chapters[1]["startTime"] == pytest.approx(farewell["startTime"], abs=0.02)
    assert farewell["endTime"] + 0.3 == pytest.approx(manifest.duration_s - INTRO_S + 1.0, abs=0.05)
    assert heard_at_s(samples, 9000, after_s=sting_s) == pytest.approx(farewell["endTime"] - 0.5, abs=0.35)
    under_db = level_db(samples, 7000, answer["startTime"], answer["endTime"])
    assert level_db(samples, 7000, sting_s + 0.1, sting_s + STING_S - 0.1) < under_db - 10, "the bed has its chapter"


def turns_of(segments: Sequence[dict[str, object]]) -> list[dict[str, float]]:
    """When each speaker in turn begins and ends."""
    runs = [list(run) for _, run in groupby(segments, key=lambda segment: segment["speaker"])]
    return [{"startTime": run[0]["startTime"], "endTime": run[-1]["endTime"]} for run in runs]


def loudness_of(samples: Samples, segment: dict[str, float]) -> float:
    start, end = (round(segment[name] * RATE_HZ) for name in ("startTime", "endTime"))
    return measure(samples[:, start:end], RATE_HZ).integrated_lufs


def test_a_recorded_clip_that_cannot_be_heard_is_named_with_its_line(studio, script):
    answer = studio.folder / "upptokur" / "svar.wav"
    answer.rename(studio.folder / "upptokur" / "svor.wav")
    with pytest.raises(SourceNotFound, match=r"line 5: the clip 'upptokur/svar\.wav': .*did you mean 'svor\.wav'"):
        studio.produce(script)
    answer.write_text("no sound")
    with pytest.raises(UnreadableSource, match="line 5: the clip 'upptokur/svar"):
        studio.produce(script)
    answer.unlink()
    answer.symlink_to("/etc/hostname")
    with pytest.raises(SourceRefused, match=r"line 5: the clip 'upptokur/svar.*is a link out of the script's folder"):
        studio.produce(script)

    assert not (studio.folder / "data" / "store" / "records").exists(), "nothing was spoken"


@pytest.mark.slow
def test_only_a_jingle_that_changed_is_mixed_again(studio, templates, monkeypatch):
    source, made = studio.script(), []
    monkeypatch.setattr("tasks.postprocess.dress", counted(made))
    studio.produce(source, template="morgunn")
    (templates / "intro.wav").rename(templates / "stef.wav")
    (templates / "morgunn.yaml").write_text(TEMPLATE.replace("intro.wav", "stef.wav"))

    studio.produce(source, template="morgunn")
    assert len(made) == 1, "the same sounds under another name"
    write(templates / "stef.wav", tone(INTRO_S, -9.0, hz=2500.0))
    again = studio.produce(source, template="morgunn")

    assert len(made) == 2
    assert (again.clips_made, again.clips_reused) == (0, 3)
    assert level_db(sound_of(again), 2500, 0.5, 2.0) > -40


def counted(calls: list[object]):
    from tasks.audio.dressing import dress

    def dressed(*given: object, **named: object):
        calls.append(given)
        return dress(*given, **named)

    return dressed


@pytest.mark.slow
def test_a_recording_gets_intro_and_outro_and_keeps_its_own_room(studio, templates, monkeypatch):
    monkeypatch.setenv("HLADVARP_SHOWS", json.dumps({"morgunn": {"title": "Morgunn", "template": "morgunn"}}))
    load_settings.cache_clear()
    source = write(studio.folder / "vidtal.wav", babble(6.0, -26.0))

    manifest = studio.produce(source, production="enhance", show="morgunn", language="is")
    without = studio.produce(source, production="enhance", show="morgunn", language="is", template="none", title="x")

    assert (manifest.template, without.template) == ("morgunn", "")
    assert without.duration_s == pytest.approx(6.0, abs=0.01)
    assert manifest.duration_s == pytest.approx(6.0 + 2 * INTRO_S - 1.5, abs=0.01)
    assert "no chapter is called so" in manifest.notes[-1]


def test_what_is_wrong_with_a_template_is_said_before_anything_is_spoken(studio, templates):
    source = studio.script()
    with pytest.raises(UnknownTemplate, match="'kvold'; templates are morgunn"):
        studio.produce(source, template="kvold")
    (templates / "stingur.wav").unlink()
    with pytest.raises(SourceNotFound, match="the sting of the template 'morgunn'"):
        studio.produce(source, template="morgunn")
    (templates / "stingur.wav").write_text("no sound")
    with pytest.raises(UnreadableSource, match="the sting of the template 'morgunn'"):
        studio.produce(source, template="morgunn")
    (templates / "morgunn.yaml").write_text("{name: morgunn, intro: {file: 'http://127.0.0.1:9/a.wav'}}")
    with pytest.raises(SourceRefused, match="the intro of the template 'morgunn'"):
        studio.produce(source, template="morgunn")
    (templates / "morgunn.yaml").write_text("{name: morgunn, intro: {file: a.wav, gain: 3}}")
    with pytest.raises(InvalidTemplate, match=r"morgunn\.yaml: entry morgunn is not right: intro\.gain"):
        studio.produce(source, template="morgunn")

    write(templates / "blip.wav", tone(0.9999))
    for role, called in (("bed", "bed"), ("room_tone", "room tone")):
        (templates / "morgunn.yaml").write_text(f"{{name: morgunn, {role}: {{file: blip.wav}}}}")
        with pytest.raises(InvalidTemplate, match=f"the {called} of the template 'morgunn' lasts 0.999896 s, less"):
            studio.produce(source, template="morgunn")

    assert not studio.published.exists()
    assert not (studio.folder / "data" / "store" / "records").exists(), "nothing was spoken"


def test_a_saved_template_is_known_by_its_own_name(studio, templates):
    SavedTemplate(template=EpisodeTemplate(name="morgunn", intro=Jingle(file="annad.wav"))).save("my-template")
    try:
        assert known_templates()["morgunn"].intro.file == "annad.wav"
    finally:
        SavedTemplate.delete("my-template")
