"""Kill -9 in each of the six stages; the next run publishes the whole episode, and makes nothing again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import feedparser
import numpy as np
import pytest
import soundfile

from flows.dispatch import THREADS
from tasks.schemas import VoicePreset
from tasks.tts.engine import load_engine

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STAGES_S = {"ingest": 0.5, "transcribe": 2.0, "synthesize": 0.9, "postprocess": 0.4, "measure": 2.0, "publish": 0.6}
"""The stages, and the longest that they are let run: about as long as they take."""
PATIENCE_S = 240
SENTENCES = (
    "This is the first sentence of a recording.",
    "It was made by a machine, for a machine to hear.",
    "The weather in the north is cold and clear today.",
    "Nobody knows how long the winter will last this year.",
    "Thank you for listening, and goodbye.",
)


def recording(path: Path) -> Path:
    """Speech that the embedded models can hear, half a minute of it."""
    engine, voice = load_engine("espeak"), VoicePreset(name="test", voice="m3")
    said = [engine.synthesize(sentence, voice, "en") for sentence in SENTENCES * 3]
    pause = np.zeros((1, said[0].sample_rate_hz // 2), np.float32)
    samples = np.concatenate([part for speech in said for part in (speech.samples, pause)], axis=1)
    soundfile.write(path, samples.T, said[0].sample_rate_hz)
    return path


class Command:
    """`python -m flows produce` as a user runs it, with a home and a temporary server of its own."""

    def __init__(self, folder: Path, prefect_home: Path) -> None:
        self.published = folder / "published"
        self.data = folder / "data"
        self.log = folder / "log.txt"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.groups: list[int] = []
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(prefect_home),
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "results"),
            "HLADVARP_DATA": str(self.data),
            "HLADVARP_SCRATCH": str(self.scratch),
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.pop("PREFECT_API_URL", None)

    def start(self, source: Path, production: str) -> subprocess.Popen[bytes]:
        arguments = ["produce", str(source), "--production", production, "--publish-to", str(self.published)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "flows", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.groups.append(process.pid)
        return process

    def kill_when(self, has_come: Callable[[], bool], source: Path, production: str, *, delay_s: float = 0.0) -> None:
        """Kill the process `delay_s` after the moment, and nothing but the process."""
        process = self.start(source, production)
        deadline = time.monotonic() + PATIENCE_S
        while not has_come():
            assert process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.01)
        time.sleep(delay_s)
        process.kill()
        process.wait()

    def finish(self, source: Path, production: str) -> str:
        process = self.start(source, production)
        process.wait(timeout=PATIENCE_S)
        assert process.returncode == 0, self.said()
        return self.said()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def has_begun(self, stage: str) -> bool:
        return f"stage.started stage={stage}" in self.said()

    def clips(self) -> dict[Path, int]:
        """The stored sounds and when each was made."""
        return {path: path.stat().st_mtime_ns for path in (self.data / "store").rglob("*.flac")}

    def records(self) -> int:
        """How many lines the store knows the clip of; what a batch has cost stands beside them."""
        records = [path for path in (self.data / "store" / "records").rglob("*") if path.is_file()]
        return sum("audio" in json.loads(path.read_bytes()) for path in records)

    def processes(self) -> list[str]:
        """What runs with this command's environment."""
        mark, found = f"HLADVARP_DATA={self.data}\0".encode(), []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        return found

    def wait_until_nothing_runs(self) -> None:
        deadline = time.monotonic() + 30
        while left := self.processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.1)

    def end_all(self) -> None:
        """End what a failed test has left running."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def assert_whole(self) -> None:
        """One episode, of which every file is what its manifest says; one entry in the feed; no debris anywhere."""
        (folder,) = [path.parent for path in self.published.rglob("manifest.json")]
        manifest = json.loads((folder / "manifest.json").read_text())
        for entry in manifest["files"]:
            assert hashlib.sha256((folder / entry["name"]).read_bytes()).hexdigest() == entry["sha256"], entry["name"]
        (item,) = feedparser.parse(str(self.published / "hladvarp" / "feed.xml")).entries
        assert int(item.enclosures[0].length) == (folder / "episode.mp3").stat().st_size
        assert [path for path in self.published.rglob("*") if path.name.startswith(".") or ".part" in path.name] == []
        assert list((self.data / "store" / "parts").iterdir()) == []
        assert list(self.scratch.iterdir()) == []


@pytest.fixture(scope="module")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One database for the module: to make one takes seconds."""
    return tmp_path_factory.mktemp("prefect")


@pytest.fixture
def command(tmp_path: Path, prefect_home: Path) -> Iterator[Command]:
    command = Command(tmp_path, prefect_home)
    yield command
    command.end_all()


def test_killed_in_every_stage_the_next_run_publishes_the_whole_episode(command: Command, tmp_path: Path):
    source, chance = recording(tmp_path / "upptaka.wav"), random.Random(5)
    made: dict[Path, int] = {}
    for stage, longest_s in STAGES_S.items():
        delay_s = chance.uniform(0.0, longest_s)
        command.kill_when(lambda stage=stage: command.has_begun(stage), source, "revoice", delay_s=delay_s)
        now = command.clips()
        assert {path: now.get(path) for path in made} == made, f"killed in {stage}: what was stored is made again"
        made = now
        command.wait_until_nothing_runs()
    known = command.records()

    said = command.finish(source, "revoice")

    assert f"clips made 0, reused {known})" in said
    assert {path: at for path, at in command.clips().items() if path in made} == made
    command.assert_whole()
    command.wait_until_nothing_runs()


def test_killed_again_and_again_among_many_lines_every_line_is_made_once(command: Command, tmp_path: Path):
    lines, chance = 300, random.Random(6)
    source = tmp_path / "lengi.md"
    source.write_text(
        "\n\n".join(
            f"**{('Kynnir', 'Gestur')[n % 2]}:** Þetta er lína númer {n}, og hún er sögð." for n in range(lines)
        )
    )
    made: dict[Path, int] = {}
    shares = (0.15, 0.45, 0.8)
    for share in shares:
        wanted = round(lines * share) + chance.randrange(20)
        command.kill_when(lambda wanted=wanted: len(command.clips()) >= wanted, source, "narrate")
        now = command.clips()
        assert len(now) < lines
        assert {path: now.get(path) for path in made} == made, "what was stored is made again"
        made = now
    known = command.records()
    lost = len(made) - known
    assert 0 <= lost <= len(shares) * THREADS, "a kill may leave one clip a thread without its record"

    said = command.finish(source, "narrate")

    assert re.search(r"clips made (\d+), reused (\d+)\)", said).groups() == (str(lines - known), str(known))
    assert {path: at for path, at in command.clips().items() if path in made} == made
    assert command.records() == lines
    command.assert_whole()
    command.wait_until_nothing_runs()
