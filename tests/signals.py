"""Sound for tests: float32, shape (n_channels, n_samples), full scale 1.0."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float32]
RATE_HZ = 48_000
DATA = Path(os.environ.get("HLADVARP_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared")


def tone(duration_s: float, level_dbfs: float = -23.0, *, hz: float = 1000.0, rate_hz: int = RATE_HZ) -> Samples:
    """A sine whose peak is at `level_dbfs`, in one channel."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (10 ** (level_dbfs / 20) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)[None]


def silence(duration_s: float, *, channels: int = 1, rate_hz: int = RATE_HZ) -> Samples:
    """Digital silence."""
    return np.zeros((channels, round(duration_s * rate_hz)), np.float32)


def noise(duration_s: float, rms_dbfs: float = -23.0, *, channels: int = 1, seed: int = 1) -> Samples:
    """White noise, independent in each channel, the same for the same seed."""
    samples = np.random.default_rng(seed).standard_normal((channels, round(duration_s * RATE_HZ)))
    return (10 ** (rms_dbfs / 20) * samples).astype(np.float32)


def babble(duration_s: float, rms_dbfs: float = -23.0, *, seed: int = 1) -> Samples:
    """Noise with the rhythm and the crest of speech: syllables at 4 Hz, phrases with pauses, little above 4 kHz."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    carrier = np.convolve(noise(duration_s, 0.0, seed=seed)[0], np.hanning(24), "same")
    envelope = np.clip(np.sin(2 * np.pi * 4 * time_s), 0, 1) ** 2 * (np.sin(2 * np.pi * 0.3 * time_s) > -0.6)
    shaped = carrier * (envelope + 1e-3)
    return (shaped * 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(shaped**2)))[None].astype(np.float32)


def write(path: Path, samples: Samples, *, rate_hz: int = RATE_HZ, subtype: str | None = None) -> Path:
    """A sound file of the kind that its name says."""
    soundfile.write(path, samples.T, rate_hz, subtype=subtype)
    return path


def recording(name: str) -> Path:
    """A real recording from the test data; the test is skipped where it is missing."""
    path = DATA / "audio" / name
    if not path.exists():
        pytest.skip(f"no test data at {path}; set HLADVARP_TEST_DATA")
    return path


def read_speech(
    duration_s: float, name: str = "en/librispeech/2033-164914-0004.flac", *, rms_dbfs: float = -23.0
) -> Samples:
    """So much of a real recording, in one channel at 48 kHz and over and over where it is short."""
    read, rate_hz = soundfile.read(recording(name), dtype="float32", always_2d=True)
    samples = np.resize(soxr.resample(read.mean(axis=1), rate_hz, RATE_HZ), round(duration_s * RATE_HZ))
    return (samples * 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(samples**2)))[None].astype(np.float32)


TUNE = (0, 4, 7, 2, 9, 5, 11, 7, 0, 12, 4, 2, 14, 9, 7, 5, 1)  # semitones


def tune(duration_s: float, kind: str = "chords", *, rms_dbfs: float = -23.0) -> Samples:
    """Struck strings: chords of two seconds, an arpeggio of a quarter, or a tune of a third of a second a note."""
    every_s = {"chords": 2.0, "arpeggio": 0.25, "tune": 1 / 3}[kind]
    samples = np.zeros(round((duration_s + 2) * RATE_HZ), np.float32)
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    for number in range(math.ceil(duration_s / every_s)):
        root = (57, 54, 62, 55)[int(number * every_s // 2) % 4]
        chord = (root, root + 4, root + 7)
        notes = {"chords": chord, "arpeggio": (chord[number % 3],), "tune": (57 + TUNE[number % len(TUNE)],)}[kind]
        start = round(number * every_s * RATE_HZ)
        for note in notes:
            hz = 440 * 2 ** ((note - 69) / 12)
            partials = sum(np.sin(2 * np.pi * hz * n * time_s + n * n) / n for n in range(1, 12))
            samples[start : start + 2 * RATE_HZ] += np.exp(-2 * time_s) * partials
    samples = samples[: round(duration_s * RATE_HZ)]
    return (samples * 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(samples**2)))[None].astype(np.float32)


def si_sdr_db(clean: Samples, heard: Samples) -> float:
    """How much of `heard` is `clean`, whatever its gain. Source: Le Roux et al., "SDR – half-baked or well done?"."""
    target = clean * (np.vdot(clean, heard) / np.vdot(clean, clean))
    return float(10 * np.log10(np.sum(target**2) / np.sum((heard - target) ** 2)))
