"""Unbroken stretches of what is true."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def runs_of(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where each stretch starts, and one after its end; mask: shape (n,). Shape (n_runs, 2), in order."""
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    return edges.astype(np.int64, copy=False).reshape(-1, 2)
