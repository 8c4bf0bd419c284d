"""What loudness is made of: the K-weighted energy of every tenth of a second, taken while the sound streams by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HOP_S = 0.1
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = 10.0
"""Below the mean of what is heard: pauses and murmurs say nothing of a level. Source: ITU-R BS.1770-5."""
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
_MOMENTARY_HOPS = 4  # 0.4 s in hops of 0.1 s: the gating block

Energies = NDArray[np.float64]
"""Energy of one hop after the other, summed over weighted channels: float64, shape (n_hops,)."""


class EnergyMeter:
    """Takes sound in blocks of any size and keeps its energies: 80 bytes a second."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        if channels not in WEIGHTS:
            raise ValueError(
                f"{channels} channels: loudness is defined for 1 to 6; is the shape (n_samples, n_channels)?"
            )
        if sample_rate_hz < LOWEST_RATE_HZ:
            raise ValueError(f"a rate of {sample_rate_hz} Hz is below the {LOWEST_RATE_HZ} Hz that can be measured")
        self.hop = round(sample_rate_hz * HOP_S)
        """Samples in a hop."""
        self._weights = np.array(WEIGHTS[channels])[:, None]
        self._filter = _k_weighting(sample_rate_hz)
        self._state = np.zeros((2, channels, 2))
        self._rest = np.zeros((channels, 0))
        self._energies: list[Energies] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take the next samples.

        samples: float, shape (n_channels, n_samples).
        Raises: ValueError for another shape, integers, or samples that are not finite.
        """
        from scipy.signal import sosfilt  # it takes 0.8 s, which a run whose master is stored need not wait for

        self._check(samples)
        if not samples.shape[1]:
            return
        weighted, self._state = sosfilt(self._filter, samples, axis=1, zi=self._state)
        weighted = np.concatenate([self._rest, weighted], axis=1)
        hops = weighted.shape[1] // self.hop
        whole = weighted[:, : hops * self.hop].reshape(len(weighted), hops, self.hop)
        self._rest = weighted[:, hops * self.hop :].copy()
        self._energies.append(self._energy(whole))

    def result(self) -> Energies:
        """The energies of all whole hops so far."""
        return np.concatenate([np.zeros(0), *self._energies])

    def rest(self) -> Energies:
        """The energy of what has begun the next hop, as if silence filled it: shape (1,)."""
        return self._energy(self._rest[:, None, :])

    def _check(self, samples: NDArray[np.float32]) -> None:
        if samples.ndim != 2 or samples.shape[0] != len(self._weights):
            raise ValueError(f"samples have shape {samples.shape}; give ({len(self._weights)}, n_samples)")
        if not np.issubdtype(samples.dtype, np.floating):
            raise ValueError(f"samples are {samples.dtype}; give floating point with full scale 1.0")
        if not np.isfinite(samples).all():
            raise ValueError("samples hold NaN or infinite values; replace them before measuring")

    def _energy(self, weighted: NDArray[np.float64]) -> Energies:
        """Weighted sum over channels of each hop's mean square; weighted: shape (n_channels, n_hops, n_samples)."""
        squares: Energies = np.einsum("chn,chn->ch", weighted, weighted) / self.hop
        weighted_sum: Energies = (squares * self._weights).sum(axis=0)
        return weighted_sum


def lufs(energy: Energies | np.float64) -> NDArray[np.float64]:
    """The loudness of an energy, -inf for none."""
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(energy))


def moving_mean(energies: Energies, hops: int) -> Energies:
    """The mean of every window of so many hops; empty where there is no whole window."""
    return np.convolve(energies, np.full(hops, 1 / hops), "valid") if len(energies) >= hops else np.zeros(0)


def integrated_lufs(energies: Energies) -> float:
    """Gated mean of 0.4 s blocks: above -70 LUFS, then above 10 LU below the mean of those; -inf where none is.

    Source: ITU-R BS.1770-5, Annex 1.
    """
    blocks = moving_mean(energies, _MOMENTARY_HOPS)
    blocks = blocks[lufs(blocks) >= ABSOLUTE_GATE_LUFS]
    if not blocks.size:
        return -np.inf
    blocks = blocks[lufs(blocks) >= lufs(blocks.mean()) - RELATIVE_GATE_LU]
    return float(lufs(blocks.mean()))


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
