"""The round trip: what a voice has said is written down again, and compared with what it was to say."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, AsrEngine

_NO_LETTER = re.compile(r"[\W_]+")


def write_down(engine: AsrEngine, samples: NDArray[np.float32], language: str) -> str:
    """What an engine hears, in pieces of equal length where it takes no more at once.

    samples: float32, shape (n_samples,), 16 kHz, full scale 1.0.
    Raises: EngineFailed.
    """
    longest = engine.capabilities.max_chunk_s * ASR_SAMPLE_RATE_HZ
    edges = np.linspace(0, len(samples), max(1, math.ceil(len(samples) / longest)) + 1).round().astype(int)
    pieces = (engine.transcribe(samples[start:end], language) for start, end in pairwise(edges))
    return " ".join(segment.text for piece in pieces for segment in piece)


def error_rate(said: str, heard: str) -> float:
    """The share of letters that were heard otherwise than they were to be said, 0 to 1.

    Both in words, no digits. Case, punctuation and the gaps between words, which nobody hears, do not count.
    """
    wanted, got = _letters(said), _letters(heard)
    if not wanted:
        return 0.0
    return min(1.0, _distance(wanted, got) / len(wanted))


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text.casefold())


def _distance(one: str, other: str) -> int:
    """How many letters must be put in, left out or changed to make one text of the other (Levenshtein)."""
    codes = np.array([ord(letter) for letter in other], np.int64)
    steps = np.arange(len(codes) + 1)
    row = steps.copy()
    for number, letter in enumerate(one, start=1):
        changed = np.empty_like(row)
        changed[0] = number
        changed[1:] = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(letter)))
        # Leaving letters out costs one each, along the row: a running minimum once the slope is taken away.
        row = np.minimum.accumulate(changed - steps) + steps
    return int(row[-1])
