"""Read dates and times of day."""

from __future__ import annotations

import re

from tasks.text.normalize.counting import in_match, is_score, read_score
from tasks.text.normalize.forms import Case, inflect, noun_readings
from tasks.text.normalize.government import governed_cases
from tasks.text.normalize.numbers import cardinal, decimal, is_singular, ordinal, year
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tables import MONTH_NAMES, MONTHS

_WEEKDAY = re.compile(r"(mánu|þriðju|miðviku|fimmtu|föstu|laugar|sunnu)d[aeö]g\w*")
_THIS_MONTH = {"þ": "þessa mánaðar", "s": "sama mánaðar"}


def read_date(sentence: Sentence) -> tuple[str, str]:
    """The day as an ordinal, the month by its name, the year."""
    parts = sentence.token.parts
    case, written = _date_case(sentence), parts["month"].lower()
    month = MONTH_NAMES[MONTHS[written] - 1] if written in MONTHS else _THIS_MONTH[written[0]]
    days = [ordinal(int(parts[name]), "kk", case) for name in ("da", "db") if name in parts]
    return "date", " ".join([" til ".join(days), month, *([year(int(parts["year"]))] if "year" in parts else [])])


def read_short_date(sentence: Sentence) -> tuple[str, str]:
    """24.12. without a year; as numbers where day and month are none."""
    day, month = int(sentence.token.parts["sd"]), int(sentence.token.parts["sm"])
    if not (1 <= day <= 31 and 1 <= month <= 12) or re.match(r"kafl|lið|grein|útgáf", sentence.word(-1)):
        return "number", f"{cardinal(day)} punktur {cardinal(month)}"
    return "date", f"{ordinal(day, 'kk', _date_case(sentence))} {MONTH_NAMES[month - 1]}"


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
    first, second = sentence.token.text.split(":")
    if len(second) != 2 or int(second) > 59 or is_score(sentence, first, second):
        return read_score(sentence)
    return "time", _lasting(sentence, (0, int(first), int(second)))


def read_lap(sentence: Sentence) -> tuple[str, str]:
    """1:58,32: minutes, seconds and hundredths."""
    minutes, seconds, parts = re.split(r"[:.,]", sentence.token.text)
    case = (governed_cases(sentence) or ("NF",))[0]
    whole = decimal(int(seconds), parts, "kvk", case)
    minute = f"{cardinal(int(minutes), 'kvk', case)} {inflect('mínúta', 'kvk', case, not is_singular(int(minutes)))}"
    if re.match(r"mín", sentence.word(1)):
        return "time", f"{cardinal(int(minutes), 'kvk', case)} {whole}"
    return "time", f"{minute} og {whole} {inflect('sekúnda', 'kvk', case, not is_singular(int(parts)))}"


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


def _date_case(sentence: Sentence) -> Case:
    weekday = next((sentence.word(o) for o in (-1, -2) if _WEEKDAY.fullmatch(sentence.word(o))), None)
    if weekday and sentence.word(-1) in {weekday, ","}:
        # "föstudaginn 3. maí", "föstudagur 3. maí": the day stands as the weekday does
        singular = {reading.case for reading in noun_readings(weekday) if not reading.plural}
        return next((case for case in ("NF", "ÞF", "ÞGF", "EF") if case in singular), "ÞF")
    cases = governed_cases(sentence)
    if cases in {("NF",), ()}:
        # "í dag er sautjándi júní", "sautjándi júní er hátíðardagur", but "fundurinn var þriðja maí"
        behind = cases and any(sentence.word(o) in {"dag", "dagurinn", "gær", "morgun"} for o in (-1, -2, -3))
        ahead = sentence.begins and any(re.search(r"dagur(inn)?$", sentence.word(o)) for o in (2, 3))
        return "NF" if behind or ahead else "ÞF"
    return cases[0] if len(cases) == 1 else "ÞF"
