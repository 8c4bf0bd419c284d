"""Models and references for the tests of speech recognition."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from signals import DATA, recording

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ
from tasks.schemas import AsrConfig


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def whisper(models_folder):
    """The embedded Whisper base."""
    from tasks.asr.faster_whisper import FasterWhisper

    return FasterWhisper(AsrConfig(), models_folder=models_folder)


@pytest.fixture(scope="session")
def tiny_model():
    """A Whisper with random weights: the real path, without any meaning."""
    folder = DATA / "models" / "whisper-tiny-random-ct2"
    if not folder.is_dir():
        pytest.skip(f"no model at {folder}; set HLADVARP_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def hear():
    """A function: the samples of a real recording, as an ASR engine takes them."""

    def read(name: str) -> np.ndarray:
        samples, rate_hz = soundfile.read(recording(name), dtype="float32", always_2d=True)
        return soxr.resample(samples.mean(axis=1), rate_hz, ASR_SAMPLE_RATE_HZ).astype(np.float32)

    return read


@pytest.fixture(scope="session")
def reference():
    """A function: what is said in a recording, plain words."""
    manifest = DATA / "audio" / "manifest.jsonl"
    if not manifest.exists():
        pytest.skip(f"no test data at {manifest}; set HLADVARP_TEST_DATA")
    texts = {entry["path"]: entry["text"] for entry in map(json.loads, manifest.read_text().splitlines())}
    return lambda name: plain(texts[name])


@pytest.fixture(scope="session")
def plain_words():
    return plain


def plain(text: str) -> str:
    """Small letters, no punctuation, one space between words."""
    folded = unicodedata.normalize("NFC", text).lower().replace("-", " ").replace("mr.", "mister")
    return " ".join(re.sub(r"[^\w\s']", " ", folded).split())


@pytest.fixture
def flac(tmp_path):
    """A function: a 16 kHz mono FLAC of these samples."""

    def write(samples: np.ndarray, name: str = "speech.flac") -> Path:
        path = tmp_path / name
        soundfile.write(path, samples, ASR_SAMPLE_RATE_HZ)
        return path

    return write
