"""Read English: numbers, ordinals, years, money, percent and times of day; everything else stays as it is written."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tasks.text.normalize.reading import Reading

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_GREAT = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_IRREGULAR |= {"twelve": "twelfth"}
_MONEY = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "kr": ("króna", "eyrir")}
_PLURALS = {"penny": "pence", "króna": "krónur", "eyrir": "aurar"}
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.\d{1,12})?(?!\d)"

_SCANNER = re.compile(
    rf"(?P<time>(?<![\w:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\w:])(?:\s?(?P<half>[ap])\.?m\b\.?)?)"
    rf"|(?P<money>(?P<sign>[$€£])(?P<amount>{_NUMBER})(?:\s(?P<great>thousand|million|billion|trillion))?)"
    rf"|(?P<percent>(?<![\w.,])(?P<share>{_NUMBER})\s?%)"
    r"|(?P<ordinal>(?<![\w.,])(?P<rank>\d{1,4})(?:st|nd|rd|th)\b)"
    rf"|(?P<date>\b(?P<month>{_MONTHS})\s(?P<day>[0-3]?\d)(?![\d:.]\d|\d)(?:,?\s(?P<dated>\d{{4}})(?!\d))?)"
    r"|(?P<range>(?<![\w.,])(?P<low>\d{1,15})\s?[–-]\s?(?P<high>\d{1,15})(?![\w-]|[.,]\d))"
    r"|(?P<year>(?<![\w.,])(?:1[1-9]\d\d|20\d\d)(?![\w]|[.,]\d))"
    rf"|(?P<number>(?<![\w.,])[-−]?{_NUMBER})"
    r"|(?P<digits>\d+)"
    r"|(?P<symbol>[&%@])"
)


def read_english(text: str) -> Iterator[Reading]:
    """Everything in `text` that is said otherwise than it is written, in order."""
    for match in _SCANNER.finditer(text):
        kind = next(name for name in _READERS if match[name] is not None)
        yield Reading(match.start(), match.end(), _KINDS.get(kind, kind), _READERS[kind](match))


def cardinal(number: int) -> str:
    """The number in words."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = f" and {cardinal(number % 100)}" if number % 100 else ""
        return f"{_ONES[number // 100]} hundred{rest}"
    for size, name in _GREAT:
        if number >= size:
            count, rest_of = divmod(number, size)
            joint = " and " if 0 < rest_of < 100 else " "
            return f"{cardinal(count)} {name}" + (f"{joint}{cardinal(rest_of)}" if rest_of else "")
    raise AssertionError(number)


def ordinal(number: int) -> str:
    """The ordinal in words."""
    head, separator, last = re.fullmatch(r"(.*?)([ -]?)(\w+)", cardinal(number), re.DOTALL).groups()  # type: ignore[union-attr]
    rank = _IRREGULAR.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return f"{head}{separator}{rank}"


def year(number: int) -> str:
    """A year in words: two pairs, except 2000 to 2009."""
    if 2000 <= number < 2010 or not 1100 <= number < 2100:
        return cardinal(number)
    century, rest = divmod(number, 100)
    return f"{cardinal(century)} " + ("hundred" if rest == 0 else f"oh {_ONES[rest]}" if rest < 10 else cardinal(rest))


def _number(written: str) -> str:
    sign = "minus " if written[0] in "-−" else ""
    whole, _, fraction = written.lstrip("-−").replace(",", "").partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        return sign + _digits(whole)
    return sign + cardinal(int(whole)) + (f" point {_digits(fraction)}" if fraction else "")


def _digits(written: str) -> str:
    return " ".join(_ONES[int(character)] for character in written if character.isdecimal())


def _money(match: re.Match[str]) -> str:
    whole, _, fraction = match["amount"].replace(",", "").partition(".")
    unit, part = _MONEY[match["sign"]]
    if match["great"] or len(fraction) not in {0, 2}:
        return f"{_number(match['amount'])} {match['great'] or ''} {unit}s".replace("  ", " ")
    spoken = [_counted(int(whole), unit)] if int(whole) or not int(fraction or 0) else []
    return " and ".join([*spoken, *([_counted(int(fraction), part)] if int(fraction or 0) else [])])


def _counted(count: int, noun: str) -> str:
    return f"{cardinal(count)} {noun if count == 1 else _PLURALS.get(noun, noun + 's')}"


def _time(match: re.Match[str]) -> str:
    minute = int(match["minute"])
    spoken = cardinal(int(match["hour"]))
    if minute:
        spoken += f" oh {cardinal(minute)}" if minute < 10 else f" {cardinal(minute)}"
    elif not match["half"]:
        spoken += " o'clock" if 0 < int(match["hour"]) <= 12 else " hundred"
    return f"{spoken} {match['half']} m" if match["half"] else spoken


def _date(match: re.Match[str]) -> str:
    spoken = f"{match['month']} {ordinal(int(match['day']))}"
    return f"{spoken}, {year(int(match['dated']))}" if match["dated"] else spoken


def _range(match: re.Match[str]) -> str:
    def read(written: str) -> str:
        return year(int(written)) if re.fullmatch(r"1[1-9]\d\d|20\d\d", written) else _number(written)

    return f"{read(match['low'])} to {read(match['high'])}"


_READERS: dict[str, Callable[[re.Match[str]], str]] = {
    "time": _time,
    "money": _money,
    "percent": lambda match: f"{_number(match['share'])} percent",
    "ordinal": lambda match: ordinal(int(match["rank"])),
    "date": _date,
    "range": _range,
    "year": lambda match: year(int(match[0])),
    "number": lambda match: _number(match[0]),
    "digits": lambda match: _digits(match[0]),
    "symbol": lambda match: {"&": "and", "%": "percent", "@": "at"}[match[0]],
}
_KINDS = {"digits": "number"}
