"""Read what measures: money, percent, units, fractions."""

from __future__ import annotations

import re

from tasks.text.normalize.agreement import agreement, next_is_measured
from tasks.text.normalize.counting import MINUS, case_of_ratio
from tasks.text.normalize.forms import Case, Gender, inflect, is_comparative, noun_readings
from tasks.text.normalize.government import PREPOSITIONS, governed_cases, measures_an_action, verb_case
from tasks.text.normalize.numbers import amount, cardinal, half, is_singular, ordinal, split, times, year
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tables import CURRENCIES, DIRECTIONS, MAGNITUDES, MONTH_NAMES, PER, UNITS, Unit

_FRACTION_SIGNS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}
_PARTS: dict[int, str] = {3: "þriðjungur", 4: "fjórðungur"}
_WAYS = re.compile(r"(norð|suð|aust|vest)\w*(ur|an)|inn|út|upp|niður")
_PERCENT = Unit("prósent", "hk")
_STEP_ENDINGS: dict[str, Case] = {"stigum": "ÞGF", "stiga": "EF", "stigs": "EF", "stigi": "ÞGF"}


def read_money(sentence: Sentence) -> tuple[str, str]:
    """An amount and its currency, in the case that the sentence asks for."""
    parts = sentence.token.parts
    first = parts.get("ma") or parts.get("na") or parts["nc"]
    second = parts.get("mb") or parts.get("nb")
    sign = MINUS.get(parts.get("ms") or parts.get("ns") or "", "")
    currency = CURRENCIES[(parts.get("ca") or parts.get("cb") or "kr").strip().rstrip(".")]
    case = _measured_case(sentence, currency, per="np" in parts)
    name = _magnitude(parts.get("mm") or parts.get("nmag") or "")
    if name is None:
        round_millions = not split(second or first)[0] % 10**6 and split(second or first)[0] > 0
        of_millions: Case = "EF" if round_millions else case
        spoken = f"{_amount(first, second, currency.gender, case)} {_noun(currency, second or first, of_millions)}"
    elif name.lemma == "þúsund":
        spoken = f"{_amount(first, second, name.gender, case)} þúsund {_noun(currency, '2', case)}"
    else:
        spoken = f"{_measured(first, second, name, case)} {_noun(currency, '2', 'EF')}"
    return "money", f"{sign}{spoken}{_per(parts.get('np'))}"


def read_magnitude(sentence: Sentence) -> tuple[str, str]:
    """Millions of something that is not money, or whose money is named after it: `25 millj. króna`."""
    parts = sentence.token.parts
    name = _magnitude(parts["gm"]) or _PERCENT
    case = (governed_cases(sentence) or ("NF",))[0]
    if name.lemma == "þúsund":
        return "number", f"{_amount(parts['ga'], parts.get('gb'), name.gender, 'NF')} þúsund"
    return "number", _measured(parts["ga"], parts.get("gb"), name, case)


def read_percent(sentence: Sentence) -> tuple[str, str]:
    """A share of a hundred, or of a thousand, or steps of it."""
    parts = sentence.token.parts
    sign = MINUS.get(parts.get("ps", ""), "")
    if step := parts.get("step"):
        case = _STEP_ENDINGS.get(step, "NF")
        return "percent", f"{sign}{_amount(parts['pa'], parts.get('pb'), 'hk', case)} prósentu{step}"
    if parts["pu"] == "‰":
        return "percent", f"{sign}{_amount(parts['pa'], parts.get('pb'), 'hk', 'NF')} prómill"
    return "percent", sign + _measured(
        _with_comma(parts["pa"]), parts.get("pb"), _PERCENT, _measured_case(sentence, _PERCENT)
    )


def read_unit(sentence: Sentence) -> tuple[str, str]:
    """A measure."""
    parts = sentence.token.parts
    if "ua" in parts:
        parts = {**parts, "ua": _with_comma(parts["ua"])}
    unit = UNITS[parts["unit"]]
    case = _measured_case(sentence, unit, per="per" in parts)
    sign = MINUS.get(parts.get("us", ""), "")
    if (factor := sentence.word(-1)) in {"x", "×"} and sentence.kind(-2) == "number":
        case = "ÞF" if factor == "x" else case
    if "uw" in parts or "uf" in parts:
        spoken = _part_of(parts.get("uw", ""), parts.get("uf", ""), unit, case)
    elif name := _magnitude(parts.get("um", "")):
        thousands = name.lemma == "þúsund"
        many = (
            f"{_amount(parts['ua'], None, 'hk', 'NF')} þúsund"
            if thousands
            else _measured(parts["ua"], None, name, case)
        )
        spoken = f"{many} {_noun(unit, '2', case if thousands else 'EF')}"
    else:
        spoken = _measured(parts["ua"], parts.get("ub"), unit, case)
    factor = f"{times(int(parts['ux']))} sinnum " if "ux" in parts else ""
    return "unit", f"{factor}{sign}{spoken} {unit.suffix}".rstrip() + _per(parts.get("per"))


def read_fraction(sentence: Sentence) -> tuple[str, str] | None:
    """A half, two thirds, one and a half; None where two numbers and a stroke are no fraction."""
    parts = sentence.token.parts
    if "fs" in parts:
        numerator, denominator = _FRACTION_SIGNS[parts["fs"]]
    else:
        numerator, denominator = int(parts["fn"]), int(parts["fd"])
    whole = parts.get("fw") or parts.get("fx", "")
    noun = agreement(sentence, 1)
    governed = (governed_cases(sentence) or ("NF",))[0]
    gender, case = (noun.gender, noun.case) if noun else ("hk", governed)
    if denominator in {5, 6, 10, 100} and case_of_ratio(sentence):
        return "fraction", f"{cardinal(numerator)} af {cardinal(denominator)}"
    if (numerator, denominator) == (1, 2):
        spoken = half(gender, case)
    elif 0 < numerator < denominator and 3 <= denominator <= 100:
        parted = agreement(sentence, numerator) if sentence.word(1).startswith("hlut") else None
        taken = parted or (noun if noun and noun.case != "EF" else None)
        spoken = _parts(numerator, denominator, taken.case if taken else governed)
    elif 1800 <= denominator < 2100:
        between = "til" if denominator == numerator + 1 else "frá"  # "veturinn 2021/2022", "nr. 33/1944"
        return "number", f"{amount(parts['fn'])} {between} {year(denominator)}"
    elif (numerator, denominator) == (24, 7):
        return "time", "tuttugu og fjögur sjö"
    elif denominator < numerator <= 31 and 1 <= denominator <= 12 < numerator:
        return "date", f"{ordinal(numerator, 'kk', 'ÞF')} {MONTH_NAMES[denominator - 1]}"
    else:
        return "fraction", f"{cardinal(numerator)} skástrik {cardinal(denominator)}"
    return "fraction", f"{cardinal(int(whole), gender, case)} og {spoken}" if whole else spoken


def _with_comma(written: str) -> str:
    """1.85 as the Icelanders write it: a full stop before one or two digits divides no thousands."""
    return written.replace(".", ",") if re.fullmatch(r"\d+\.\d\d?", written) else written


def _magnitude(written: str) -> Unit | None:
    """Million, milliard or thousand, however it is shortened."""
    small = written.rstrip(".").lower()
    if not small:
        return None
    great = small in {"ma", "mia"} or (small.startswith("mill") and "ar" in small) or small.startswith("milljör")
    return MAGNITUDES["ma" if great else "þ" if small.startswith("þ") else "m"]


def _per(written: str | None) -> str:
    if not written:
        return ""
    return f" á {PER.get(written) or inflect(UNITS[written].lemma, UNITS[written].gender, 'ÞF', False)}"


def _part_of(whole: str, fraction: str, unit: Unit, case: Case) -> str:
    """`einn og hálfur kílómetri`, `hálf teskeið`, `fjórðungur úr teskeið`."""
    numerator, denominator = _FRACTION_SIGNS.get(fraction) or (int(part) for part in fraction.split("/"))
    one = inflect(unit.lemma, unit.gender, case, False)
    before = f"{cardinal(int(whole), unit.gender, case)} og " if whole else ""
    if (numerator, denominator) == (1, 2):
        return f"{before}{half(unit.gender, case)} {one}"
    if whole:
        return f"{before}{_parts(numerator, denominator, case)} {inflect(unit.lemma, unit.gender, case, True)}"
    name = _PARTS.get(denominator) if numerator == 1 else None
    part = inflect(name, "kk", case, False) if name else _parts(numerator, denominator, case)
    return f"{part} úr {inflect(unit.lemma, unit.gender, 'ÞGF', False)}"


def _parts(numerator: int, denominator: int, case: Case) -> str:
    spoken = ordinal(denominator, "kk", case, plural=not is_singular(numerator))
    return f"{cardinal(numerator, 'kk', case)} {spoken}"


def _measured(first: str, second: str | None, unit: Unit, case: Case) -> str:
    return f"{_amount(first, second, unit.gender, case)} {_noun(unit, second or first, case)}"


def _noun(unit: Unit, written: str, case: Case) -> str:
    whole, fraction = split(written)
    # "2,1 milljón", "1,5 milljónir": what is said last rules
    return inflect(unit.lemma, unit.gender, case, not is_singular(int(fraction) if fraction else whole))


def _amount(first: str, second: str | None, gender: Gender, case: Case) -> str:
    spoken = amount(first, gender, case)
    return f"{spoken} til {amount(second, gender, case)}" if second else spoken


def _measured_case(sentence: Sentence, unit: Unit, *, per: bool = False) -> Case:
    before, after = sentence.word(-1), sentence.word(1)
    cases = governed_cases(sentence)
    is_wind = sentence.token.parts.get("per") == "s"
    if is_wind and not (before in PREPOSITIONS or (verb_case(before) and not noun_readings(before))):
        return "NF"  # "austlæg átt 5-13 m/s", whatever governs the direction
    if is_comparative(after):
        return "ÞGF"  # by how much: "þremur kílóum þyngri"
    if _WAYS.fullmatch(after) or (after.upper() in DIRECTIONS and sentence.word(2) == "af"):
        return "ÞF"  # how far: "4,5 km norðaustur af"
    if unit.before_noun and not is_wind and next_is_measured(sentence, of_whole=unit.lemma == "prósent"):
        return "EF"
    if not cases:
        return "ÞF" if measures_an_action(sentence) else "NF"
    if len(cases) == 1:
        return cases[0]
    # "í 5 km" and "í 5 mín." are a way and a while, in the accusative; "á 5 mín.", "fyrir 5 mín.", "með 5 kg" are not
    word = next((w for offset in (-1, -2, -3) if (w := sentence.word(offset)) in {"í", "á", "með", "fyrir"}), "í")
    takes_dative = word == "með" or (word == "fyrir" and unit.of_time) or (word == "á" and (unit.of_time or per))
    return "ÞGF" if takes_dative else "ÞF"
