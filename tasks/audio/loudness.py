"""Loudness and true peak, measured while the sound streams by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.audio.energies import ABSOLUTE_GATE_LUFS, Energies, EnergyMeter, integrated_lufs, lufs, moving_mean
from tasks.schemas import Loudness

_MOMENTARY_HOPS, _SHORT_TERM_HOPS = 4, 30  # windows of 0.4 s and 3 s in hops of 0.1 s
_TAPS = 12  # a phase, as the interpolator in BS.1770-5, Annex 2
_REACH = _TAPS + 1  # samples, both ends included, that a value between two of them is made of
_PEAK_BLOCK = 4_800


def measure(samples: NDArray[np.float32], sample_rate_hz: int) -> Loudness:
    """Loudness, loudness range and true peak of a piece of sound.

    samples: float32 or float64, shape (n_channels, n_samples), 1 to 6 channels, full scale 1.0.
    Integrated loudness is -inf below 0.4 s, where there is no whole gating block.
    Raises: ValueError for another shape, integers, or samples that are not finite.
    Source: ITU-R BS.1770-5, EBU Tech 3341, EBU Tech 3342.
    """
    if samples.ndim != 2:
        raise ValueError(f"samples have shape {samples.shape}; give (n_channels, n_samples), also for one channel")
    meter = Meter(sample_rate_hz, samples.shape[0])
    step = 10 * sample_rate_hz  # bounds the memory that filtering needs
    for start in range(0, samples.shape[1], step):
        meter.push(samples[:, start : start + step])
    return meter.result()


class Meter:
    """Measures sound that comes in blocks of any size; its memory grows by 80 bytes a second."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._energies = EnergyMeter(sample_rate_hz, channels)
        self._peak = _TruePeak(sample_rate_hz, channels)

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples.

        samples: float, shape (n_channels, n_samples).
        Raises: ValueError for another shape, integers, or samples that are not finite.
        """
        self._energies.push(samples)
        if samples.shape[1]:
            self._peak.push(samples)

    def result(self) -> Loudness:
        """What has been measured so far."""
        energies = self._energies.result()
        # Maxima of sound shorter than their window are taken as if silence followed.
        padded = np.concatenate([energies, self._energies.rest(), np.zeros(_SHORT_TERM_HOPS)])
        momentary, short_term = (
            moving_mean(energies if len(energies) >= hops else padded[:hops], hops).max()
            for hops in (_MOMENTARY_HOPS, _SHORT_TERM_HOPS)
        )
        return Loudness(
            integrated_lufs=integrated_lufs(energies),
            short_term_max_lufs=float(lufs(short_term)),
            momentary_max_lufs=float(lufs(momentary)),
            range_lu=range_lu(energies),
            true_peak_dbtp=self._peak.result_dbtp(),
        )

    def short_term_lufs(self) -> Energies:
        """Loudness of the 3 s before, every 0.1 s from the third second on; -inf where there is nothing."""
        return lufs(moving_mean(self._energies.result(), _SHORT_TERM_HOPS))


class _TruePeak:
    """The highest absolute value between the samples, interpolated to about 192 kHz."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._factor = max(1, round(192_000 / sample_rate_hz))
        length = _TAPS * self._factor + 1
        position = (np.arange(length) - (length - 1) / 2) / self._factor
        self._kernel = np.sinc(position) * np.hanning(length + 2)[1:-1]
        # No interpolated value exceeds the largest sample times this.
        self._overshoot = max(np.abs(self._kernel[phase :: self._factor]).sum() for phase in range(self._factor))
        self._tail = np.zeros((channels, _REACH))
        self._peak = 0.0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples."""
        joined = np.concatenate([self._tail, samples], axis=1)
        self._peak = self._highest(joined, self._peak)
        self._tail = joined[:, -_REACH:].copy()

    def result_dbtp(self) -> float:
        """The true peak so far, -inf for silence."""
        ringing = np.concatenate([self._tail, np.zeros_like(self._tail)], axis=1)
        peak = self._highest(ringing, self._peak)
        return 20 * float(np.log10(peak)) if peak > 0 else -np.inf

    def _highest(self, samples: NDArray[np.float64], peak: float) -> float:
        peak = max(peak, float(np.abs(samples).max(initial=0.0)))
        if self._factor == 1:
            return peak
        from scipy.signal import upfirdn

        edge = len(self._kernel) - 1  # outputs at either end that lack part of their neighbours
        for start in range(0, samples.shape[1] - _REACH, _PEAK_BLOCK):
            block = samples[:, start : start + _PEAK_BLOCK + _REACH]
            # Interpolating only where the maximum can be beaten saves nine tenths of the time.
            for channel in block[np.abs(block).max(axis=1) * self._overshoot > peak]:
                between = upfirdn(self._kernel, channel, up=self._factor)[edge:-edge]
                peak = max(peak, float(np.abs(between).max(initial=0.0)))
        return peak


def range_lu(energies: Energies) -> float:
    """Spread between the 10th and the 95th percentile of gated short-term loudness.

    Source: EBU Tech 3342.
    """
    short_term = moving_mean(energies, _SHORT_TERM_HOPS)
    short_term = short_term[lufs(short_term) >= ABSOLUTE_GATE_LUFS]
    if not short_term.size:
        return 0.0
    levels = np.sort(lufs(short_term[lufs(short_term) >= lufs(short_term.mean()) - 20]))
    low, high = (int((len(levels) - 1) * share + 0.5) for share in (0.10, 0.95))
    return float(levels[high] - levels[low])
