"""What a voice needs around its raw output: text that it can read, word times, and short edges."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tasks.tts.engine import Speech, SpokenWord

SHAPE_VERSION = 1
"""Raise it when the same raw output becomes another clip."""

AUDIBLE = 10 ** (-50 / 20)  # eSpeak's pauses are digital silence; -50 dBFS keeps the end of a soft consonant
# A voice made from recordings breathes and hisses between its words, softly as its room was or loudly as its gain: what
# is heard is what reaches the level of its loudest moment, less the 45 dB that a soft consonant may lie below it.
HEARD_BELOW_LOUDEST = 10 ** (-45 / 20)
FRAME_S = 0.01
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


def shaped(
    samples: NDArray[np.float32],
    sample_rate_hz: int,
    *,
    text: str = "",
    starts: Sequence[tuple[int, int]] = (),
    hisses: bool = False,
    billed_characters: int = 0,
) -> Speech:
    """The clip without its silent edges, with a time for each word of `text` where the voice tells its starts.

    samples: float32, shape (n_samples,). starts: character and sample at which the voice began each word of its own.
    hisses: whether its pauses hold more than digital silence, as those of every voice made from recordings do.
    """
    audible = np.flatnonzero(_is_heard(samples, sample_rate_hz) if hisses else np.abs(samples) > AUDIBLE)
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
    return Speech(
        samples=samples[np.newaxis, first:last],
        sample_rate_hz=sample_rate_hz,
        words=tuple(words),
        billed_characters=billed_characters,
    )


def _is_heard(samples: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.bool_]:
    """For each sample whether its frame is loud, by its mean, which no single crackle raises. Shape (n_samples,)."""
    size = round(FRAME_S * sample_rate_hz)
    frames = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    loudness = np.sqrt(np.mean(np.square(frames, dtype=np.float64), axis=1))
    threshold = loudness.max(initial=0.0) * HEARD_BELOW_LOUDEST
    return np.repeat((loudness > threshold) & (loudness > 0), size)[: len(samples)]


def _heard(text: str, starts: Sequence[tuple[int, int]], end: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
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
