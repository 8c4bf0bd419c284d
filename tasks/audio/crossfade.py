"""One sound goes while another comes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.audio.samples import Samples

Gains = NDArray[np.float32]


def rising(start: int, end: int, length: int) -> Gains:
    """The gains of samples `start` to `end` of a sound that comes in over `length`; the other one's are its mirror.

    Power rises as a squared sine, so that two unlike sounds are as loud together as each alone: a straight line would
    dip by 3 dB.
    """
    gains: Gains = np.sin((np.arange(start, end) + 0.5) * (np.pi / 2 / max(1, length))).astype(np.float32)
    return gains


def falling(start: int, end: int, length: int) -> Gains:
    """The gains of samples `start` to `end` of a sound that goes over `length`."""
    gains: Gains = np.cos((np.arange(start, end) + 0.5) * (np.pi / 2 / max(1, length))).astype(np.float32)
    return gains


def crossfade(leaving: Samples, coming: Samples) -> Samples:
    """Both in one, as loud all along as they are alone.

    Unlike sounds add up by their power, the same material by its amplitude: how alike they are is measured, and the
    gains lie between those of equal power and a straight line.
    leaving, coming: float32, of one shape (n_channels, n_samples).
    """
    n_samples = leaving.shape[1]
    rise = (np.arange(n_samples) + 0.5) / max(1, n_samples)
    fall = 1 - rise
    norm = np.sqrt(fall**2 + rise**2 + 2 * _likeness(leaving, coming) * fall * rise)
    mixed: Samples = (leaving * (fall / norm) + coming * (rise / norm)).astype(np.float32)
    return mixed


def _likeness(one: Samples, other: Samples) -> float:
    """The correlation of two sounds, from 0 (unlike, or one is the other turned over) to 1 (the same)."""
    product, powers = np.vdot(one, other), np.vdot(one, one) * np.vdot(other, other)
    return float(np.clip(product / np.sqrt(powers), 0.0, 1.0)) if powers > 0 else 0.0
