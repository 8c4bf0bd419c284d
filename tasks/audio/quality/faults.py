"""What is wrong with samples themselves: cut peaks, an offset, channels that work against each other."""

from __future__ import annotations

import numpy as np

from tasks.audio.cut_peaks import CutPeaks
from tasks.audio.samples import Samples


class Faults:
    """Counts while sound streams by, in constant memory."""

    def __init__(self, channels: int) -> None:
        self.cut_peaks = CutPeaks()
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._n_samples = 0

    def push(self, samples: Samples) -> None:
        """Take the next samples."""
        self._n_samples += samples.shape[1]
        self._sums += samples.sum(axis=1, dtype=np.float64)
        if len(samples) == 2:
            self._products += (samples @ samples.T).astype(np.float64)
        self.cut_peaks.push(samples)

    @property
    def dc(self) -> tuple[float, ...]:
        """The mean of each channel."""
        return tuple(float(mean) for mean in np.round(self._sums / max(1, self._n_samples), 6))

    @property
    def correlation(self) -> float | None:
        """Of two channels, -1 to 1; None where there are not two, or one is silent."""
        power = float(np.sqrt(self._products[0, 0] * self._products[-1, -1]))
        return round(float(self._products[0, 1]) / power, 3) if len(self._sums) == 2 and power > 0 else None
