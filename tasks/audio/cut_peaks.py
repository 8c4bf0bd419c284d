"""Peaks that were cut off: several samples in a row at full scale, or at one lower ceiling that nothing exceeds."""

from __future__ import annotations

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

FULL_SCALE = 0.999  # 16-bit converters stop a step short of 1.0
_SHORTEST_RUN = 3
_FLAT = 1e-4  # three steps of 16 bits: what was cut, turned down and dithered is still as flat as that
_LOWEST_CEILING = 0.1
_COARSEST_BITS = 16  # of 8 bits, the tops of soft sounds are flat as they are
_KINDS = ("u8", "s16", "s32", "flt", "dbl")  # all that PyAV makes an array of
_MOST_PLANAR = 7  # of eight, PyAV 18.1 looks for a ninth plane, and crashes

Cut = NDArray[np.bool_]
"""Which samples are cut: shape (n_channels, n_samples)."""


class CutPeaks:
    """Counts while sound streams by, in constant memory."""

    def __init__(self) -> None:
        self.samples = 0
        """That are cut, in any channel."""
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
        """Peaks that were cut: three such samples and more in a row."""
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


class CutInFile:
    """Counts in the frames of a file, before anything rounds the corners off.

    Integers end at full scale. What a lossless file holds is searched for flat tops besides, as a recording may have
    been turned down after it was cut. A lossy codec makes ripples of them: a part of what was cut at full scale is
    found in what it gives, and nothing below.
    """

    def __init__(self) -> None:
        self._at_full_scale, self._at_ceiling = CutPeaks(), CutPeaks()
        self._ceiling = _LOWEST_CEILING

    @property
    def samples(self) -> int:
        """That are cut, in any channel."""
        return self._most.samples

    @property
    def runs(self) -> int:
        """Peaks that were cut."""
        return self._most.runs

    def push(self, frame: AudioFrame, *, is_lossy: bool) -> None:
        """Take the next frame; of 64-bit integers, and of planar frames with more than 7 channels, nothing is told.

        is_lossy: whether a lossy codec gave it.
        """
        channels, kind = frame.layout.nb_channels, frame.format.name.rstrip("p")
        if kind not in _KINDS or not frame.samples or (frame.format.is_planar and channels > _MOST_PLANAR):
            return
        levels, bits = _levels(frame.to_ndarray())
        levels = levels if frame.format.is_planar else levels.reshape(-1, channels).T
        if bits or is_lossy:
            self._at_full_scale.push(levels >= FULL_SCALE - (2.0 ** (1 - bits) if bits else 0.0))
        if not is_lossy and (not bits or bits >= _COARSEST_BITS):
            self._push_flat_tops(levels)

    def _push_flat_tops(self, levels: NDArray[np.float32]) -> None:
        highest = float(levels.max(initial=0.0))
        if highest > self._ceiling + _FLAT:  # what was flat before lay lower, and was not cut
            self._ceiling, self._at_ceiling = highest, CutPeaks()
        at_ceiling = levels >= self._ceiling - _FLAT
        if at_ceiling.any():
            at_ceiling = np.stack([_with_corners(*channel) for channel in zip(at_ceiling, levels, strict=True)])
        self._at_ceiling.push(at_ceiling)

    @property
    def _most(self) -> CutPeaks:
        return max(self._at_full_scale, self._at_ceiling, key=lambda peaks: peaks.runs)


def _levels(values: NDArray[np.generic]) -> tuple[NDArray[np.float32], int]:
    """The distance of each value from silence, 1 for full scale; and the bits of an integer, 0 for floats."""
    if values.dtype.kind == "f":
        return np.abs(values).astype(np.float32, copy=False), 0
    bits = 8 * values.itemsize
    zero = np.float32(128 if bits == 8 else 0)
    return np.abs(values.astype(np.float32) - zero) / np.float32(2 ** (bits - 1)), bits


def _with_corners(near: NDArray[np.bool_], levels: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The runs beside which the level falls all at once; a round peak is flat for a moment, too. Shape (n_samples,).

    Where n samples of a parabola lie within a height, the next one lies within ((n + 1) / (n - 1)) ** 2 of it.
    """
    starts, ends = np.flatnonzero(np.diff(near.astype(np.int8), prepend=0, append=0)).reshape(-1, 2).T
    lengths = np.maximum(ends - starts, _SHORTEST_RUN)
    beside = np.pad(levels, 1)  # what lies beyond the frame is not known: as if it fell there
    falls = levels[starts] - np.minimum(beside[starts], beside[ends + 1])
    has_corner = falls >= 2 * _FLAT * ((lengths + 1) / (lengths - 1)) ** 2
    cut = near.copy()
    cut[near] = np.repeat(has_corner, ends - starts)
    return cut
