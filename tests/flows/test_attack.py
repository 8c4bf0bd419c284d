"""What a hostile or unlucky user does: every case ends in a good episode or in a sentence that says what to do."""

from __future__ import annotations

import json
from pathlib import Path

import feedparser
import pytest
from pydantic import ValidationError
from signals import babble, noise, tone, write

from blocks.settings import load_settings
from tasks.errors import (
    EmptySource,
    InvalidRequest,
    StorageMissing,
    TextTooLong,
)
from tasks.schemas import EpisodeManifest, EpisodeRequest

SLOW = pytest.mark.slow  # each is an episode or more: ten seconds where two cores are busy


def titles_in_feed(studio) -> list[str]:
    return [entry.title for entry in feedparser.parse(str(studio.published / "hladvarp" / "feed.xml")).entries]


def text_of(manifest: EpisodeManifest) -> str:
    return (Path(manifest.published_to) / "transcript.txt").read_text()


def stored_objects(studio) -> list[Path]:
    return [path for path in (studio.folder / "data" / "store" / "objects").rglob("*") if path.is_file()]


def test_produce_episode_makes_anew_whatever_was_removed_from_the_store(studio):
    source = studio.script()
    studio.produce(source)
    removed = stored_objects(studio)
    for path in removed:
        path.unlink()

    again = studio.produce(source)

    assert again.clips_made == 3
    assert {path.name for path in stored_objects(studio)} == {path.name for path in removed}


@SLOW
def test_produce_episode_asks_again_for_the_one_clip_that_was_removed(studio):
    source = studio.script()
    studio.produce(source)
    script = source.read_text().replace("Takk fyrir, og bless.", "Takk fyrir, öll.")
    sounds = [path for path in stored_objects(studio) if path.suffix == ".flac"]
    min(sounds, key=lambda path: path.stat().st_mtime_ns).unlink()  # the first line's clip is made first

    edited = studio.produce(studio.script(script))

    assert (edited.clips_made, edited.clips_reused) == (2, 1)


@SLOW
def test_produce_episode_heals_records_that_are_no_records(studio):
    source = studio.script()
    studio.produce(source)
    for record in (studio.folder / "data" / "store" / "records").rglob("*"):
        if record.is_file():
            record.write_bytes(b"{}")

    assert studio.produce(source).clips_made == 3


@SLOW
def test_produce_episode_asks_once_for_a_line_that_stands_in_the_script_twice(studio):
    manifest = studio.produce(studio.script("**Kynnir:** Já.\n\n" * 40))

    assert (manifest.clips_made, manifest.clips_reused) == (1, 39)


def test_produce_episode_keeps_two_sources_of_one_name_and_title_apart(studio):
    published = []
    for week in ("vika-1", "vika-2"):
        (studio.folder / week).mkdir()
        script = studio.script(f"# Fréttir\n\n**Kynnir:** Þetta er {week}.\n", f"{week}/fréttir.md")
        published.append(studio.produce(script))

    first, second = published
    assert first.published_to != second.published_to
    assert "vika-1" in text_of(first)
    assert titles_in_feed(studio) == ["Fréttir", "Fréttir"]
    again = studio.produce(studio.folder / "vika-2" / "fréttir.md")
    assert again.published_to == second.published_to

    manifest = Path(first.published_to) / "manifest.json"
    written = json.loads(manifest.read_text()) | {"schema_version": 0, "mood": "of another version"}
    manifest.write_text(json.dumps(written))
    assert studio.produce(studio.folder / "vika-2" / "fréttir.md").published_to == second.published_to
    assert studio.produce(studio.folder / "vika-1" / "fréttir.md").published_to == first.published_to


@SLOW
def test_produce_episode_prefers_the_cast_that_is_written_like_the_speaker(studio):
    cast = ({"speaker": "Anna", "preset": "espeak-asa"}, {"speaker": "ANNA", "preset": "espeak-birkir"})

    manifest = studio.produce(studio.script("**Anna:** Hæ.\n\n**ANNA:** Hæ.\n"), cast=cast)

    read_by = {speaker: voice.preset for voice in manifest.voices for speaker in voice.speakers}
    assert read_by == {"Anna": "espeak-asa", "ANNA": "espeak-birkir"}


@SLOW
@pytest.mark.parametrize("text", ["...", "😀🎉", "**Kynnir:** — !!! …"])
def test_produce_episode_says_so_when_there_is_nothing_to_say(studio, text: str):
    with pytest.raises(EmptySource, match="nothing in this script can be said"):
        studio.produce(studio.script(text))


def test_produce_episode_names_the_line_whose_one_word_is_longer_than_the_voice_takes(studio):
    with pytest.raises(TextTooLong, match=r"line 3: 'blablabla\w+' … is \d+ characters as it is said"):
        studio.produce(studio.script("**Kynnir:** Hæ.\n\n**Gestur:** " + "bla" * 20_000))

    assert [path for path in stored_objects(studio) if path.suffix == ".flac"] == []


@pytest.mark.parametrize(
    ("publish_to", "error", "message"),
    [
        ("block:nope", InvalidRequest, "no such block is saved"),
        ("ftp://example.is/x", InvalidRequest, "ftp://"),
        ("{file}/inside", StorageMissing, "a file stands where a folder is needed"),
    ],
)
def test_produce_episode_refuses_a_bad_destination_before_it_does_any_work(studio, publish_to, error, message):
    source = studio.script()

    with pytest.raises(error, match=message):
        studio.produce(source, publish_to=publish_to.format(file=source))

    assert stored_objects(studio) == []


@SLOW
def test_produce_episode_keeps_its_date_when_somebody_spoiled_its_record(studio):
    source = studio.script()
    first = studio.produce(source)
    (Path(first.published_to) / "item.json").write_text("garbage")

    again = studio.produce(source)

    assert (again.published_at, again.guid) == (first.published_at, first.guid)
    assert titles_in_feed(studio) == ["Surtsey"]


@SLOW
def test_produce_episode_repairs_a_published_folder_that_somebody_edited(studio):
    source = studio.script()
    folder = Path(studio.produce(source).published_to)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    (folder / "index.html").unlink()
    (folder / "manifest.json").write_text("garbage")
    (folder / "transcript.vtt").write_text("WEBVTT\n\nedited")
    (folder / "notes.txt").write_text("not ours")

    studio.produce(source)

    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(after) == set(before)
    assert {name for name in before if after[name] != before[name]} <= {"manifest.json"}
    assert json.loads(after["manifest.json"])["published_at"] == json.loads(before["manifest.json"])["published_at"]


def test_revoice_says_so_when_nobody_speaks(studio):
    recording = write(studio.folder / "hum.wav", tone(4.0, -20.0, hz=220.0))

    with pytest.raises(EmptySource, match=r"no speech was heard in hum\.wav"):
        studio.produce(recording, production="revoice")


@SLOW
@pytest.mark.parametrize("sound", ["square", "hiss"])
def test_enhance_publishes_strange_sounds(studio, sound: str):
    samples = {
        "square": lambda: 4.0 * tone(4.0, 0.0, hz=100.0).clip(-0.25, 0.25),
        "hiss": lambda: noise(4.0, -66.0),
    }[sound]()
    recording = write(studio.folder / f"{sound}.wav", samples)

    manifest = studio.produce(recording, production="enhance")

    assert manifest.loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert manifest.loudness.true_peak_dbtp <= -1.0


@SLOW
def test_enhance_publishes_a_blip_that_is_shorter_than_a_loudness_block(studio):
    manifest = studio.produce(write(studio.folder / "blip.wav", babble(0.3)), production="enhance")

    assert manifest.loudness.integrated_lufs == float("-inf"), "BS.1770 needs 0.4 s"
    assert manifest.loudness.momentary_max_lufs == pytest.approx(-16.0, abs=1.5)
    quality = json.loads((Path(manifest.published_to) / "quality.json").read_text())
    assert quality["episode"]["loudness"]["integrated_lufs"] is None


@pytest.mark.parametrize("show", ["RÚV", "Í ljósi sögunnar: Þáttur"])
def test_settings_call_an_unknown_show_as_the_request_does(show: str):
    assert load_settings().show(show).title == show


def test_episode_request_keeps_names_on_one_line_and_visible():
    request = EpisodeRequest(source="a.md", title="Fyrri\nlína\x00 \u202eog seinni", show=" Þáttur ")

    assert (request.title, request.show) == ("Fyrri lína og seinni", "Þáttur")
    with pytest.raises(ValidationError, match="a name that can be seen"):
        EpisodeRequest(source="a.md", show=" \x00 ")
