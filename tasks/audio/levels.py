"""How loud speech is and how loud what lies under it, measured while the sound streams by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audio.samples import Samples

FRAME_S = 0.01
FLOOR_DBFS = -95.0  # digital silence counts as the noise of a very good microphone

_HIGHPASS_HZ = 100.0  # rumble is no noise that anybody hears, and mastering takes it out
_QUIETEST_PERCENT = 8.0  # of speech are pauses, however fluent
_ABOVE_NOISE_DB, _BELOW_PEAK_DB = 8.0, 45.0
_EDGE_FRAMES = 21  # around speech: breath and reverberation are neither speech nor noise
_FEWEST_PAUSE_FRAMES = 50

Levels = NDArray[np.float32]
"""Level of each frame of 10 ms in dBFS (full scale = a square wave's), shape (n_frames,), at least `FLOOR_DBFS`."""


class LevelMeter:
    """Measures the level of frames in blocks of any size; its memory grows by 400 bytes a second."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        from scipy.signal import butter  # it takes 0.8 s, which a run whose sound is stored need not wait for

        self._frame = round(FRAME_S * sample_rate_hz)
        self._filter = butter(2, _HIGHPASS_HZ, "highpass", fs=sample_rate_hz, output="sos")
        self._state = np.zeros((len(self._filter), channels, 2))
        self._rest = np.zeros((channels, 0))
        self._levels: list[Levels] = []

    def push(self, samples: Samples) -> None:
        """Take the next samples."""
        from scipy.signal import sosfilt

        if not samples.shape[1]:
            return
        filtered, self._state = sosfilt(self._filter, samples, axis=1, zi=self._state)
        filtered = np.concatenate([self._rest, filtered], axis=1)
        frames = filtered.shape[1] // self._frame
        self._rest = filtered[:, frames * self._frame :].copy()
        self._add(filtered[:, : frames * self._frame].reshape(len(filtered), frames, self._frame))

    def result(self) -> Levels:
        """The levels so far, that of an unfinished last frame among them."""
        if self._rest.shape[1]:
            self._add(self._rest[:, None, :])
            self._rest = self._rest[:, :0]
        return np.concatenate([np.zeros(0, np.float32), *self._levels])

    def _add(self, frames: NDArray[np.float64]) -> None:
        """frames: shape (n_channels, n_frames, n_samples)."""
        power = np.mean(frames**2, axis=(0, 2))
        self._levels.append((10 * np.log10(power + 10 ** (FLOOR_DBFS / 10))).astype(np.float32))


@dataclass(frozen=True)
class SpeechLevel:
    """Which frames are loud enough for speech, and how loud they and the noise are, in dBFS."""

    is_speech: NDArray[np.bool_]
    speech_dbfs: float
    """Of speech alone: the noise under it is taken off."""
    noise_dbfs: float

    @property
    def snr_db(self) -> float:
        """Speech above noise; far below zero where nothing stands out.

        In white and pink noise it reads 5 to 8 dB too much at 10 dB, and 2 to 6 at 30: speech covers noise (measured).
        """
        return self.speech_dbfs - self.noise_dbfs


def speech_level(levels: Levels) -> SpeechLevel:
    """Tell speech from what lies under it, in some seconds of frames.

    Noise is what is heard in the pauses; where there are hardly any, the quietest frames.
    """
    from scipy.ndimage import maximum_filter1d

    quietest = float(np.percentile(levels, _QUIETEST_PERCENT)) if levels.size else FLOOR_DBFS
    is_speech = levels > max(quietest + _ABOVE_NOISE_DB, float(levels.max(initial=FLOOR_DBFS)) - _BELOW_PEAK_DB)
    pauses = levels[~maximum_filter1d(is_speech.astype(np.uint8), _EDGE_FRAMES).astype(bool)]
    noise_dbfs = float(np.median(pauses)) if len(pauses) >= _FEWEST_PAUSE_FRAMES else quietest
    heard = _mean_power(levels[is_speech]) - 10 ** (noise_dbfs / 10)
    return SpeechLevel(is_speech, 10 * float(np.log10(max(heard, 10 ** (FLOOR_DBFS / 10)))), noise_dbfs)


def speech_change_db(before: Levels, after: Levels) -> float:
    """How much louder speech is after something was done to the sound: the noise under it counts in neither.

    0 where nobody speaks.
    """
    was = speech_level(before)
    if not was.is_speech.any():
        return 0.0
    left = speech_level(after).noise_dbfs
    heard = _mean_power(after[was.is_speech]) - 10 ** (left / 10)
    return 10 * float(np.log10(max(heard, 10 ** (FLOOR_DBFS / 10)))) - was.speech_dbfs


def _mean_power(levels: Levels) -> float:
    return float(np.mean(10 ** (levels.astype(np.float64) / 10))) if levels.size else 0.0
