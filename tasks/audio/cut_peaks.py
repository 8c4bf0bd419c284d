"""Peaks that were cut off: samples at full scale, several in a row."""

from __future__ import annotations

from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

FULL_SCALE = 0.999  # 16-bit converters stop a step short of 1.0
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


def at_full_scale(frame: AudioFrame, *, is_lossy: bool) -> Cut:
    """Which samples of a frame are at the end of their range, before anything rounds the corners off.

    Floats of a lossless file have no such end: of them, no sample is. Those that a lossy codec gives had one before
    they were encoded; a cut peak comes back near it, rippled, and so a part of what was cut is found.
    """
    channels = frame.layout.nb_channels
    kind = frame.format.name.rstrip("p")
    is_float = is_lossy and kind == "flt"
    if not (is_float or kind in _INTEGERS) or (frame.format.is_planar and channels > _MOST_PLANAR):
        return np.zeros((channels, frame.samples), np.bool_)
    values = frame.to_ndarray()
    cut: Cut = np.abs(values) >= FULL_SCALE if is_float else _at_an_end(values)
    return cut if frame.format.is_planar else cut.reshape(-1, channels).T


def _at_an_end(values: NDArray[Any]) -> Cut:
    bits = 8 * values.itemsize
    lowest = 0 if bits == 8 else -(2 ** (bits - 1))
    margin = _END * 2**bits
    at_end: Cut = (values >= lowest + 2**bits - 1 - margin) | (values <= lowest + margin)
    return at_end
