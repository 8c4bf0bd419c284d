"""A text in pieces that a model says well: sentences, as far as they are neither too short nor too long."""

from __future__ import annotations

import re
from collections.abc import Iterator


def ends_a_sentence(text: str) -> bool:
    """Whether a reader pauses here as long as between sentences."""
    return bool(re.search(r'[.!?…]["”“»)]*\s*$', text))


def sentences_of(text: str, *, shortest: int, longest: int) -> Iterator[str]:
    """Sentence by sentence: a short one with the next, a long one cut at a clause, at a word, or where it must be."""
    waiting = ""
    for sentence in re.findall(r'(?s).+?(?:[.!?…]+["”“»)]*(?:\s|\Z)|\n|\Z)', text):
        if len(waiting) >= shortest or len(waiting + sentence) > longest:
            yield from filter(str.strip, [waiting])
            waiting = ""
        waiting += sentence
        while len(waiting) > longest:
            at = _bound(waiting[:longest])
            yield waiting[:at]
            waiting = waiting[at:]
    yield from filter(str.strip, [waiting])


def _bound(text: str) -> int:
    """Where a text that is too long is best cut."""
    for bound in (r"[;:,—…)”] ", " "):
        if ends := [found.end() for found in re.finditer(bound, text)]:
            return ends[-1]
    return len(text)
