"""Direct current in a recording: found, and taken out. A bad sound card leaves it, and it costs loudness and clicks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.audio.samples import Samples

LEAST = 1e-3
"""An offset below it, -60 dBFS, is neither heard nor seen."""


def offset_of(blocks: Iterable[Samples]) -> NDArray[np.float64]:
    """The mean of each channel, shape (n_channels,); what is not worth removing counts as none."""
    total, n_samples = np.zeros(1), 0
    for block in blocks:
        total = total + block.sum(axis=1, dtype=np.float64)
        n_samples += block.shape[1]
    offset = total / max(1, n_samples)
    return np.where(np.abs(offset) >= LEAST, offset, 0.0)


def without_offset(blocks: Iterable[Samples], offset: NDArray[np.float64]) -> Iterator[Samples]:
    """The same sound around zero, softer by as much as keeps it within full scale: 0.8 dB for an offset of 0.1."""
    room = np.float32(1 / (1 + np.abs(offset).max(initial=0.0)))
    for block in blocks:
        yield (block - offset[:, None].astype(np.float32)) * room
