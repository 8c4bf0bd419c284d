"""Peaks that were cut off: several samples in a row at full scale, or at one lower ceiling that nothing exceeds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from tasks.audio.runs import runs_of
from tasks.audio.samples import Samples, without_damage

_FULL_SCALE = 0.999  # 16-bit converters stop a step short of 1.0
_SHORTEST_RUN = 3
_FLAT = 1e-4  # three steps of 16 bits: what was cut, turned down and dithered is still as flat as that
_LOWEST_CEILING = 0.1
_HIGHEST = {"u8": 2.0**7 - 1, "s16": 2.0**15 - 1, "s32": 2.0**31 - 1}  # integers
_KINDS = (*_HIGHEST, "flt", "dbl")  # all that PyAV makes an array of
_MOST_PLANAR = 7  # of eight, PyAV 18.1 looks for a ninth plane, and crashes
_BLOCK = 1 << 16  # samples of a file's channel that are looked at together

Heights = NDArray[np.float32]
"""How far one half of a channel's wave rises from zero, up or down: shape (n_samples,), full scale 1.0."""


class CutCount(NamedTuple):
    """How much was cut, all channels together."""

    samples: int
    runs: int
    """Peaks: three such samples and more in a row."""


class CutPeaks:
    """Counts what is at full scale while sound streams by, in constant memory."""

    def __init__(self) -> None:
        self._samples = self._runs = 0
        self._open: list[int] = []  # length of the run in which the last block ended, of each half of each channel

    def push(self, samples: Samples) -> None:
        """Take the next samples; channels may come and go."""
        is_below = not samples.size or max(samples.max(), -samples.min()) < _FULL_SCALE  # nearly always
        if is_below or len(self._open) != 2 * len(samples):
            self._runs, self._open = self.result().runs, [0] * 2 * len(samples)
        if not is_below:
            self._open = [self._end_of(*half) for half in zip(_halves(samples), self._open, strict=True)]

    def result(self) -> CutCount:
        """Of all that was taken so far."""
        return CutCount(self._samples, self._runs + sum(length >= _SHORTEST_RUN for length in self._open))

    def _end_of(self, heights: Heights, open_length: int) -> int:
        """Count what ends here, and tell how long the run is that does not."""
        cut = heights >= _FULL_SCALE
        lengths = np.diff(runs_of(cut)).ravel()
        self._samples += int(lengths.sum())
        if cut[0]:
            lengths[0] += open_length
        else:
            lengths = np.insert(lengths, 0, open_length)
        ended, still_open = (lengths[:-1], int(lengths[-1])) if cut[-1] else (lengths, 0)
        self._runs += int((ended >= _SHORTEST_RUN).sum())
        return still_open


class CutInFile:
    """Counts in the frames of a file, before anything rounds the corners off.

    Integers end at full scale. What a lossless file holds is searched for flat tops besides, as a recording may have
    been turned down after it was cut, or one of its channels. A lossy codec makes ripples of them: a part of what was
    cut at full scale is found in what it gives, and nothing below.
    """

    def __init__(self) -> None:
        self._earlier = CutCount(0, 0)  # in frames of another kind
        self._kind = ("", 0, False)
        self._waiting: list[NDArray[np.generic]] = []
        self._n_waiting = 0
        self._at_full_scale = CutPeaks()
        self._flat_tops: list[_FlatTop] = []
        self._step = 0.0

    def push(self, frame: AudioFrame, *, is_lossy: bool) -> None:
        """Take the next frame; of 64-bit integers, and of planar frames with more than 7 channels, nothing is told.

        is_lossy: whether a lossy codec gave it.
        """
        channels, is_planar, name = frame.layout.nb_channels, frame.format.is_planar, frame.format.name.rstrip("p")
        if name not in _KINDS or not frame.samples or (is_planar and channels > _MOST_PLANAR):
            return
        if (kind := (name, channels, is_lossy)) != self._kind:
            self._earlier, self._kind, self._step = self.result(), kind, 0.0
            self._at_full_scale, self._flat_tops = CutPeaks(), [_FlatTop() for _ in range(2 * channels)]
        values = frame.to_ndarray()
        self._waiting.append(values if is_planar else values.reshape(-1, channels).T)
        self._n_waiting += frame.samples
        if self._n_waiting >= _BLOCK:
            self._look()

    def result(self) -> CutCount:
        """Of all that was taken so far."""
        self._look()
        tops = [top.result() for top in self._flat_tops if self._step <= _FLAT]
        at_ceiling = CutCount(sum(top.samples for top in tops), sum(top.runs for top in tops))
        most = max(self._at_full_scale.result(), at_ceiling, key=lambda count: count.runs)
        return CutCount(self._earlier.samples + most.samples, self._earlier.runs + most.runs)

    def _look(self) -> None:
        if not self._waiting:
            return
        name, _, is_lossy = self._kind
        highest = _HIGHEST.get(name)
        samples = _scaled(np.concatenate(self._waiting, axis=1), highest)
        self._waiting, self._n_waiting = [], 0
        if highest or is_lossy:  # other floats go beyond it
            self._at_full_scale.push(samples)
        if not is_lossy:
            if not 0 < self._step <= _FLAT:
                self._step = _step_of(samples, self._step, highest)
            for top, heights in zip(self._flat_tops, _halves(samples), strict=True):
                top.push(heights)


class _FlatTop:
    """Counts how often one half of one channel stays at the highest level that it reaches."""

    def __init__(self) -> None:
        self._samples = self._runs = 0
        self._ceiling = _LOWEST_CEILING
        self._held = np.zeros(0, np.float32)  # the run in which the last block ended, and what lies before it

    def push(self, heights: Heights) -> None:
        """Take the next ones."""
        highest = float(heights.max())
        if highest < self._ceiling - _FLAT and len(self._held) == 1:  # nearly always
            self._held = heights[-1:]
            return
        if highest > self._ceiling + _FLAT:  # what was flat before lay lower, and was not cut
            self._ceiling, self._samples, self._runs = highest, 0, 0
        heights = np.concatenate([self._held, heights])
        is_below = heights < self._ceiling - _FLAT
        last_below = len(heights) - 1 - int(np.argmax(is_below[::-1]))
        samples, runs = self._counted(heights[: last_below + 1])
        self._samples, self._runs = self._samples + samples, self._runs + runs
        self._held = heights[max(last_below, len(heights) - _BLOCK) :].copy()

    def result(self) -> CutCount:
        """Of all that was taken so far."""
        samples, runs = self._counted(self._held)
        return CutCount(self._samples + samples, self._runs + runs)

    def _counted(self, heights: Heights) -> CutCount:
        """The runs beside which the level falls all at once; a round peak is flat for a moment, too.

        Where n samples of a parabola lie within a height, the next one lies within ((n + 1) / (n - 1)) ** 2 of it.
        """
        starts, ends = runs_of(heights >= self._ceiling - _FLAT).T
        is_run = ends - starts >= _SHORTEST_RUN
        starts, ends = starts[is_run], ends[is_run]
        lengths = ends - starts
        # What lies beyond the first and the last one is not known: as if it went on there.
        beside = np.minimum(heights[np.maximum(starts - 1, 0)], heights[np.minimum(ends, len(heights) - 1)])
        has_corner = heights[starts] - beside >= 2 * _FLAT * ((lengths + 1) / (lengths - 1)) ** 2
        return CutCount(int(lengths[has_corner].sum()), int(has_corner.sum()))


def _halves(samples: Samples) -> list[Heights]:
    return [sign * channel for channel in samples for sign in (1, -1)]


def _scaled(values: NDArray[np.generic], highest: float | None) -> Samples:
    if highest is None:
        with np.errstate(over="ignore"):
            return without_damage(values.astype(np.float32, copy=False))
    zero = np.float32(128 if values.dtype == np.uint8 else 0)
    return (values.astype(np.float32) - zero) / np.float32(highest)


def _step_of(samples: Samples, step: float, highest: float | None) -> float:
    """What all differences are multiples of, `step` among them; 0 where there are none.

    All that can be had of 8 bits has coarse ones, also where it was written as 16 bits; each soft top is flat there.
    """
    unit = 1 / min(highest or np.inf, 2.0**23)  # float32 holds 24 bits
    differences = np.append(np.diff(np.rint(samples.astype(np.float64) / unit)), step / unit)
    return float(np.gcd.reduce(np.rint(differences).astype(np.int64))) * unit
