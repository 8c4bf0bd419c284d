"""Loudness and true peak, measured while the sound streams by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.schemas import Loudness

ABSOLUTE_GATE_LUFS = -70.0
LOWEST_RATE_HZ = 4_000  # below, the K-weighting shelf at 1682 Hz comes too near half the rate to have its shape

# By channel: left, right, centre, then the surrounds, which count 1.5 dB more; a low-frequency channel counts nothing.
# Source: ITU-R BS.1770-5, Table 3.
WEIGHTS = {
    1: (1.0,),
    2: (1.0, 1.0),
    3: (1.0, 1.0, 1.0),
    4: (1.0, 1.0, 1.41, 1.41),
    5: (1.0, 1.0, 1.0, 1.41, 1.41),
    6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41),
}
_MOMENTARY_HOPS, _SHORT_TERM_HOPS = 4, 30  # windows of 0.4 s and 3 s in hops of 0.1 s
_TAPS = 12  # a phase, as the interpolator in BS.1770-5, Annex 2
_PEAK_BLOCK = 4_800

Energies = NDArray[np.float64]


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
        if channels not in WEIGHTS:
            raise ValueError(
                f"{channels} channels: loudness is defined for 1 to 6; is the shape (n_samples, n_channels)?"
            )
        if sample_rate_hz < LOWEST_RATE_HZ:
            raise ValueError(f"a rate of {sample_rate_hz} Hz is below the {LOWEST_RATE_HZ} Hz that can be measured")
        self._weights = np.array(WEIGHTS[channels])[:, None]
        self._hop = round(sample_rate_hz / 10)
        self._filter = _k_weighting(sample_rate_hz)
        self._state = np.zeros((2, channels, 2))
        self._rest = np.zeros((channels, 0))
        self._energies: list[Energies] = []
        self._peak = _TruePeak(sample_rate_hz, channels)

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples.

        samples: float, shape (n_channels, n_samples).
        Raises: ValueError for another shape, integers, or samples that are not finite.
        """
        from scipy.signal import sosfilt  # it takes 0.8 s, which a run whose master is stored need not wait for

        self._check(samples)
        if not samples.shape[1]:
            return
        self._peak.push(samples)
        weighted, self._state = sosfilt(self._filter, samples, axis=1, zi=self._state)
        weighted = np.concatenate([self._rest, weighted], axis=1)
        hops = weighted.shape[1] // self._hop
        whole = weighted[:, : hops * self._hop].reshape(len(weighted), hops, self._hop)
        self._rest = weighted[:, hops * self._hop :].copy()
        self._energies.append(self._energy(whole))

    def result(self) -> Loudness:
        """What has been measured so far."""
        energies = np.concatenate([np.zeros(0), *self._energies])
        blocks = _moving_mean(energies, _MOMENTARY_HOPS)
        # Maxima of sound shorter than their window are taken as if silence followed.
        padded = np.concatenate([energies, self._energy(self._rest[:, None, :]), np.zeros(_SHORT_TERM_HOPS)])
        momentary, short_term = (
            _moving_mean(energies if len(energies) >= hops else padded[:hops], hops).max()
            for hops in (_MOMENTARY_HOPS, _SHORT_TERM_HOPS)
        )
        return Loudness(
            integrated_lufs=_integrated_lufs(blocks),
            short_term_max_lufs=float(_lufs(short_term)),
            momentary_max_lufs=float(_lufs(momentary)),
            range_lu=_range_lu(_moving_mean(energies, _SHORT_TERM_HOPS)),
            true_peak_dbtp=self._peak.result_dbtp(),
        )

    def _check(self, samples: NDArray[np.float32]) -> None:
        if samples.ndim != 2 or samples.shape[0] != len(self._weights):
            raise ValueError(f"samples have shape {samples.shape}; give ({len(self._weights)}, n_samples)")
        if not np.issubdtype(samples.dtype, np.floating):
            raise ValueError(f"samples are {samples.dtype}; give floating point with full scale 1.0")
        if not np.isfinite(samples).all():
            raise ValueError("samples hold NaN or infinite values; replace them before measuring")

    def _energy(self, weighted: NDArray[np.float64]) -> Energies:
        """Weighted sum over channels of each hop's mean square; weighted: shape (n_channels, n_hops, n_samples)."""
        squares: Energies = np.einsum("chn,chn->ch", weighted, weighted) / self._hop
        weighted_sum: Energies = (squares * self._weights).sum(axis=0)
        return weighted_sum


class _TruePeak:
    """The highest absolute value between the samples, interpolated to about 192 kHz."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._factor = max(1, round(192_000 / sample_rate_hz))
        length = _TAPS * self._factor + 1
        position = (np.arange(length) - (length - 1) / 2) / self._factor
        self._kernel = np.sinc(position) * np.hanning(length + 2)[1:-1]
        # No interpolated value exceeds the largest sample times this.
        self._overshoot = max(np.abs(self._kernel[phase :: self._factor]).sum() for phase in range(self._factor))
        self._tail = np.zeros((channels, _TAPS))
        self._peak = 0.0

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples."""
        joined = np.concatenate([self._tail, samples], axis=1)
        self._peak = self._highest(joined, self._peak)
        self._tail = joined[:, -_TAPS:].copy()

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
        for start in range(0, samples.shape[1] - _TAPS, _PEAK_BLOCK):
            block = samples[:, start : start + _PEAK_BLOCK + _TAPS]
            # Interpolating only where the maximum can be beaten saves nine tenths of the time.
            for channel in block[np.abs(block).max(axis=1) * self._overshoot > peak]:
                between = upfirdn(self._kernel, channel, up=self._factor)[edge:-edge]
                peak = max(peak, float(np.abs(between).max(initial=0.0)))
        return peak


def _k_weighting(sample_rate_hz: int) -> NDArray[np.float64]:
    """The K filter as second-order sections, exact at every rate.

    Source: ITU-R BS.1770-5, Annex 1; the analogue prototypes behind its 48 kHz coefficients are those of B. De Man,
    "Evaluation of Implementations of the EBU R128 Loudness Measurement" (AES 145, 2018).
    """
    shelf = np.tan(np.pi * 1681.974450955533 / sample_rate_hz)
    quality, high = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    first = [high + band * shelf / quality + shelf**2, 2 * (shelf**2 - high), high - band * shelf / quality + shelf**2]
    first += [1 + shelf / quality + shelf**2, 2 * (shelf**2 - 1), 1 - shelf / quality + shelf**2]
    low = np.tan(np.pi * 38.13547087602444 / sample_rate_hz)
    quality = 0.5003270373238773
    scale = 1 + low / quality + low**2
    second = [1.0, -2.0, 1.0, 1.0, 2 * (low**2 - 1) / scale, (1 - low / quality + low**2) / scale]
    return np.array([np.array(first) / first[3], second])


def _moving_mean(energies: Energies, hops: int) -> Energies:
    return np.convolve(energies, np.full(hops, 1 / hops), "valid") if len(energies) >= hops else np.zeros(0)


def _lufs(energy: Energies | np.float64) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(energy))


def _integrated_lufs(blocks: Energies) -> float:
    """Gated mean of 0.4 s blocks: above -70 LUFS, then above 10 LU below the mean of those."""
    blocks = blocks[_lufs(blocks) >= ABSOLUTE_GATE_LUFS]
    if not blocks.size:
        return -np.inf
    blocks = blocks[_lufs(blocks) >= _lufs(blocks.mean()) - 10]
    return float(_lufs(blocks.mean()))


def _range_lu(short_term: Energies) -> float:
    """Spread between the 10th and the 95th percentile of gated short-term loudness."""
    short_term = short_term[_lufs(short_term) >= ABSOLUTE_GATE_LUFS]
    if not short_term.size:
        return 0.0
    levels = np.sort(_lufs(short_term[_lufs(short_term) >= _lufs(short_term.mean()) - 20]))
    low, high = (int((len(levels) - 1) * share + 0.5) for share in (0.10, 0.95))
    return float(levels[high] - levels[low])
