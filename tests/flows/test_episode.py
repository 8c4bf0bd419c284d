import asyncio
import json
import time
from pathlib import Path

import feedparser
import pytest

from blocks.settings import load_settings
from tasks.errors import InvalidRequest, LanguageNotAllowed, UncastSpeaker, UnknownPreset
from tasks.schemas import CastEntry, EpisodeManifest

FILES = {
    "episode.mp3",
    "cover.jpg",
    "transcript.vtt",
    "transcript.srt",
    "transcript.json",
    "transcript.txt",
    "chapters.json",
    "quality.json",
    "quality.html",
    "manifest.json",
    "item.json",
    "claim.json",
    "index.html",
    "waveform.png",
    "loudness.png",
    "spectrogram.png",
}


def folder_of(manifest: EpisodeManifest) -> Path:
    return Path(manifest.published_to)


def test_produce_episode_publishes_a_whole_episode_from_a_script(studio):
    manifest = studio.produce(studio.script())

    folder = folder_of(manifest)
    assert folder == studio.published / "hladvarp" / "surtsey"
    assert {path.name for path in folder.iterdir()} == FILES
    assert manifest.title == "Surtsey"
    assert manifest.language == "is"
    assert manifest.treatment is None, "what machines have read needs no treatment"
    assert manifest.loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert manifest.loudness.true_peak_dbtp <= -1.0
    assert (manifest.clips_made, manifest.clips_reused) == (3, 0)
    assert manifest.verdict.passed
    assert manifest.round_trip is not None
    assert manifest.round_trip.lines == 0
    assert manifest.round_trip.not_measured[0].startswith("3 lines: espeak reads by rule")
    assert [stage.stage for stage in manifest.stages] == ["ingest", "synthesize", "postprocess", "measure", "publish"]
    text = (folder / "transcript.txt").read_text()
    assert "14. nóvember 1963 kl. 7:15." in text, "the transcript keeps what was written"
    chapters = json.loads((folder / "chapters.json").read_text())["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["Eyjan", "Kveðja"]
    feed = feedparser.parse(str(studio.published / "hladvarp" / "feed.xml"))
    assert not feed.bozo
    assert [entry.title for entry in feed.entries] == ["Surtsey"]
    assert int(feed.entries[0].enclosures[0].length) == (folder / "episode.mp3").stat().st_size


def test_produce_episode_changes_nothing_when_nothing_changed(studio):
    source = studio.script()
    first = studio.produce(source)
    before = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in studio.published.rglob("*") if path.is_file()
    }
    time.sleep(0.01)

    again = studio.produce(source)

    after = {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in studio.published.rglob("*") if path.is_file()
    }
    assert after == before
    assert (again.clips_made, again.clips_reused) == (0, 3)
    assert again.guid == first.guid


def test_produce_episode_makes_one_clip_when_one_line_is_edited(studio):
    source = studio.script()
    first = studio.produce(source)
    studio.script(source.read_text().replace("Takk fyrir, og bless.", "Takk fyrir komuna."))

    edited = studio.produce(source)

    assert (edited.clips_made, edited.clips_reused) == (1, 2)
    assert edited.engines[0].requests == 1
    assert edited.guid == first.guid
    assert "Takk fyrir komuna." in (folder_of(edited) / "transcript.txt").read_text()
    assert len(feedparser.parse(str(studio.published / "hladvarp" / "feed.xml")).entries) == 1


def test_produce_episode_makes_and_measures_only_what_is_new_when_a_format_is_added(studio, monkeypatch):
    from tasks import postprocess, quality

    source, encoded, analyzed = studio.script(), [], []
    first = studio.produce(source, mastering={"loudness_lufs": -16.0})

    def master(source, target, pressing, *, scratch, then=postprocess.master):
        encoded.append(pressing.format)
        return then(source, target, pressing, scratch=scratch)

    def analyze(*given, then=quality.analyze, **more):
        analyzed.append(more)
        return then(*given, **more)

    monkeypatch.setattr(postprocess, "master", master)
    monkeypatch.setattr(quality, "analyze", analyze)

    again = studio.produce(source, mastering={"target": "apple", "formats": ("flac",)})

    assert (encoded, analyzed) == (["flac"], [])
    sounds = {entry.name: entry.sha256 for entry in again.files if entry.name.startswith("episode.")}
    assert sounds.keys() == {"episode.mp3", "episode.flac"}
    assert sounds["episode.mp3"] == next(entry.sha256 for entry in first.files if entry.name == "episode.mp3")


def test_produce_episode_names_line_and_speaker_when_nobody_is_cast(studio):
    source = studio.script("🎙 **Kynnir:** Hæ.\n\n**Amma:** Sæl.\n")

    with pytest.raises(UncastSpeaker, match=r"line 3: 'Amma'"):
        studio.produce(source)

    assert not studio.published.exists()
    studio.produce(source, cast=(CastEntry(speaker="Amma", preset=load_settings().cast[0].preset),))


def test_produce_episode_names_the_voices_when_a_preset_is_unknown(studio):
    with pytest.raises(UnknownPreset, match="pavarotti"):
        studio.produce(studio.script(), cast=(CastEntry(speaker="Kynnir", preset="pavarotti"),))


def test_produce_episode_refuses_a_script_where_a_recording_is_needed(studio):
    with pytest.raises(InvalidRequest, match="enhance needs a recording"):
        studio.produce(studio.script(), production="enhance")


def test_produce_episode_refuses_a_language_that_the_show_does_not_allow(studio):
    with pytest.raises(LanguageNotAllowed, match="'de'"):
        studio.produce(studio.script(), language="de")


def test_produce_episode_in_one_channel_is_mastered_three_units_lower(studio):
    manifest = studio.produce(studio.script(), mastering={"channels": 1})

    assert manifest.loudness.integrated_lufs == pytest.approx(-19.0, abs=0.5)


def test_two_episodes_published_at_the_same_moment_are_both_in_the_feed(studio):
    from flows.episode import produce_episode
    from tasks.schemas import EpisodeRequest

    sources = [studio.script(f"Þetta er þáttur númer {number}.", f"thattur-{number}.txt") for number in (1, 2)]

    async def both() -> None:
        await asyncio.gather(*(produce_episode(EpisodeRequest(source=str(source))) for source in sources))

    asyncio.run(both())

    entries = feedparser.parse(str(studio.published / "hladvarp" / "feed.xml")).entries
    assert {entry.title for entry in entries} == {"thattur-1", "thattur-2"}
