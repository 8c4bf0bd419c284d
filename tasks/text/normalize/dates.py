"""Read dates and times of day."""

from __future__ import annotations

import re

from tasks.text.normalize.context import Sentence, governed_cases
from tasks.text.normalize.forms import Case
from tasks.text.normalize.numbers import cardinal, ordinal, year
from tasks.text.normalize.tables import MONTH_NAMES, MONTHS


def read_date(sentence: Sentence) -> tuple[str, str]:
    """The day as an ordinal, the month by its name, the year."""
    parts = sentence.token.parts
    case, month = _date_case(sentence), MONTH_NAMES[MONTHS[parts["month"].lower()] - 1]
    days = [ordinal(int(parts[name]), "kk", case) for name in ("da", "db") if name in parts]
    return "date", " ".join([" til ".join(days), month, *([year(int(parts["year"]))] if "year" in parts else [])])


def read_numeric_date(sentence: Sentence) -> tuple[str, str] | None:
    """1.12.2025, 1/12/2025 or 2025-12-01; None where day and month are none."""
    parts = sentence.token.parts
    day, month, written_year = (
        int(parts[name]) for name in (("nd", "nm", "ny") if "nd" in parts else ("id", "im", "iy"))
    )
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return None
    if written_year < 100:
        # two digits mean the years around us
        written_year += 2000 if written_year < 50 else 1900
    return "date", f"{ordinal(day, 'kk', _date_case(sentence))} {MONTH_NAMES[month - 1]} {year(written_year)}"


def read_clock(sentence: Sentence) -> tuple[str, str]:
    """A time after `kl.`, or a stretch of time."""
    parts = sentence.token.parts
    times = [_time_of_day(parts[name]) for name in ("from", "to") if name in parts]
    word = "Klukkan" if sentence.token.text[0].isupper() else "klukkan"
    return "time", f"{word} {' til '.join(times)}"


def read_time(sentence: Sentence) -> tuple[str, str]:
    """A time by itself, or a stretch of time."""
    parts = sentence.token.parts
    return "time", " til ".join(_time_of_day(parts[name]) for name in ("ta", "tb") if name in parts)


def read_duration(sentence: Sentence) -> tuple[str, str]:
    """Hours, minutes and seconds that something took."""
    hours, minutes, seconds = (int(part) for part in sentence.token.text.split(":"))
    case = (governed_cases(sentence) or ("NF",))[0]
    names = (("klukkustund", "klukkustundir"), ("mínúta", "mínútur"), ("sekúnda", "sekúndur"))
    if case == "ÞGF":
        names = (("klukkustund", "klukkustundum"), ("mínútu", "mínútum"), ("sekúndu", "sekúndum"))
    elif case == "EF":
        names = (("klukkustundar", "klukkustunda"), ("mínútu", "mínútna"), ("sekúndu", "sekúndna"))
    elif case == "ÞF":
        names = (("klukkustund", "klukkustundir"), ("mínútu", "mínútur"), ("sekúndu", "sekúndur"))
    spoken = [
        f"{cardinal(count, 'kvk', case)} {one if count % 10 == 1 and count != 11 else many}"
        for count, (one, many) in zip((hours, minutes, seconds), names, strict=True)
        if count
    ]
    return "time", " og ".join(filter(None, (", ".join(spoken[:-1]), *spoken[-1:]))) or "núll sekúndur"


def read_dotted(sentence: Sentence) -> tuple[str, str]:
    """12.20 is a time behind another time, and otherwise numbers with a full stop between them."""
    pieces = sentence.token.text.split(".")
    joined = sentence.word(-1) in {"og", "til", "eða", ","}
    before = sentence.at(-2)
    if (
        joined
        and before is not None
        and before.kind in {"clock", "time"}
        and re.fullmatch(r"\d\d?\.[0-5]\d", sentence.token.text)
    ):
        return "time", _time_of_day(sentence.token.text)
    return "number", " punktur ".join(cardinal(int(piece)) for piece in pieces)


def _time_of_day(written: str) -> str:
    hour, *minutes = (int(piece) for piece in re.split(r"[:.]", written))
    spoken = cardinal(hour)
    if not minutes or not minutes[0]:
        return spoken
    return f"{spoken} {'núll ' if minutes[0] < 10 else ''}{cardinal(minutes[0])}"


def _date_case(sentence: Sentence) -> Case:
    cases = governed_cases(sentence)
    if cases == ("NF",):
        # "í dag er sautjándi júní", but "fundurinn var þriðja maí"
        return (
            "NF"
            if any(sentence.word(offset) in {"dag", "dagurinn", "gær", "morgun"} for offset in (-1, -2, -3))
            else "ÞF"
        )
    return cases[0] if len(cases) == 1 else "ÞF"
