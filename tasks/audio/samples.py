"""What sound is in this house."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Sound: float32, shape (n_channels, n_samples), full scale 1.0."""

_LOUDEST = 2.0**31  # of any scale that integers were ever written in; beyond it a float is damage


def without_damage(samples: Samples) -> Samples:
    """The same sound with 0 for what is no number, or beyond all numbers that sound was ever written in."""
    broken = ~(np.abs(samples) <= _LOUDEST)  # true for NaN as well
    return np.where(broken, np.float32(0), samples) if broken.any() else samples
