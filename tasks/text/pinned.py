"""The readings that an author settles beside the words: `sub` and `say-as`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from tasks.errors import InvalidScript
from tasks.schemas import Line, Mark, Span
from tasks.text.normalize import english_words, normalize, numbers, spelling
from tasks.text.normalize.tables import MONTH_NAMES

Reader = Callable[[str], str]

_KINDS = {"cardinal": {"number"}, "ordinal": {"ordinal"}, "date": {"date", "year"}, "time": {"time"}}
"""What the normaliser calls the readings that fulfil a `say-as`."""
_ORDERS = {"dmy": (0, 1, 2), "mdy": (1, 0, 2), "ymd": (2, 1, 0)}
_CARDINALS = {
    "is": re.compile(r"[-−]?(?:\d{1,3}(?:[. ]\d{3})+|\d{1,15})(?:,\d{1,12})?"),
    "en": re.compile(r"[-−]?(?:\d{1,3}(?:[, ]\d{3})+|\d{1,15})(?:\.\d{1,12})?"),
}
_ORDINAL = re.compile(r"(\d{1,3}(?:[., ]\d{3})+|\d{1,15})(?:\.|st|nd|rd|th)?")
_DATE = re.compile(r"(\d{1,4})[-./ ]{1,2}(\d{1,2})(?:[-./ ]{1,2}(\d{1,4}))?\.?")
_CLOCK = re.compile(r"([01]?\d|2[0-4])(?:[.:]([0-5]\d))?")
_CONTEXT = 200  # characters to each side: a sentence, so that a long line is not read again for each of its marks


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
    readers = READERS.get(language.lower().partition("-")[0])
    if readers is None:
        return normalize(written, language).text
    try:
        if how in ("characters", "digits", "telephone"):
            return readers[how](written)
        known = _known(written, how, mark.settings.get("format", "dmy"), language)
        return _in_sentence(line, mark, known, language) or readers[how](known)
    except ValueError:
        raise InvalidScript(
            f"line {line.number}: {written[:40]!r} cannot be said as {how}; write what can, or leave the mark out"
        ) from None


def _known(written: str, how: str, order: str, language: str) -> str:
    """The same in the one form that the normaliser takes for nothing else.

    Raises: ValueError where there is none, as for the 32nd of a month.
    """
    english = language.lower().startswith("en")
    if how == "cardinal" and not _CARDINALS["en" if english else "is"].fullmatch(written):
        raise ValueError(written)
    if how == "ordinal":
        if not (match := _ORDINAL.fullmatch(written)):
            raise ValueError(written)
        return f"{_whole(match[1])}{'th' if english else '.'}"
    if how == "date" and (match := _DATE.fullmatch(written)):
        return _dated(match, order, english=english)
    if how == "time" and re.fullmatch(r"[\d.:]{1,5}", written):
        if not (match := _CLOCK.fullmatch(written)):
            raise ValueError(written)
        return f"{int(match[1])}:{match[2] or '00'}"
    return written


def _dated(match: re.Match[str], order: str, *, english: bool) -> str:
    parts = [int(part) for part in match.groups() if part]
    if len(parts) == 3:
        if len(match[1]) == 4:
            order = "ymd"  # whatever the order, no day and no month has four digits
        day, month, year = (parts[place] for place in _ORDERS[order])
        if year < 100:
            year += 2000 if year < 50 else 1900  # as the normaliser reads two digits: the years around us
        return date(year, month, day).isoformat()
    day, month = (parts[place] for place in _ORDERS["dmy" if order == "ymd" else order][:2])
    date(2000, month, day)
    return f"{english_words.MONTHS[month - 1]} {day}" if english else f"{day}. {MONTH_NAMES[month - 1]}"


def _in_sentence(line: Line, mark: Mark, known: str, language: str) -> str | None:
    """How the normaliser reads it where it stands, agreeing with the words around it; None where it reads no such."""
    before = line.text[max(0, mark.start - _CONTEXT) : mark.start]
    place = (len(before), len(before) + len(known))
    spoken = normalize(before + known + line.text[mark.end :][:_CONTEXT], language)
    kinds = _KINDS[mark.settings["interpret-as"]]
    found = (span.spoken.strip() for span in spoken.spans if (span.start, span.end) == place and span.kind in kinds)
    return next(found, None)


def _by_normaliser(how: str, language: str) -> Reader:
    def read(written: str) -> str:
        spoken = normalize(written, language)
        if not any(span.kind in _KINDS[how] for span in spoken.spans):
            raise ValueError(written)
        return spoken.text

    return read


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


def _whole(written: str) -> int:
    return int(re.sub(r"[-−., ]|st|nd|rd|th", "", written))


def _icelandic_cardinal(written: str) -> str:
    sign = "mínus " if written[0] in "-−" else ""
    # a year-like number that is to be counted is not said in hundreds
    return sign + (numbers.amount(written) if "," in written else numbers.cardinal(_whole(written)))


READERS: dict[str, dict[str, Reader]] = {
    "is": {
        "characters": _spelled(spelling.spelled, numbers.digits),
        "digits": _digits(numbers.digits),
        "telephone": _digits(numbers.digits),
        "cardinal": _icelandic_cardinal,
        "ordinal": lambda written: numbers.ordinal(_whole(written)),
        "date": _by_normaliser("date", "is"),
        "time": _by_normaliser("time", "is"),
    },
    "en": {
        "characters": _spelled(str.upper, english_words.digits),
        "digits": _digits(english_words.digits),
        "telephone": _digits(english_words.digits),
        "cardinal": lambda written: english_words.amount(written.replace(" ", "")),
        "ordinal": lambda written: english_words.ordinal(_whole(written)),
        "date": _by_normaliser("date", "en"),
        "time": _by_normaliser("time", "en"),
    },
}
"""How each language reads what a `say-as` names, where the sentence around it does not tell."""
