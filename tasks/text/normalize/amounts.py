"""Read what counts and measures: numbers, ranges, money, percent, units, fractions, ordinals."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

import re

from tasks.text.normalize.context import Sentence, agreement, governed_cases, next_is_measured, stands_in
from tasks.text.normalize.forms import Agreement, Case, Gender, inflect, noun_readings
from tasks.text.normalize.numbers import (
    cardinal,
    decimal,
    digits,
    half,
    is_singular,
    ordinal,
    roman,
    year,
)
from tasks.text.normalize.tables import CURRENCIES, MAGNITUDES, UNITS, Unit

_MINUS = {"-": "mínus ", "−": "mínus ", "+": "plús "}
_MATCH_WORDS = frozenset(
    "vann unnu vinna sigraði sigruðu tapaði töpuðu lauk endaði fór staðan jafntefli sigur leiknum leikurinn".split()
)
_YEAR_WORDS = re.compile(r"ár(i?ð|sins|inu|a|um|in|unum|anna|s)?|(sumar|vetur|vor|haust|aldamót)\w*|janúar|febrúar|"
                         r"mars|apríl|maí|júní|júlí|ágúst|september|október|nóvember|desember")  # fmt: skip
_CALLS = frozenset("hringdu hringja hringið hringdi hringt síminn sími símann síma símanúmer neyðarlínuna".split())
_TIMES = {"2": "tvisvar", "3": "þrisvar"}
_FRACTION_SIGNS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3)}


def read_number(sentence: Sentence) -> tuple[str, str]:
    """A number by itself: a year, or a count that agrees with the noun after it."""
    written, sign = sentence.token.parts["xa"], _MINUS.get(sentence.token.parts.get("xs", ""), "")
    if sentence.word(1) == "sinnum" and written in _TIMES:
        return "number", _TIMES[written]
    if _is_digitwise(sentence, written):
        return "phone" if written.isdecimal() and len(written) > 2 else "number", sign + digits(written)
    if not sign and _is_year(sentence, written):
        return "year", year(int(written))
    return "number", sign + _counted(sentence, written)


def read_range(sentence: Sentence) -> tuple[str, str]:
    """Two numbers and a dash between them: a stretch of years, a score, or from one to the other."""
    first, second = sentence.token.parts["ra"], sentence.token.parts["rb"]
    sign = _MINUS.get(sentence.token.parts.get("rs", ""), "")
    if not sign and _is_year(sentence, first) and (_is_year(sentence, second) or re.fullmatch(r"\d\d", second)):
        return "range", f"{year(int(first))} til {year(int(second)) if len(second) > 2 else cardinal(int(second))}"
    if _is_score(sentence, first, second):
        return "range", f"{cardinal(int(first))} {cardinal(int(second))}"
    return "range", f"{sign}{_counted(sentence, first)} til {_counted(sentence, second)}"


def read_money(sentence: Sentence) -> tuple[str, str]:
    """An amount and its currency, in the case that the sentence asks for."""
    parts = sentence.token.parts
    first = parts.get("ma") or parts.get("na") or parts["nc"]
    second = parts.get("mb") or parts.get("nb")
    sign = _MINUS.get(parts.get("ms") or parts.get("ns") or "", "")
    code = (parts.get("ca") or parts.get("cb") or "kr").strip().rstrip(".")
    magnitude = (parts.get("mm") or parts.get("nmag") or "").rstrip(".").lower()
    currency, case = CURRENCIES[code], _measured_case(sentence, CURRENCIES[code])
    if not magnitude:
        return "money", sign + _measured(first, second, currency, case)
    name = MAGNITUDES["ma" if (magnitude.startswith(("ma", "millj", "mill")) and "ar" in magnitude) or magnitude == "ma"
                      else "þ" if magnitude.startswith("þ") else "m"]  # fmt: skip
    if name.lemma == "þúsund":
        thousands = f"{_amount(first, second, name.gender, case)} þúsund"
        return "money", f"{sign}{thousands} {inflect(currency.lemma, currency.gender, case, True)}"
    return (
        "money",
        f"{sign}{_measured(first, second, name, case)} {inflect(currency.lemma, currency.gender, 'EF', True)}",
    )


def read_percent(sentence: Sentence) -> tuple[str, str]:
    """A share of a hundred, or of a thousand."""
    parts = sentence.token.parts
    sign = _MINUS.get(parts.get("ps", ""), "")
    case = _measured_case(sentence, _PERCENT)
    if parts["pu"] == "‰":
        return "percent", f"{sign}{_amount(parts['pa'], parts.get('pb'), 'hk', 'NF')} prómill"
    return "percent", sign + _measured(parts["pa"], parts.get("pb"), _PERCENT, case)


def read_unit(sentence: Sentence) -> tuple[str, str]:
    """A measure."""
    parts = sentence.token.parts
    unit = UNITS[parts["unit"]]
    spoken = _measured(parts["ua"], parts.get("ub"), unit, _measured_case(sentence, unit))
    return "unit", f"{_MINUS.get(parts.get('us', ''), '')}{spoken} {unit.suffix}".rstrip()


def read_fraction(sentence: Sentence) -> tuple[str, str] | None:
    """A half, two thirds, one and a half; None where two numbers and a stroke are no fraction."""
    parts = sentence.token.parts
    if "fs" in parts:
        numerator, denominator = _FRACTION_SIGNS[parts["fs"]]
    else:
        numerator, denominator = int(parts["fn"]), int(parts["fd"])
    whole = parts.get("fw", "")
    noun = agreement(sentence, 1)
    governed = (governed_cases(sentence) or ("NF",))[0]
    gender, case = (noun.gender, noun.case) if noun else ("hk", governed)
    if (numerator, denominator) == (1, 2):
        spoken = half(gender, case)
    elif 0 < numerator < denominator and 3 <= denominator <= 100:
        plural = not is_singular(numerator)
        spoken = f"{cardinal(numerator, 'kk', governed)} {ordinal(denominator, 'kk', governed, plural=plural)}"
    elif 1800 <= denominator < 2100:
        return "number", f"{cardinal(numerator)} frá {year(denominator)}"  # laws: "nr. 33/1944"
    else:
        return "fraction", f"{cardinal(numerator)} skástrik {cardinal(denominator)}"
    return "fraction", f"{cardinal(int(whole), gender, case)} og {spoken}" if whole else spoken


def read_ordinal(sentence: Sentence) -> tuple[str, str]:
    """An ordinal, in the form that the noun after it asks for; before a date, the form of dates."""
    number = int(sentence.token.parts["oa"]) if sentence.token.kind == "ordinal" else roman(sentence.token.text[:-1])
    if not number:
        return "roman", sentence.token.text
    if sentence.token.kind == "romanordinal" and (regnal := read_regnal(sentence)):
        return regnal
    kind = "ordinal" if sentence.token.kind == "ordinal" else "roman"
    return kind, _ordinal_like(sentence, number)


def read_regnal(sentence: Sentence) -> tuple[str, str] | None:
    """The Roman numeral behind a ruler's name, in the name's gender and case; None where there is no such name."""
    number, before = roman(sentence.token.text.rstrip(".")), sentence.at(-1)
    if not number or before is None or before.kind != "word" or not before.text[0].isupper():
        return None
    readings = noun_readings(before.text)
    if before.text.isupper() or not (readings or len(sentence.token.text) > 1):
        return None
    cases = governed_cases(sentence.moved(-1)) or ("NF", "ÞF", "ÞGF", "EF")
    ranked = sorted(readings, key=lambda r: (r.plural, cases.index(r.case) if r.case in cases else 9))
    return ("roman", ordinal(number, ranked[0].gender, ranked[0].case)) if ranked else ("roman", cardinal(number))


_PERCENT = Unit("prósent", "hk")


def _ordinal_like(sentence: Sentence, number: int) -> str:
    following, join = sentence.at(1), sentence.word(1)
    if join in {"og", "eða", "til", "-", "–"}:
        following = sentence.at(2) if sentence.at(2) and sentence.at(2).kind == "date" else following  # type: ignore[union-attr]
    if following is not None and following.kind == "date":
        return ordinal(number, "kk", (governed_cases(sentence) or ("ÞF",))[0])
    if sentence.at(-1) is not None and sentence.word(-2)[:1].isdigit() and sentence.at(-1).kind == "abbreviation":  # type: ignore[union-attr]
        noun = agreement(sentence, None)
        return ordinal(number, noun.gender if noun else "kk", "EF")  # "2. mgr. 5. gr.": the part, of the whole
    noun = agreement(sentence, None)
    return ordinal(number, noun.gender, noun.case, plural=noun.plural) if noun else ordinal(number)


def _counted(sentence: Sentence, written: str) -> str:
    whole, fraction = _split(written)
    noun = agreement(sentence, None if fraction else whole)
    if fraction and noun is not None:
        noun = agreement(sentence, 2)
    if noun is None:
        noun = Agreement("hk", stands_in(sentence), False)
    return decimal(whole, fraction, noun.gender, noun.case)


def _measured(first: str, second: str | None, unit: Unit, case: Case) -> str:
    whole, fraction = _split(second or first)
    plural = bool(fraction) or not is_singular(whole)
    return f"{_amount(first, second, unit.gender, case)} {inflect(unit.lemma, unit.gender, case, plural)}"


def _amount(first: str, second: str | None, gender: Gender, case: Case) -> str:
    spoken = decimal(*_split(first), gender, case)
    return f"{spoken} til {decimal(*_split(second), gender, case)}" if second else spoken


def _measured_case(sentence: Sentence, unit: Unit) -> Case:
    if unit.before_noun and not unit.suffix and next_is_measured(sentence, of_whole=unit.lemma == "prósent"):
        return "EF"
    cases = governed_cases(sentence) or ("NF",)
    if len(cases) == 1:
        return cases[0]
    # "í 5 km" and "í 5 mín." are a way and a while, in the accusative; "á 5 mín.", "fyrir 5 mín.", "með 5 kg" are not
    word = next((w for offset in (-1, -2, -3) if (w := sentence.word(offset)) in {"í", "á", "með", "fyrir"}), "í")
    takes_dative = (
        word == "með" or (word == "fyrir" and unit.of_time) or (word == "á" and (unit.of_time or unit.suffix))
    )
    return "ÞGF" if takes_dative else "ÞF"


def _split(written: str) -> tuple[int, str]:
    whole, _, fraction = written.partition(",")
    return int(re.sub(r"\D", "", whole)), fraction


def _is_year(sentence: Sentence, written: str) -> bool:
    if not re.fullmatch(r"1[1-9]\d\d|20\d\d", written):
        return False
    if _YEAR_WORDS.fullmatch(sentence.word(-1)):
        return True
    following = sentence.at(1)
    if following is None or following.kind != "word" or not following.text[0].islower():
        return True
    noun = agreement(sentence, int(written))
    return noun is None or not noun.plural


def _is_score(sentence: Sentence, first: str, second: str) -> bool:
    if not (first.isdecimal() and second.isdecimal()) or agreement(sentence, 2):
        return False
    return any(sentence.word(offset) in _MATCH_WORDS for offset in range(-5, 4))


def _is_digitwise(sentence: Sentence, written: str) -> bool:
    if not written.isdecimal():
        return False
    if len(written) > 1 and written.startswith("0"):
        return True
    near = any(sentence.word(offset) in _CALLS for offset in (-1, -2, -3))
    return len(written) > 15 or (near and len(written) in {3, 4, 7})
