"""Short episodes of all sorts, the same for the same seed: what masters are tried on by the hundred."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
import soxr
from signals import DATA, RATE_HZ, Samples, babble, noise

from tasks.audio.formats import decoded_blocks
from tasks.audio.loudness import Meter
from tasks.audio.mastering import master
from tasks.audio.pcm import write_flac
from tasks.errors import LoudnessUnreachable
from tasks.schemas import AudioFormat, Loudness, Mastering

KINDS = ("speech", "music", "near silence", "square waves", "hot mono")
LOSSY: tuple[AudioFormat, ...] = ("mp3", "m4a", "opus")


@dataclass(frozen=True)
class Outcome:
    """What became of an episode: what each file measures when it is decoded, or why there is none."""

    seed: int
    kind: str
    target_lufs: float
    measured: dict[AudioFormat, Loudness]
    rounds: dict[AudioFormat, int]
    refusal: str = ""


def episode(seed: int) -> tuple[str, Samples]:
    """Three to nine seconds of one kind of sound, in one channel or two, at a level that nobody chose."""
    random = np.random.default_rng(seed)
    kind, duration_s = KINDS[seed % len(KINDS)], float(random.uniform(3, 9))
    made = {"speech": _speech, "music": _music, "near silence": _murmur, "square waves": _squares, "hot mono": _hot}
    return kind, made[kind](random, duration_s).astype(np.float32)


def outcome_of(seed: int) -> Outcome:
    """Master an episode to every lossy format, and measure what a player makes of the files."""
    kind, samples = episode(seed)
    chain = ("speech", "music", "broadcast")[seed // len(KINDS) % 3]
    target = ("apple", "spotify", "ebu-r128", "aes-td1008")[seed // 7 % 4]
    mastering = Mastering(chain=chain, target=target, channels=1 + seed % 2)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_flac(folder / "a.flac", samples, sample_rate_hz=RATE_HZ)
        try:
            files = [
                master(folder / "a.flac", folder / f"master.{name}", mastering.pressing(name), scratch=folder)
                for name in LOSSY
            ]
        except LoudnessUnreachable as error:
            return Outcome(seed, kind, mastering.target_lufs, {}, {}, str(error))
        measured = {}
        for file in files:
            meter = Meter(RATE_HZ, mastering.channels)
            for block in decoded_blocks(file.path, file.format):
                meter.push(block)
            measured[file.format] = meter.result()
    return Outcome(seed, kind, mastering.target_lufs, measured, {file.format: file.rounds for file in files})


def _speech(random: np.random.Generator, duration_s: float) -> Samples:
    """People, where the test data is; otherwise noise with the rhythm of speech. Two of them, at their own levels."""
    recordings = _recordings()
    turns = []
    for _ in range(2):
        if recordings:
            clip = _read(recordings[int(random.integers(len(recordings)))])
            turn = np.resize(clip, round(duration_s / 2 * RATE_HZ))
        else:
            turn = babble(duration_s / 2, -26, seed=int(random.integers(1 << 30)))[0]
        turns.append(turn * 10 ** (random.uniform(-20, 6) / 20))
    return np.clip(np.concatenate(turns), -1, 1)[None]


def _music(random: np.random.Generator, duration_s: float) -> Samples:
    """Chords of decaying partials and a drum, in stereo."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    beat_s = random.uniform(0.3, 0.8)
    decay, root_hz = np.exp(-random.uniform(2, 9) * (time_s % beat_s)), random.uniform(80, 400)
    sides = []
    for _ in range(2):
        chord = sum(
            np.sin(2 * np.pi * root_hz * ratio * time_s + random.uniform(0, 6)) / (1 + number)
            for number, ratio in enumerate((1, 1.26, 1.5, 2, 3, 4.98, 7.1))
        )
        drum = random.standard_normal(len(time_s)) * np.exp(-60 * (time_s % (2 * beat_s)))
        sides.append(decay * chord + random.uniform(0, 1.5) * drum)
    samples = np.stack(sides)
    return samples * 10 ** (random.uniform(-40, 0) / 20) / np.abs(samples).max()


def _murmur(random: np.random.Generator, duration_s: float) -> Samples:
    """Noise that is hardly there, sometimes with a click in it."""
    samples = noise(
        duration_s, random.uniform(-80, -50), channels=int(random.integers(1, 3)), seed=int(random.integers(99))
    )
    if random.uniform() < 0.3:
        samples[:, samples.shape[1] // 2] = 10 ** (random.uniform(-40, -10) / 20)
    return samples


def _squares(random: np.random.Generator, duration_s: float) -> Samples:
    """Square waves, which every codec makes higher than they were."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    waves = [np.sign(np.sin(2 * np.pi * random.uniform(40, 4000) * time_s)) for _ in range(int(random.integers(1, 3)))]
    envelope = np.sin(2 * np.pi * random.uniform(0.2, 2) * time_s) > random.uniform(-1.1, 0.3)
    return np.stack(waves) * envelope * 10 ** (random.uniform(-30, 0) / 20)


def _hot(random: np.random.Generator, duration_s: float) -> Samples:
    """One channel, driven into the stops by somebody who watched no meter."""
    loud = _speech(random, duration_s)
    return np.clip(loud * 10 ** (random.uniform(10, 30) / 20), -1, 1)


@cache
def _recordings() -> tuple[Path, ...]:
    manifest = DATA / "audio" / "manifest.jsonl"
    if not manifest.exists():
        return ()
    paths = [json.loads(line)["path"] for line in manifest.read_text().splitlines()]
    return tuple(DATA / "audio" / path for path in sorted(paths) if path.startswith(("is/", "en/librispeech")))


def _read(path: Path) -> Samples:
    samples, rate_hz = soundfile.read(
        path, frames=round(8 * soundfile.info(path).samplerate), dtype="float32", always_2d=True
    )
    return soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)
