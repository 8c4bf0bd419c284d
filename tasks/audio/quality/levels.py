"""Speech, noise and silence, told apart by level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audio.levels import FLOOR_DBFS, FRAME_S, LevelMeter, speech_level
from tasks.audio.runs import runs_of

_AUDIBLE_DB = 3.5  # above the floor: what is added to silence so that its level is a number is 3 dB
_BELOW_LOUDEST_DB = 45.0
_HANG_OVER_FRAMES = 31  # a word's own pauses are speech


@dataclass(frozen=True)
class Told:
    """Levels in dBFS (mean square); None where nobody speaks."""

    speech_dbfs: float | None
    noise_dbfs: float | None
    silence_ratio: float
    longest_silence_s: float


class SpeechMeter:
    """Tells how loud speech and noise are, and how long nothing is heard, as `tasks.audio.levels` does for a cell."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._meter = LevelMeter(sample_rate_hz, 1)

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples of the mean of all channels, shape (n_samples,)."""
        self._meter.push(mono[None])

    def result(self) -> Told:
        """What is speech, what is noise, and how long nothing is heard."""
        from scipy.ndimage import maximum_filter1d, minimum_filter1d  # slow to import: see `Meter.push`

        levels = self._meter.result()
        loudest_dbfs = float(levels.max(initial=FLOOR_DBFS))
        if loudest_dbfs <= FLOOR_DBFS + _AUDIBLE_DB:
            return Told(None, None, 1.0, len(levels) * FRAME_S)
        told = speech_level(levels)
        loud, speech_dbfs = told.is_speech, told.speech_dbfs
        if not loud.any():  # one level throughout, such as a tone
            loud, speech_dbfs = levels > loudest_dbfs - _BELOW_LOUDEST_DB, told.noise_dbfs
        heard = minimum_filter1d(maximum_filter1d(loud.astype(np.uint8), _HANG_OVER_FRAMES), _HANG_OVER_FRAMES) > 0
        return Told(
            speech_dbfs=speech_dbfs,
            noise_dbfs=told.noise_dbfs,
            silence_ratio=float(1 - heard.mean()),
            longest_silence_s=_longest(~heard) * FRAME_S,
        )


def _longest(mask: NDArray[np.bool_]) -> int:
    return int(np.diff(runs_of(mask)).max(initial=0))
