"""Read dates and times of day."""

from __future__ import annotations

import re

from tasks.text.normalize.counting import in_match, is_score, read_ratio, read_score
from tasks.text.normalize.forms import inflect
from tasks.text.normalize.government import date_case, governed_cases
from tasks.text.normalize.numbers import amount, cardinal, is_singular, ordinal, year
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tables import MONTH_NAMES, MONTHS, WEEKDAYS

_CLOSES = frozenset({".", ",", ";", ")", "!", "?", "og", ""})
_THIS_MONTH = {"þ": "þessa mánaðar", "s": "sama mánaðar"}


def read_date(sentence: Sentence) -> tuple[str, str]:
    """The day as an ordinal, the month by its name, the year."""
    parts = sentence.token.parts
    case, written = date_case(sentence), parts["month"].lower()
    month = MONTH_NAMES[MONTHS[written] - 1] if written in MONTHS else _THIS_MONTH[written[0]]
    days = [ordinal(int(parts[name]), "kk", case) for name in ("da", "db") if name in parts]
    return "date", " ".join([" til ".join(days), month, *([year(int(parts["year"]))] if "year" in parts else [])])


def read_short_date(sentence: Sentence) -> tuple[str, str]:
    """24.12. without a year; as numbers where day and month are none."""
    day, month = int(sentence.token.parts["sd"]), int(sentence.token.parts["sm"])
    before = sentence.at(-1)
    is_version = before is not None and before.text[0].isupper() and not sentence.moved(-1).begins
    is_label = is_version or re.match(r"kafl|lið|grein|útgáf|töfl|mynd", sentence.word(-1))
    if not (1 <= day <= 31 and 1 <= month <= 12) or is_label:
        return "number", f"{cardinal(day)} punktur {cardinal(month)}"
    return "date", f"{ordinal(day, 'kk', date_case(sentence))} {MONTH_NAMES[month - 1]}"


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
    return "date", f"{ordinal(day, 'kk', date_case(sentence))} {MONTH_NAMES[month - 1]} {year(written_year)}"


def read_clock(sentence: Sentence) -> tuple[str, str]:
    """A time after `kl.`, or a stretch of time."""
    parts = sentence.token.parts
    times = [_time_of_day(parts[name]) for name in ("from", "to") if name in parts]
    word = "Klukkan" if sentence.token.text[0].isupper() else "klukkan"
    return "time", f"{word} {' til '.join(times)}"


def read_time(sentence: Sentence) -> tuple[str, str]:
    """A time by itself, or a stretch of time; behind `á`, minutes and seconds; in a match, goals."""
    parts = sentence.token.parts
    if "tb" not in parts and in_match(sentence) and not parts["ta"].endswith(("00", "30", "45", "15")):
        return read_score(sentence)
    if "tb" not in parts and sentence.word(-1) == "á":
        return "time", _lasting(sentence, (0, *map(int, parts["ta"].split(":"))))
    return "time", " til ".join(_time_of_day(parts[name]) for name in ("ta", "tb") if name in parts)


def read_duration(sentence: Sentence) -> tuple[str, str]:
    """Hours, minutes and seconds that something took."""
    hours, minutes, seconds = (int(part) for part in sentence.token.text.split(":"))
    return "time", _lasting(sentence, (hours, minutes, seconds))


def read_colon(sentence: Sentence) -> tuple[str, str]:
    """38:12, too late for a clock: minutes and seconds, or goals; 3:16 a chapter and a verse."""
    if re.match(r"hlutf|mælikv|skala", sentence.word(-1)):
        return read_ratio(sentence)
    first, second = sentence.token.text.split(":")
    if len(second) != 2 or int(second) > 59 or is_score(sentence, first, second):
        return read_score(sentence)
    return "time", _lasting(sentence, (0, int(first), int(second)))


def read_lap(sentence: Sentence) -> tuple[str, str]:
    """1:58,32: minutes, seconds and hundredths."""
    minutes, seconds, parts = re.split(r"[:.,]", sentence.token.text)
    case = (governed_cases(sentence) or ("NF",))[0]
    whole = amount(f"{seconds},{parts}", "kvk", case)
    minute = f"{cardinal(int(minutes), 'kvk', case)} {inflect('mínúta', 'kvk', case, not is_singular(int(minutes)))}"
    if re.match(r"mín", sentence.word(1)):
        return "time", f"{cardinal(int(minutes), 'kvk', case)} {whole}"
    return "time", f"{minute} og {whole} {inflect('sekúnda', 'kvk', case, not is_singular(int(parts)))}"


def read_short_year(sentence: Sentence) -> tuple[str, str]:
    """'74."""
    return "year", cardinal(int(sentence.token.text[1:]))


def read_weekdays(sentence: Sentence) -> tuple[str, str]:
    """`mán.–fös.`, and `fim.` before a date."""
    parts = sentence.token.parts
    spoken = (
        WEEKDAYS[parts["wc"].lower()]
        if "wc" in parts
        else (f"{WEEKDAYS[parts['wa'].lower()]}a til {WEEKDAYS[parts['wb'].lower()]}a")
    )
    return "date", spoken.capitalize() if sentence.token.text[0].isupper() else spoken


def read_dotted(sentence: Sentence) -> tuple[str, str]:
    """12.20 is a time behind another time, and otherwise numbers with a full stop between them."""
    pieces = sentence.token.text.split(".")
    joined = sentence.word(-1) in {"og", "til", "eða", ","}
    before = sentence.at(-2)
    if (
        joined
        and before is not None
        and before.kind in {"clock", "time", "dotted"}
        and re.fullmatch(r"\d\d?\.[0-5]\d", sentence.token.text)
    ):
        return "time", _time_of_day(sentence.token.text)
    if len(pieces) == 2:
        day, month = int(pieces[0]), int(pieces[1])
        dated = sentence.word(-1) in {"til", "frá", "þann", "dagsett"} or (day > 12 and sentence.word(1) in _CLOSES)
        if dated and 1 <= day <= 31 and 1 <= month <= 12:
            return "date", f"{ordinal(day, 'kk', date_case(sentence))} {MONTH_NAMES[month - 1]}"
    return "number", " punktur ".join(cardinal(int(piece)) for piece in pieces)


def _lasting(sentence: Sentence, counts: tuple[int, ...]) -> str:
    """Hours, minutes and seconds, in the case that is asked for; those that are none are not said."""
    case = (governed_cases(sentence) or ("NF",))[0]
    spoken = [
        f"{cardinal(count, 'kvk', case)} {inflect(name, 'kvk', case, not is_singular(count))}"
        for count, name in zip(counts, ("klukkustund", "mínúta", "sekúnda"), strict=True)
        if count
    ]
    return " og ".join(filter(None, (", ".join(spoken[:-1]), *spoken[-1:]))) or "núll sekúndur"


def _time_of_day(written: str) -> str:
    hour, *rest = (int(piece) for piece in re.split(r"[:.]", written))
    if not any(rest):
        return cardinal(hour)
    return " ".join([cardinal(hour), *(f"{'núll ' if piece < 10 else ''}{cardinal(piece)}" for piece in rest)])
