"""Read English: everything that is said otherwise than it is written; acronyms and words stay as they are."""
# ruff: noqa: E501  (a pattern is easier to check on one line)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from tasks.text.normalize.english_words import (
    ABBREVIATIONS,
    BEFORE_NUMBERS,
    COMPOUND_UNITS,
    FRACTION_SIGNS,
    GREAT,
    MONEY,
    MONTH,
    MONTHS,
    NUMERIC_SIGNS,
    SYMBOLS,
    UNITS,
    amount,
    cardinal,
    counted,
    decade,
    digits,
    fraction,
    ordinal,
    year,
)
from tasks.text.normalize.numbers import roman
from tasks.text.normalize.reading import Reading

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?:\.\d{1,12})?(?!\d)"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_GREAT = "thousand|million|billion|trillion"
_UNIT = "|".join(re.escape(unit) for unit in sorted([*UNITS, *COMPOUND_UNITS], key=len, reverse=True))
_SHORT = "|".join(re.escape(word) for word in ABBREVIATIONS)
_LABEL = "Chapter|Part|Volume|War|Book|Act|Section|Type|Phase|Title|Episode|Level|Class|Article|Appendix|Bowl|Rocky"

_SCANNER = re.compile(
    r"(?P<email>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})"
    r"|(?P<web>(?:https?://|www\.)[^\s<>\"]*[^\s<>\".,;:!?)\]]"
    r"|(?<![\w.@])(?:[\w-]{1,63}\.){1,4}(?:com|org|net|io|is|co\.uk)(?:/[\w./-]*[\w/])?(?![\w.]*\w))"
    r"|(?P<phone>(?<!\w)\+\d{1,3}(?:[ -]?\d){6,12}(?!\w)|(?<![\w-])(?:\(\d{3}\) ?|\d{3}[- ])?\d{3}-\d{4}(?![\w-]))"
    rf"|(?P<isodate>(?<![\w-])(?P<iy>\d{{4}})-(?P<im>0[1-9]|1[0-2])-(?P<id>0[1-9]|[12]\d|3[01])(?![\w-]))"
    r"|(?P<slashdate>(?<![\w/])(?P<sa>\d{1,2})/(?P<sb>\d{1,2})/(?P<sy>[12]\d{3})(?![\w/]))"
    rf"|(?P<dayfirst>(?<![\w.,])(?P<fd>{_DAY})(?:st|nd|rd|th)?\s(?:of\s)?(?P<fm>{MONTH})(?!\w)(?:,?\s(?P<fy>[12]\d{{3}})(?!\d))?)"
    rf"|(?P<date>\b(?P<month>{MONTH})\s(?P<day>{_DAY})(?:st|nd|rd|th)?(?![\d:]|\.\d)(?:,?\s(?P<dated>\d{{4}})(?!\d))?)"
    r"|(?P<span>(?<![\w:.])(?P<sh>[01]?\d|2[0-3]):(?P<sm>[0-5]\d)\s?[–-]\s?(?P<eh>[01]?\d|2[0-3]):(?P<em>[0-5]\d)(?![\w:]))"
    r"|(?P<time>(?<![\w:.])(?:(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?![\w:]))(?:\s?(?P<half>[ap])\.?m\b\.?)?"
    r"|(?<![\w:.])(?P<whole>1[0-2]|[1-9])(?::(?P<past>[0-5]\d))?\s?(?P<noon>[ap])\.?m\b\.?)"
    r"|(?P<lasting>(?<![\w:.])(?P<minutes>\d{1,3}):(?P<seconds>[0-5]\d)(?![\w:]))"
    r"|(?P<height>(?<!\w)(?P<feet>\d)'\s?(?P<inches>\d{1,2})\")"
    rf"|(?P<money>(?:(?P<sign>[$€£¥])|(?P<code>USD|EUR|GBP|ISK)\s)(?P<amount>{_NUMBER})(?:\s?(?P<great>{_GREAT}|bn|tn|mn|[kmb])\b)?)"
    rf"|(?P<percent>(?<![\w.,])(?P<share>[-−]?{_NUMBER})(?:\s?[–-]\s?(?P<to>{_NUMBER}))?\s?%)"
    r"|(?P<decade>(?<![\w.,])'?(?P<tens>(?:1\d|20)?\d0)s\b)"
    r"|(?P<era>(?<![\w.,])(?P<ago>\d{1,4})\s(?P<christ>BCE?|CE|AD)\b)"
    rf"|(?P<unit>(?<![\w.,])(?P<measure>[-−]?{_NUMBER})(?:\s?[–-]\s?(?P<upto>{_NUMBER}))?\s?(?P<in>{_UNIT})(?![\w/]))"
    r"|(?P<ordinal>(?<![\w.,])(?P<rank>\d{1,4})(?:st|nd|rd|th)\b)"
    r"|(?P<dotted>(?<![\w.,])\d{1,9}(?:\.\d{1,9}){2,6}(?![\w.]))"
    rf"|(?P<fraction>(?<![\w.,/])(?:(?P<wholes>\d{{1,6}})[ \u00a0]?)?(?P<piece>[½¼¾⅓⅔⅛])(?:\s?(?P<pin>{_UNIT})(?![\w/]))?|(?<![\w.,/])(?P<part>\d{{1,3}})/(?P<of>\d{{1,3}})(?![\w/])(?:\s(?P<fin>{_UNIT})(?![\w/]))?)"
    r"|(?P<range>(?<![\w.,])(?P<low>\d{1,15})\s?[–-]\s?(?P<high>\d{1,15})(?![\w-]|[.,]\d))"
    r"|(?P<year>(?<![\w.,])(?:1[1-9]\d\d|20\d\d)(?![\w]|[.,]\d)|(?<=\b[Ii]n )10\d\d(?![\w]|[.,]\d))"
    rf"|(?P<number>(?<![\w.,])[-−]?{_NUMBER})"
    rf"|(?P<label>(?<=\b)(?P<labelled>{_LABEL})\s(?P<numeral>[IVX]{{1,6}})\b)"
    r"|(?P<ruler>\b(?P<name>[A-Z][a-z]+)\s(?P<regnal>[IVX]{2,6})\b)"
    r"|(?P<street>\b[A-Z][a-z]+\s(?P<st>St\.))|(?P<saint>\bSt\.(?=\s[A-Z]))"
    rf"|(?P<numbered>\b(?P<what>(?i:{'|'.join(re.escape(word) for word in BEFORE_NUMBERS)}))(?=\s?\d))"
    rf"|(?P<abbreviation>(?<![\w.])(?:{_SHORT}))"
    r"|(?P<digits>\d+)"
    rf"|(?P<numeric>[{NUMERIC_SIGNS}])"
    r"|(?P<symbol>[^\w\s])"
)  # fmt: skip

_WEB_PIECES = re.compile(rf"\d+|[{NUMERIC_SIGNS}]|[^\W\d_{NUMERIC_SIGNS}]+|.", re.DOTALL)
_MAY_END = frozenset({"etc.", "Jr.", "Sr.", "Ave.", "Rd.", "Blvd.", "Ltd.", "Inc.", "Co.", "Corp."})
_AFTER_STOP = re.compile(r"[.!?…][\"”’)]?\s+\Z")
_END = re.compile(r"\s*\Z|\s+[A-Z]")


def read_english(text: str) -> Iterator[Reading]:
    """Everything in `text` that is said otherwise than it is written, in order."""
    read = 0
    for match in _SCANNER.finditer(text):
        kind = next(name for name in _READERS if match[name] is not None)
        spoken = _READERS[kind](match)
        start, end = match.span(_SPOKEN_PART.get(kind, 0))
        if match[0].endswith(".") and (kind in {"street", "time"} or match[0] in _MAY_END) and _END.match(text, end):
            end -= 1  # the full stop is the sentence's, too
        if spoken and text[start].isdigit() and _AFTER_STOP.search(text, max(start - 4, read), start):
            spoken = spoken[:1].upper() + spoken[1:]  # engines cut sentences, and pause, at capitals
        if spoken is not None and spoken != text[start:end]:
            read = end
            yield Reading(start, end, _KINDS.get(kind, kind), spoken)


def _web(match: re.Match[str]) -> str:
    signs = {".": "dot", "/": "slash", "-": "dash", "_": "underscore", "@": "at", ":": "colon", "www": "w w w"}
    pieces = _WEB_PIECES.findall(re.sub(r"^https?://|/$", "", match[0]))
    return " ".join(digits(piece) or signs.get(piece) or _numeral_sign(piece) or piece for piece in pieces)


def _date(month: str, day: str, written_year: str | None) -> str:
    name = next(name for name in MONTHS if name.startswith(month[:3]))
    return f"{name} {ordinal(int(day))}" + (f", {year(int(written_year))}" if written_year else "")


def _day_first(match: re.Match[str]) -> str:
    name = next(name for name in MONTHS if name.startswith(match["fm"][:3]))
    has_article = match.string[max(match.start() - 4, 0) : match.start()].lower() == "the " or match.start() == 0
    spoken = f"{'' if has_article else 'the '}{ordinal(int(match['fd']))} of {name}"
    return spoken + (f" {year(int(match['fy']))}" if match["fy"] else "")


def _time(match: re.Match[str]) -> str:
    hour, minute = int(match["hour"] or match["whole"]), int(match["minute"] or match["past"] or 0)
    half = match["half"] or match["noon"]
    spoken = cardinal(hour)
    if minute:
        spoken += f" oh {cardinal(minute)}" if minute < 10 else f" {cardinal(minute)}"
    elif not half:
        spoken += " o'clock" if 0 < hour <= 12 else " hundred"
    return f"{spoken} {half} m" if half else spoken


def _slash_date(match: re.Match[str]) -> str:
    first, second = int(match["sa"]), int(match["sb"])
    day, month = (second, first) if second > 12 else (first, second)  # the British order, where both are possible
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return f"{cardinal(first)} {cardinal(second)} {year(int(match['sy']))}"
    return _date(MONTHS[month - 1], str(day), match["sy"])


def _clock(hour: str, minute: str) -> str:
    spoken = cardinal(int(hour))
    return spoken if minute == "00" else f"{spoken} {'oh ' if minute < '10' else ''}{cardinal(int(minute))}"


def _money(match: re.Match[str]) -> str:
    whole, _, cents = match["amount"].replace(",", "").partition(".")
    unit, part = MONEY[match["sign"] or match["code"]]
    great = GREAT.get(match["great"] or "", match["great"])
    if great or len(cents) not in {0, 2}:
        return counted(f"{amount(match['amount'])} {great or ''}".rstrip(), unit, plural=True)
    spoken = [counted(cardinal(int(whole)), unit, plural=int(whole) != 1)] if int(whole) or not int(cents or 0) else []
    few = [counted(cardinal(int(cents)), part, plural=int(cents) != 1)] if int(cents or 0) else []
    return " and ".join([*spoken, *few])


def _stretch(low: str, high: str | None) -> str:
    return f"{amount(low)} to {amount(high)}" if high else amount(low)


def _unit(match: re.Match[str]) -> str:
    noun, behind = COMPOUND_UNITS.get(match["in"]) or (UNITS[match["in"]], "")
    spoken = _stretch(match["measure"], match["upto"])
    return f"{counted(spoken, noun, plural=spoken != 'one')} {behind}".rstrip()


def _fraction(match: re.Match[str]) -> str:
    sign = match["pin"] or match["fin"]
    if not sign:
        return _shares(match)
    noun, behind = COMPOUND_UNITS.get(sign) or (UNITS[sign], "")
    return f"{counted(_shares(match), noun, plural=bool(match['wholes']))} {behind}".rstrip()


def _shares(match: re.Match[str]) -> str:
    if match["piece"]:
        numerator, denominator = FRACTION_SIGNS[match["piece"]]
        wholes = f"{cardinal(int(match['wholes']))} and " if match["wholes"] else ""
        return wholes + ("a half" if wholes and denominator == 2 else fraction(numerator, denominator))
    numerator, denominator = int(match["part"]), int(match["of"])
    if 0 < numerator < denominator and denominator in {*range(2, 11), 12, 16, 20, 100}:
        return fraction(numerator, denominator)
    return f"{cardinal(numerator)} {cardinal(denominator)}"


def _range(match: re.Match[str]) -> str:
    def read(written: str) -> str:
        return year(int(written)) if re.fullmatch(r"1[1-9]\d\d|20\d\d", written) else amount(written)

    low, high = read(match["low"]), read(match["high"])
    return f"{low} {high}" if low == high else f"{low} to {high}"


def _symbol(match: re.Match[str]) -> str | None:
    sign = match[0]
    if sign in SYMBOLS:
        return SYMBOLS[sign]
    is_picture = unicodedata.category(sign) in {"So", "Cs", "Co"} or "\U0001f3fb" <= sign <= "\U0001f3ff"
    return "" if is_picture or sign in "\ufe0f\u200d\u20e3" else None


def _numeral_sign(written: str) -> str | None:
    value = unicodedata.numeric(written, None) if len(written) == 1 else None
    return None if value is None or value != int(value) else cardinal(int(value))


def _numeral(written: str, *, rank: bool) -> str:
    value = roman(written)
    return written if not value else f"the {ordinal(value)}" if rank else cardinal(value)


_READERS: dict[str, Callable[[re.Match[str]], str | None]] = {
    "email": _web,
    "web": _web,
    "phone": lambda match: ("plus " if match[0][0] == "+" else "") + digits(match[0]),
    "isodate": lambda match: _date(MONTHS[int(match["im"]) - 1], match["id"], match["iy"]),
    "dayfirst": _day_first,
    "date": lambda match: _date(match["month"], match["day"], match["dated"]),
    "slashdate": _slash_date,
    "span": lambda match: f"{_clock(match['sh'], match['sm'])} to {_clock(match['eh'], match['em'])}",
    "time": _time,
    "lasting": lambda match: _clock(match["minutes"], match["seconds"]),
    "height": lambda match: f"{cardinal(int(match['feet']))} foot {cardinal(int(match['inches']))}",
    "dotted": lambda match: " point ".join(cardinal(int(piece)) for piece in match[0].split(".")),
    "money": _money,
    "percent": lambda match: f"{_stretch(match['share'], match['to'])} percent",
    "decade": lambda match: decade(int(match["tens"])),
    "era": lambda match: f"{cardinal(int(match['ago']))} {' '.join(match['christ'])}",
    "unit": _unit,
    "ordinal": lambda match: ordinal(int(match["rank"])),
    "fraction": _fraction,
    "range": _range,
    "year": lambda match: year(int(match[0])),
    "number": lambda match: amount(match[0]),
    "label": lambda match: _numeral(match["numeral"], rank=False),
    "ruler": lambda match: _numeral(match["regnal"], rank=True),
    "street": lambda match: "Street",
    "saint": lambda match: "Saint",
    "numbered": lambda match: BEFORE_NUMBERS[match["what"].lower()],
    "abbreviation": lambda match: ABBREVIATIONS[match[0]],
    "digits": lambda match: cardinal(int(match[0])) if len(match[0]) < 3 else digits(match[0]),
    "numeric": lambda match: _numeral_sign(match[0]),
    "symbol": _symbol,
}
_SPOKEN_PART = {"label": "numeral", "ruler": "regnal", "street": "st"}
"""What of a match is replaced, where the rest of it is only looked at."""
_KINDS = {
    **{"slashdate": "date", "span": "time", "lasting": "time", "height": "unit", "dotted": "number"},
    **{"isodate": "date", "dayfirst": "date", "decade": "year", "era": "year", "label": "roman", "ruler": "roman"},
    **{
        "street": "abbreviation",
        "saint": "abbreviation",
        "numbered": "abbreviation",
        "digits": "number",
        "numeric": "number",
    },
}
