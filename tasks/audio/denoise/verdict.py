"""Where noise is taken out, and where sound is left alone: decided in cells of two seconds, from levels alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.audio.levels import FRAME_S, Levels, speech_change_db, speech_level
from tasks.audio.music import CELL_S, touching

CLEAN_SNR_DB, SURELY_CLEAN_SNR_DB = 30.0, 33.0  # what an engine would take from cleaner sound, it takes from speech
MOST_SPEECH_LOST_DB = 1.5  # DeepFilterNet 3 takes 0.2 dB from clear speech (measured)
# Speech as loud as its noise loses 0.7 to 2.4 dB while its SI-SDR gains 8 to 15 (measured): there it is worth it.
LOUD_NOISE_SNR_DB, MOST_LOST_IN_LOUD_NOISE_DB = 20.0, 3.0
_AROUND = 2  # cells on each side that are looked at together: ten seconds hold speech and its pauses
CELL_FRAMES = round(CELL_S / FRAME_S)

Cells = NDArray[np.bool_]
"""A yes or no for each two seconds, shape (n_cells,)."""


def clean_cells(levels: Levels) -> Cells:
    """Where speech is so far above what lies under it that there is nothing to do.

    A long pause is judged by what is said before and after it: a clean recording's room stays, also where nobody
    speaks, and a noisy one's noise does not come back there.
    """
    found = [speech_level(levels[around]) for around in _surroundings(len(levels))]
    snr_db = np.array([each.snr_db for each in found])
    spoken = np.flatnonzero([each.is_speech.any() for each in found])
    if spoken.size:
        snr_db = np.interp(np.arange(len(snr_db)), spoken, snr_db[spoken])
    return ~touching(snr_db < CLEAN_SNR_DB, snr_db < SURELY_CLEAN_SNR_DB)


def lost_cells(before: Levels, after: Levels) -> Cells:
    """Where an engine took speech along with the noise."""
    return np.array([_is_lost(before[around], after[around]) for around in _surroundings(len(before))], bool)


def frames_of(cells: Cells, n_frames: int) -> NDArray[np.bool_]:
    """The frames that lie in these cells, shape (n_frames,)."""
    return np.repeat(cells, CELL_FRAMES)[:n_frames]


def _is_lost(before: Levels, after: Levels) -> bool:
    in_loud_noise = speech_level(before).snr_db < LOUD_NOISE_SNR_DB
    most_db = MOST_LOST_IN_LOUD_NOISE_DB if in_loud_noise else MOST_SPEECH_LOST_DB
    return speech_change_db(before, after) < -most_db


def _surroundings(n_frames: int) -> Iterator[slice]:
    """For each cell, the frames around it."""
    for cell in range(-(-n_frames // CELL_FRAMES)):
        yield slice(max(0, cell - _AROUND) * CELL_FRAMES, (cell + _AROUND + 1) * CELL_FRAMES)
