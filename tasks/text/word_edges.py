"""What stands around a word that is said otherwise: ends of sentences, and numbers and addresses that it is part of."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from tasks.text.language import SMALL_WORDS
from tasks.text.normalize.abbreviations import read_abbreviation
from tasks.text.normalize.patterns import PATTERNS

FULL_STOPS = frozenset({".", "!", "?", "…"})

_ADDRESS = re.compile("|".join(pattern for kind, pattern in PATTERNS if kind in {"email", "web", "handle", "hashtag"}))
_MAY_HOLD_ADDRESS = re.compile(r"[.@#]\w|://")
_OPENERS = " \t\n\u00a0\"'„“”«»‚‘’([–—-"
_CLOSERS = "\"'“”»’)]"
_FOLLOWING = re.compile(r"\s+[\"'„“”«(]*([^\W\d_]+)")
_NEAR = 16  # characters before a word that tell whether it begins a sentence
_FAR = 64  # characters after it that hold the next word


def addresses_in(text: str) -> list[tuple[int, int]]:
    """Where web and e-mail addresses, handles and hashtags stand, in order: each is read as a whole."""
    return [match.span() for match in _ADDRESS.finditer(text)] if _MAY_HOLD_ADDRESS.search(text) else []


def is_inside(addresses: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Whether `start:end` cuts one of `addresses`: it may stand over a whole one, and not over a part."""
    first = bisect_right(addresses, start, key=lambda address: address[1])
    after = bisect_left(addresses, end, key=lambda address: address[0])
    # addresses do not overlap, so that only the first and the last can reach beyond it
    touched = addresses[first:after]
    return bool(touched) and (touched[0][0] < start or end < touched[-1][1])


def is_in_number(text: str, start: int, end: int) -> bool:
    """Whether this is a digit of a longer number, date or time: 24 in 24.12. or 1.24."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return (text[start].isdigit() and bool(re.fullmatch(r"\d[.,:/–-]", before))) or (
        text[end - 1].isdigit() and bool(re.fullmatch(r"[.,:/–-]\d", after))
    )


def capitalised(spoken: str, text: str, start: int) -> str:
    """With a capital where the word at `start` begins a sentence with one: engines cut sentences at capitals."""
    before = text[max(0, start - _NEAR) : start].rstrip(_OPENERS)
    begins = before[-1:] in FULL_STOPS or (not before and start <= _NEAR)
    return spoken[:1].upper() + spoken[1:] if begins and text[start].isupper() else spoken


def keeps_full_stop(text: str, start: int, end: int, language: str) -> bool:
    """Whether `start:end` is an abbreviation whose full stop ends a sentence too, and has to stay in the text."""
    if text[end - 1] != "." or end - start < 2:
        return False
    rest = text[end : end + _FAR].lstrip(_CLOSERS)
    following = _FOLLOWING.match(rest)
    if not following or not following[1][0].isupper():
        return not rest.strip()
    known = read_abbreviation(text[start:end])
    # "xf. Hún", and not "xf. Jón": what is never a name has its capital from a full stop
    small_words = SMALL_WORDS.get(language.lower().partition("-")[0], "").split()
    return known.may_end_sentence if known else following[1].lower() in small_words
