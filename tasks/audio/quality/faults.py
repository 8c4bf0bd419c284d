"""What is wrong with samples themselves: cut peaks, an offset, channels that work against each other."""

from __future__ import annotations

import numpy as np

from tasks.audio.samples import Samples

FULL_SCALE = 0.999  # 16-bit converters stop a step short of 1.0, and resampling rounds a cut peak's corners
_SHORTEST_RUN = 3


class Faults:
    """Counts while sound streams by, in constant memory."""

    def __init__(self, channels: int) -> None:
        self.clipped_samples = 0
        self._runs = 0
        self._open = [0] * channels  # length of the run in which each channel's last block ended
        self._sums = np.zeros(channels)
        self._products = np.zeros((channels, channels))
        self._n_samples = 0

    def push(self, samples: Samples) -> None:
        """Take the next samples."""
        self._n_samples += samples.shape[1]
        self._sums += samples.sum(axis=1, dtype=np.float64)
        if len(samples) == 2:
            self._products += (samples @ samples.T).astype(np.float64)
        clipped = np.abs(samples) >= FULL_SCALE
        self.clipped_samples += int(clipped.any(axis=0).sum())
        for channel, cut in enumerate(clipped):
            self._push_channel(channel, cut)

    @property
    def clipped_runs(self) -> int:
        """Peaks that were cut: three samples and more at full scale in a row."""
        return self._runs + sum(length >= _SHORTEST_RUN for length in self._open)

    @property
    def dc(self) -> tuple[float, ...]:
        """The mean of each channel."""
        return tuple(float(mean) for mean in np.round(self._sums / max(1, self._n_samples), 6))

    @property
    def correlation(self) -> float | None:
        """Of two channels, -1 to 1; None where there are not two, or one is silent."""
        power = float(np.sqrt(self._products[0, 0] * self._products[-1, -1]))
        return round(float(self._products[0, 1]) / power, 3) if len(self._sums) == 2 and power > 0 else None

    def _push_channel(self, channel: int, cut: np.ndarray) -> None:
        edges = np.flatnonzero(np.diff(cut.astype(np.int8), prepend=0, append=0))
        lengths = [int(length) for length in edges[1::2] - edges[::2]]
        if len(edges) and edges[0] == 0:
            lengths[0] += self._open[channel]
        elif len(cut):
            self._runs += self._open[channel] >= _SHORTEST_RUN
        if len(cut):
            self._open[channel] = lengths.pop() if cut[-1] else 0
        self._runs += sum(length >= _SHORTEST_RUN for length in lengths)
