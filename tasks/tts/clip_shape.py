"""What a voice needs around its raw output: text that it can read, word times, and short edges."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.tts.engine import Speech, SpokenWord

SHAPE_VERSION = 1
"""Raise it when the same raw output becomes another clip."""

AUDIBLE = 10 ** (-50 / 20)  # eSpeak's pauses are digital silence; -50 dBFS keeps the end of a soft consonant
HEAD_S, TAIL_S = 0.02, 0.06  # the pauses between clips are set where they are put together, not here
SILENCE_S = 0.1
JOINERS = "\u200c\u200d"  # letters of Persian and Indian scripts depend on them


def is_speakable(text: str) -> bool:
    """Whether anything in `text` has a sound: a letter, a digit or a symbol, not punctuation alone."""
    return any(unicodedata.category(character)[0] in "LNS" for character in text)


def speakable(text: str) -> tuple[str, list[int]]:
    """`text` in composed letters without control or invisible characters, and where each character comes from.

    A decomposed letter (`o` and a combining accent) is read as two otherwise. The second value has one index into
    `text` for each character of the first.
    """
    said: list[str] = []
    positions: list[int] = []
    for match in re.finditer(r"(?s).[\u0300-\u036f]*", text):
        for character in unicodedata.normalize("NFC", match[0]):
            category = unicodedata.category(character)
            if category == "Cf" and character not in JOINERS:
                continue
            said.append(" " if category in ("Cc", "Cs") else character)
            positions.append(match.start())
    return "".join(said), positions


def silence(sample_rate_hz: int) -> Speech:
    """A clip in which nothing is said."""
    samples = np.zeros((1, round(SILENCE_S * sample_rate_hz)), dtype=np.float32)
    return Speech(samples=samples, sample_rate_hz=sample_rate_hz)


def shaped(samples: NDArray[np.float32], sample_rate_hz: int, *, text: str, starts: list[tuple[int, int]]) -> Speech:
    """The clip without its silent edges, with a time for each word of `text`.

    samples: float32, shape (n_samples,). starts: character and sample at which the voice began each word of its own.
    """
    audible = np.flatnonzero(np.abs(samples) > AUDIBLE)
    if audible.size == 0:
        return silence(sample_rate_hz)
    first = max(0, int(audible[0]) - round(HEAD_S * sample_rate_hz))
    last = min(len(samples), int(audible[-1]) + round(TAIL_S * sample_rate_hz))
    words = []
    for (start, end), (begins, ends) in _heard(text, starts, len(samples)):
        inside = audible[np.searchsorted(audible, begins) : np.searchsorted(audible, ends)]
        heard = (int(inside[0]), int(inside[-1]) + 1) if inside.size else (begins, begins)
        start_s, end_s = (float(np.clip(at - first, 0, last - first)) / sample_rate_hz for at in heard)
        words.append(SpokenWord(start=start, end=end, start_s=start_s, end_s=end_s))
    return Speech(samples=samples[np.newaxis, first:last], sample_rate_hz=sample_rate_hz, words=tuple(words))


def _heard(text: str, starts: list[tuple[int, int]], end: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Each word of the text as it stands between spaces, and the samples from its own beginning to the next one's.

    A voice divides words otherwise than a text does: it says `25%` as two and `fine-tuned` as one.
    """
    tokens = [match.span() for match in re.finditer(r"\S+", text)]
    begins: dict[tuple[int, int], int] = {}
    index = 0
    for character, sample in sorted(starts, key=lambda start: start[1]):
        while index < len(tokens) - 1 and character >= tokens[index][1]:
            index += 1
        begins.setdefault(tokens[index], sample)
    boundaries = [*begins.values(), end]
    return list(zip(begins, pairwise(boundaries), strict=True))
