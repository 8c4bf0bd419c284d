"""Studios for benchmarks: each with a store of its own, so that nothing is found that another has made."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from measuring import Measured, measure_python
from prefect_server import serving
from signals import DATA

from deployments.bootstrap import bootstrap
from tasks.schemas import VoicePreset
from tasks.tts.engine import load_engine

RATE_HZ = 44_100
PAUSE_S = 0.6
WORDS = [
    "já",
    "nei",
    "nú",
    "svo",
    "hér",
    "þar",
    "út",
    "inn",
    "sól",
    "mál",
    "dag",
    "ár",
    "vor",
    "haf",
    "ey",
    "hús",
    "vin",
    "bók",
]


@dataclass(frozen=True)
class Studio:
    """A folder with a store, results and published episodes, and the Prefect server that runs are told to use."""

    folder: Path
    environment: dict[str, str]

    def produce(self, source: Path, *arguments: str, **variables: str) -> Measured:
        """What `python -m flows produce` takes, as a user runs it."""
        return measure_python(["-m", "flows", "produce", str(source), *arguments], {**self.environment, **variables})


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    # Automations contend for the server's SQLite, and tell of it in pages.
    with serving(without=("TRIGGERS",)) as address:
        asyncio.run(bootstrap())
        yield address


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def new_studio(tmp_path: Path, models_folder: Path) -> Callable[..., Studio]:
    """A function: an empty studio; without an api its runs start Prefect's own server."""

    def make(name: str, api: str = "") -> Studio:
        folder = tmp_path / name
        folder.mkdir()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "HLADVARP_"))}
        own = {
            "PREFECT_HOME": str(folder / "prefect"),
            "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(folder / "results"),
            "HLADVARP_DATA": str(folder / "data"),
            "HLADVARP_MODELS": str(models_folder),
            "HLADVARP_PUBLISH_TO": str(folder / "published"),
        }
        return Studio(folder, {**kept, **own, **({"PREFECT_API_URL": api} if api else {})})

    return make


@pytest.fixture
def studio(new_studio: Callable[..., Studio], prefect_api: str) -> Studio:
    return new_studio("studio", prefect_api)


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Path]:
    """A function: a FLAC file of speech of this many seconds, people's where the test data is, otherwise eSpeak's."""
    folder = tmp_path_factory.mktemp("speech")
    clips = list(_clips())

    def write(duration_s: float) -> Path:
        path = folder / f"speech-{duration_s:.0f}.flac"
        if path.exists():
            return path
        left, number = round(duration_s * RATE_HZ), 0
        with soundfile.SoundFile(path, "w", RATE_HZ, 1, "PCM_16") as file:
            while left:
                piece = clips[number % len(clips)][:left]
                file.write(piece)
                left, number = left - len(piece), number + 1
        return path

    return write


def _clips() -> Iterator[np.ndarray]:
    """Clips, each with a pause behind it."""
    manifest = DATA / "audio" / "manifest.jsonl"
    pause = np.zeros(round(PAUSE_S * RATE_HZ), np.float32)
    if manifest.exists():
        paths = [json.loads(line)["path"] for line in manifest.read_text().splitlines()]
        for path in sorted(path for path in paths if path.startswith(("is/samromur", "en/librispeech"))):
            samples, rate_hz = soundfile.read(DATA / "audio" / path, dtype="float32", always_2d=True)
            yield np.concatenate([soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ), pause])
        return
    engine, voice = load_engine("espeak"), VoicePreset(name="benchmark")
    for number in range(1, 101):
        said = engine.synthesize(f"Setning númer {number}, og svo kemur önnur á eftir henni.", voice, "is")
        yield np.concatenate([soxr.resample(said.samples[0], said.sample_rate_hz, RATE_HZ), pause])


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Path]:
    """A function: a conversation of so many short lines, at most 5,832, all different; some of them edited."""

    def write(lines: int, *, edited: tuple[int, ...] = (), name: str = "samtal.md") -> Path:
        text, n = ["# Samtal", "", "## Inngangur", ""], len(WORDS)
        for number in range(lines):
            words = [WORDS[number % n], WORDS[number // n % n], WORDS[number // n**2]]
            words += ["breytt"] * (number in edited)
            text.append(f"**{'Gestur' if number % 2 else 'Kynnir'}:** {' '.join(words).capitalize()}.\n")
        path = tmp_path / name
        path.write_text("\n".join(text))
        return path

    return write
