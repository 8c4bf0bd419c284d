"""Damaged and hostile sources: each ends in a typed error or in something good, and leaves nothing behind."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hostile import HOSTILE, NAMES, SEEDS, Case, cases, seed_bytes

from blocks.places import audio_store, read_document
from blocks.settings import load_settings
from flows.__main__ import main
from tasks.asr.chunks import cut_chunks
from tasks.errors import HladvarpError
from tasks.ingest import decode_recording, fetch_source, read_script
from tasks.postprocess import draw_programme, master_programme
from tasks.schemas import CastEntry, Mastering, Recording, Script, ScriptRef
from tasks.synthesize import plan_lines
from tasks.transcribe import prepare_speech
from tasks.tts.engine import load_engine

pytestmark = pytest.mark.slow

SECONDS_AT_MOST = 30.0


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("HLADVARP_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HLADVARP_SCRATCH", str(tmp_path / "scratch"))
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


def ingested(path: Path) -> Recording | ScriptRef:
    source = fetch_source.fn(str(path))
    if source.kind == "script":
        return read_script.fn(source, ("is", "en"))
    return decode_recording.fn(source, 3600.0)


def produced(made: Recording | ScriptRef) -> None:
    """Everything that is made of it before it is published, except speech heard and most of the speech made."""
    if isinstance(made, Recording):
        with audio_store().local(prepare_speech.fn(made.audio).uri) as speech:
            cut_chunks(speech, max_chunk_s=60.0)
        draw_programme.fn(made.audio, ())
        master_programme.fn(made.audio, Mastering().pressing("mp3"))
        return
    script = read_document(made.document, Script)
    speakers = {line.speaker for line in script.lines}
    cast = tuple(CastEntry(speaker=speaker, preset="espeak-asa") for speaker in speakers)
    for planned in plan_lines.fn(made.document, cast, made.language, "", 0.0).lines[:20]:
        load_engine("espeak").synthesize(planned.spoken.text, planned.voice, planned.language)


def outcome_of(path: Path) -> Recording | ScriptRef | HladvarpError:
    try:
        made = ingested(path)
        produced(made)
    except HladvarpError as error:
        return error
    return made


def leftovers(folder: Path) -> list[Path]:
    unfinished = (path for path in (folder / "data").rglob(".*") if path.is_file())
    return [*(folder / "scratch").iterdir(), *unfinished]


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_source_becomes_a_recording_a_script_or_a_typed_error(case: Case, tmp_path: Path):
    path = tmp_path / case.name
    path.write_bytes(case.make())
    before_s = time.monotonic()

    outcome = outcome_of(path)

    if isinstance(outcome, HladvarpError):
        assert_is_a_sentence(str(outcome))
    elif isinstance(outcome, Recording):
        assert outcome.audio.duration_s > 0
    assert time.monotonic() - before_s < SECONDS_AT_MOST
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:30]))
def test_source_with_a_hostile_name_becomes_a_recording_or_a_typed_error(name: bytes, tmp_path: Path):
    path = tmp_path / "given" / os.fsdecode(name)
    path.parent.mkdir()
    path.write_bytes(seed_bytes("a.wav"))

    outcome = outcome_of(path)

    if isinstance(outcome, HladvarpError):
        assert_is_a_sentence(str(outcome))
    assert leftovers(tmp_path) == []
    assert {entry.name for entry in tmp_path.iterdir()} <= {"given", "scratch", "data"}, "nothing climbed out"


def assert_is_a_sentence(message: str) -> None:
    assert len(message) > 15, "a sentence, not a word"
    assert len(message) < 1000, "a sentence, not a page"
    assert message.isprintable(), "nothing that moves a terminal's cursor"
    assert "Traceback" not in message


def test_there_are_at_least_three_hundred_cases():
    assert len(list(cases())) >= 300


def test_seeds_are_good_before_they_are_damaged(tmp_path: Path):
    for name in SEEDS:
        path = tmp_path / name
        path.write_bytes(seed_bytes(name))
        made = ingested(path)
        assert isinstance(made, ScriptRef) or np.isclose(made.audio.duration_s, 2.0, atol=0.15)


@pytest.mark.parametrize(
    ("name", "production"),
    [
        ("empty.mp3", "enhance"),
        ("nul.wav", "revoice"),
        ("page.mp3", "enhance"),
        ("list.m3u8", "enhance"),
        ("entities.xml", "enhance"),
        ("bomb.yaml", "narrate"),
        ("object.yaml", "narrate"),
        ("not-a-number.wav", "enhance"),
        ("denormal.wav", "enhance"),
        ("heading-alone.md", "narrate"),
        ("control.txt", "enhance"),
    ],
)
def test_command_says_one_sentence_and_publishes_nothing_of_a_hostile_source(
    studio, name: str, production: str, capfd: pytest.CaptureFixture[str]
):
    path = studio.folder / name
    path.write_bytes(HOSTILE[name])

    assert main(["produce", str(path), "--production", production]) == 1

    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    error = next(line for line in reversed(said.err.splitlines()) if "Error: " in line or ": " in line)
    assert_is_a_sentence(error)
    assert not studio.published.exists()
    assert leftovers(studio.folder) == []
