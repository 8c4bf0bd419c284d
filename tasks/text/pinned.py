"""The readings that an author settles beside the words: `sub` and `say-as`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from tasks.errors import InvalidScript
from tasks.schemas import Line, Mark, Span
from tasks.text.normalize import english_words, normalize, numbers, spelling

_PARTS = re.compile(r"\d+")
_ORDERS = {"dmy": (0, 1, 2), "mdy": (1, 0, 2), "ymd": (2, 1, 0)}
Reader = Callable[[str], str]


def pinned_by_marks(line: Line, language: str) -> tuple[Span, ...]:
    """The readings that the marks of a line settle, over its text.

    Raises: InvalidScript that names the line, where a word cannot be read as its mark says.
    """
    return tuple(
        Span(
            start=mark.start,
            end=mark.end,
            written=line.text[mark.start : mark.end],
            kind=mark.kind,
            spoken=_spoken(line, mark, language),
        )
        for mark in line.marks
        if mark.kind in ("sub", "say-as")
    )


def _spoken(line: Line, mark: Mark, language: str) -> str:
    if mark.kind == "sub":
        return normalize(mark.settings["alias"], language).text
    written, how = line.text[mark.start : mark.end], mark.settings["interpret-as"]
    if how == "date":
        written = _day_first(written, mark.settings.get("format", "dmy"), language)
    readers = READERS.get(language, {})
    try:
        return readers[how](written) if how in readers else normalize(written, language).text
    except ValueError:
        raise InvalidScript(
            f"line {line.number}: {written[:40]!r} cannot be said as {how}; write what can, or leave the mark out"
        ) from None


def _day_first(written: str, order: str, language: str) -> str:
    """A date in numbers as its language writes it, so that the normaliser knows it for one."""
    parts = _PARTS.findall(written)
    if len(parts) != 3 or _PARTS.sub("", written).strip(" ./-"):
        return written
    day, month, year = (parts[place] for place in _ORDERS[order])
    return f"{month}/{day}/{year}" if language == "en" else f"{day}.{month}.{year}"


def _spelled(letters: Callable[[str], str], digits: Callable[[str], str]) -> Reader:
    def read(written: str) -> str:
        plain = unicodedata.normalize("NFKC", written)  # ² is a two, Ⅷ are letters
        signs = [digits(sign) if sign.isdecimal() else letters(sign) for sign in plain if sign.isalnum()]
        if not signs:
            raise ValueError(written)
        return " ".join(signs)

    return read


def _digits(digits: Callable[[str], str]) -> Reader:
    def read(written: str) -> str:
        spoken = digits(written)
        if not spoken or any(sign.isalpha() for sign in written):
            raise ValueError(written)
        return spoken

    return read


def _counted(words: Callable[[int], str]) -> Reader:
    def read(written: str) -> str:
        return words(int(re.sub(r"[.,\s]", "", written)))

    return read


READERS: dict[str, dict[str, Reader]] = {
    "is": {
        "characters": _spelled(spelling.spelled, numbers.digits),
        "digits": _digits(numbers.digits),
        "telephone": _digits(numbers.digits),
        "cardinal": _counted(numbers.cardinal),
        "ordinal": _counted(numbers.ordinal),
    },
    "en": {
        "characters": _spelled(str.upper, english_words.digits),
        "digits": _digits(english_words.digits),
        "telephone": _digits(english_words.digits),
        "cardinal": _counted(english_words.cardinal),
        "ordinal": _counted(english_words.ordinal),
    },
}
"""How each language reads what a `say-as` names; dates and times are the normaliser's own."""
