"""What sound is in this house."""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Sound: float32, shape (n_channels, n_samples), full scale 1.0."""
