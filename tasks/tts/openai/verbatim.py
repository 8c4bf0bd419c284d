"""Whether a model that could say anything has said what it was told."""

from __future__ import annotations

import re
import unicodedata

from tasks.text.normalize import normalize

SHORTEST_SLIP = 5
"""A shorter word differs from another word by one letter: `á` and `í`, `kona` and `koma`."""

WORDS_PER_SLIP = 20


def says_the_same(told: str, heard: str, language: str) -> bool:
    """Whether the transcript `heard` is of the words `told`; signs, capitals and the gaps between words don't count.

    The transcript is the model's own text, and it spells as it likes: a number may stand in digits, and one word in
    twenty, of five letters or more, may have one letter too many, too few or another (`kvennanna`, `kvenanna`), unless
    it is the first, which turns `mögulegt` into `ómögulegt`.
    """
    if any(character.isdigit() for character in heard):
        heard = normalize(heard, language).text
    told_words, heard_words = _words(told), _words(heard)
    if "".join(told_words) == "".join(heard_words):
        return True
    if len(told_words) != len(heard_words):
        return False
    others = [pair for pair in zip(told_words, heard_words, strict=True) if pair[0] != pair[1]]
    return len(others) * WORDS_PER_SLIP <= len(told_words) and all(_is_slip(*pair) for pair in others)


def _words(text: str) -> list[str]:
    """Runs of letters and digits, in small composed letters."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFC", text).casefold())


def _is_slip(told: str, heard: str) -> bool:
    """Whether one letter, and not the first, was put in, left out or exchanged."""
    begins = _alike(told, heard)
    ends = _alike(told[begins:][::-1], heard[begins:][::-1])
    shorter, longer = sorted((len(told), len(heard)))
    return begins > 0 and shorter >= SHORTEST_SLIP and longer - begins - ends == 1


def _alike(one: str, other: str) -> int:
    """With how many letters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (letter, same) in pairs if letter != same), min(len(one), len(other)))
