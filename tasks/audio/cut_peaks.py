"""Peaks that were cut off: samples at full scale, several in a row."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

_SHORTEST_RUN = 3
_END = 0.0005  # of an integer's range, at both ends: converters stop a step short of the last number
_INTEGERS = ("u8", "s16", "s32")
_MOST_PLANAR = 8  # PyAV 18.1 reads past the end of planar frames of more channels

Cut = NDArray[np.bool_]
"""Which samples are at full scale: shape (n_channels, n_samples)."""


class CutPeaks:
    """Counts while sound streams by, in constant memory."""

    def __init__(self) -> None:
        self.samples = 0
        """At full scale, in any channel."""
        self._runs = 0
        self._open: list[int] = []  # length of the run in which each channel's last block ended

    def push(self, cut: Cut) -> None:
        """Take the next samples; channels may come and go."""
        if len(cut) != len(self._open) or (cut.size and not cut.any()):
            self._runs, self._open = self.runs, [0] * len(cut)
        if not cut.any():  # nearly always
            return
        self.samples += int(cut.any(axis=0).sum())
        for channel, of_channel in enumerate(cut):
            self._push_channel(channel, of_channel)

    @property
    def runs(self) -> int:
        """Peaks that were cut: three samples and more at full scale in a row."""
        return self._runs + sum(length >= _SHORTEST_RUN for length in self._open)

    def _push_channel(self, channel: int, cut: Cut) -> None:
        edges = np.flatnonzero(np.diff(cut.astype(np.int8), prepend=0, append=0))
        lengths = [int(length) for length in edges[1::2] - edges[::2]]
        if len(edges) and edges[0] == 0:
            lengths[0] += self._open[channel]
        elif len(cut):
            self._runs += self._open[channel] >= _SHORTEST_RUN
        if len(cut):
            self._open[channel] = lengths.pop() if cut[-1] else 0
        self._runs += sum(length >= _SHORTEST_RUN for length in lengths)


def at_full_scale(frame: AudioFrame) -> Cut:
    """Which samples of a frame of integers are at the end of their range, before anything rounds the corners off.

    Floats have no such end: of them, no sample is.
    """
    channels = frame.layout.nb_channels
    if frame.format.name.rstrip("p") not in _INTEGERS or (frame.format.is_planar and channels > _MOST_PLANAR):
        return np.zeros((channels, frame.samples), np.bool_)
    values = frame.to_ndarray()
    bits = 8 * values.itemsize
    lowest = 0 if bits == 8 else -(2 ** (bits - 1))
    margin = _END * 2**bits
    cut: Cut = (values >= lowest + 2**bits - 1 - margin) | (values <= lowest + margin)
    return cut if frame.format.is_planar else cut.reshape(-1, channels).T
