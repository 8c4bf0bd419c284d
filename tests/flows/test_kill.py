"""Kill -9 in each of the five stages; the next run publishes the whole episode, and makes nothing again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import feedparser
import numpy as np
import pytest
import soundfile

from tasks.schemas import VoicePreset
from tasks.tts.engine import load_engine

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
STAGES = ("ingest", "transcribe", "synthesize", "postprocess", "publish")
SENTENCES = (
    "This is the first sentence of a recording.",
    "It was made by a machine, for a machine to hear.",
    "The weather in the north is cold and clear today.",
    "Nobody knows how long the winter will last this year.",
    "Thank you for listening, and goodbye.",
)


def recording(path: Path) -> Path:
    """Speech that the embedded models can hear, a minute of it."""
    engine, voice = load_engine("espeak"), VoicePreset(name="test", voice="m3")
    said = [engine.synthesize(sentence, voice, "en") for sentence in SENTENCES * 3]
    pause = np.zeros((1, said[0].sample_rate_hz // 2), np.float32)
    samples = np.concatenate([part for speech in said for part in (speech.samples, pause)], axis=1)
    soundfile.write(path, samples.T, said[0].sample_rate_hz)
    return path


class Command:
    """`python -m flows produce` as a user runs it, with a home of its own."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.published = folder / "published"
        self.data = folder / "data"
        self.log = folder / "log.txt"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self.groups: list[int] = []
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "results"),
            "HLADVARP_DATA": str(self.data),
            "HLADVARP_SCRATCH": str(self.scratch),
            "PYTHONUNBUFFERED": "1",
        }
        self.environment.pop("PREFECT_API_URL", None)
        self.arguments = ["produce", str(source), "--production", "revoice", "--publish-to", str(self.published)]

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "flows", *self.arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.groups.append(process.pid)
        return process

    def end_servers(self) -> None:
        """End what killed processes have left running."""
        for group in self.groups:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def kill_in(self, stage: str, delay_s: float) -> None:
        """Kill the process `delay_s` after the stage has begun; the server that it started stays, as it would."""
        process = self.start()
        deadline = time.monotonic() + 240
        while f"stage.started stage={stage}" not in self.log.read_text(errors="replace"):
            assert process.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")
            time.sleep(0.02)
        time.sleep(delay_s)
        process.kill()
        process.wait()

    def finish(self) -> str:
        process = self.start()
        process.wait(timeout=300)
        log = self.log.read_text(errors="replace")
        assert process.returncode == 0, log
        return log

    def clips(self) -> dict[Path, int]:
        """The stored clips and when each was made."""
        return {path: path.stat().st_mtime_ns for path in (self.data / "store").rglob("*.flac")}


def debris(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.name.startswith(".") or ".part" in path.name or "tmp" in path.name
    ]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path, recording(tmp_path / "upptaka.wav"))
    yield command
    command.end_servers()


@pytest.mark.parametrize("delay_s", [0.05, 0.8])
def test_killed_in_every_stage_the_next_run_publishes_the_whole_episode(command: Command, delay_s: float):
    made: dict[Path, int] = {}
    for stage in STAGES:
        command.kill_in(stage, delay_s)
        now = command.clips()
        assert {path: now.get(path) for path in made} == made, f"killed in {stage}: what was stored is made again"
        made = now

    command.finish()

    assert {path: at for path, at in command.clips().items() if path in made} == made
    (folder,) = [path.parent for path in command.published.rglob("manifest.json")]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {entry["name"] for entry in manifest["files"]} <= {path.name for path in folder.iterdir()}
    for entry in manifest["files"]:
        assert (folder / entry["name"]).stat().st_size == entry["size_bytes"]
    feed = feedparser.parse(str(command.published / "hladvarp" / "feed.xml"))
    assert len(feed.entries) == 1
    assert debris(command.published) == []
    assert list(command.scratch.iterdir()) == []
