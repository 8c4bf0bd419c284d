"""Music gives way to speech: where somebody speaks, and how the gain of what lies under it moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audio.crossfade import Gains
from tasks.audio.pcm import PROGRAMME_RATE_HZ
from tasks.audio.runs import runs_of
from tasks.audio.samples import Samples
from tasks.schemas import Ducking

_FRAME = PROGRAMME_RATE_HZ // 100
_GATE_LU = -20.0  # below the speech's loudness: its softest syllables lie above it, and a room's noise below
_SHORTEST_FRAMES = 4  # a click is no word
_BRIDGED_FRAMES = 15  # the closure of a plosive is no pause

Span = tuple[int, int]
"""The first sample of a stretch of speech, and one past its last."""


class Envelope:
    """The power of a sound in frames of 10 ms; its memory grows by 400 bytes a second."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._frames: list[NDArray[np.float32]] = []

    def push(self, samples: Samples) -> None:
        """Take the next samples; of several channels the loudest counts.

        samples: float32, shape (n_channels, n_samples), at 48 kHz.
        """
        power = np.concatenate([self._rest, np.square(samples).max(axis=0)])
        n_frames = len(power) // _FRAME
        self._frames.append(power[: n_frames * _FRAME].reshape(n_frames, _FRAME).mean(axis=1))
        self._rest = power[n_frames * _FRAME :].copy()

    def speech(self, level_lufs: float) -> tuple[Span, ...]:
        """Where somebody speaks, in samples; level_lufs: how loud one channel of the speech is."""
        power = np.concatenate([np.zeros(0, np.float32), *self._frames])
        loud = power > 10 ** ((level_lufs + _GATE_LU) / 10)
        spans: list[Span] = []
        for start, end in runs_of(loud).tolist():
            if spans and start - spans[-1][1] <= _BRIDGED_FRAMES:
                spans[-1] = (spans[-1][0], end)
            else:
                spans.append((start, end))
        return tuple((start * _FRAME, end * _FRAME) for start, end in spans if end - start >= _SHORTEST_FRAMES)


@dataclass(frozen=True)
class DuckingCurve:
    """A gain in decibels that runs straight from point to point; the same for every size of block."""

    samples: NDArray[np.float64]
    gain_db: NDArray[np.float64]

    def gains(self, start: int, end: int) -> Gains:
        """The gain of each sample from `start` to `end`."""
        level_db = np.interp(np.arange(start, end), self.samples, self.gain_db)
        return np.power(10.0, level_db / 20).astype(np.float32)


def duck(speech: Sequence[Span], ducking: Ducking) -> DuckingCurve:
    """The curve that is down from `attack_s` after it began to fall until `hold_s` after the last word.

    Where the music has not risen again before it must fall, it falls from where it is.
    """
    rate, depth_db = PROGRAMME_RATE_HZ, ducking.depth_db
    attack, release = ducking.attack_s * rate, ducking.release_s * rate
    points: list[tuple[float, float]] = []
    before: float | None = None
    for begin, end in _held(speech, ducking):
        down = begin + attack
        if before is None or before + release <= begin:
            points += [] if before is None else [(before + release, 0.0)]
            points.append((begin, 0.0))
        else:
            # where the rise after the last words meets the fall before the next
            at = (before / release + down / attack) / (1 / release + 1 / attack)
            points.append((at, depth_db * (1 - (at - before) / release)))
        points += [(down, depth_db), (end, depth_db)]
        before = end
    points += [(0.0, 0.0)] if before is None else [(before + release, 0.0)]
    return DuckingCurve(np.array([at for at, _ in points]), np.array([gain_db for _, gain_db in points]))


def _held(speech: Sequence[Span], ducking: Ducking) -> list[tuple[float, float]]:
    """When the gain begins to fall, and when it begins to rise; nothing in between where it would not rise at all."""
    rate = PROGRAMME_RATE_HZ
    held: list[tuple[float, float]] = []
    for start, end in speech:
        begin, rise = start - ducking.look_ahead_s * rate, end + ducking.hold_s * rate
        rise = max(rise, begin + ducking.attack_s * rate)
        if held and begin + ducking.attack_s * rate <= held[-1][1]:
            held[-1] = (held[-1][0], max(rise, held[-1][1]))
        else:
            held.append((begin, rise))
    return held
