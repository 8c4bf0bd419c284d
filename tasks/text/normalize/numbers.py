"""Icelandic number words: cardinals, ordinals, decimals, years, digits one by one."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

from tasks.text.normalize.forms import CASES, Case, Gender

# The first four agree in gender and case: nominative, accusative, dative, genitive.
_INFLECTED: dict[int, dict[Gender, tuple[str, str, str, str]]] = {
    1: {
        "kk": ("einn", "einn", "einum", "eins"),
        "kvk": ("ein", "eina", "einni", "einnar"),
        "hk": ("eitt", "eitt", "einu", "eins"),
    },
    2: {
        "kk": ("tveir", "tvo", "tveimur", "tveggja"),
        "kvk": ("tvær", "tvær", "tveimur", "tveggja"),
        "hk": ("tvö", "tvö", "tveimur", "tveggja"),
    },
    3: {
        "kk": ("þrír", "þrjá", "þremur", "þriggja"),
        "kvk": ("þrjár", "þrjár", "þremur", "þriggja"),
        "hk": ("þrjú", "þrjú", "þremur", "þriggja"),
    },
    4: {
        "kk": ("fjórir", "fjóra", "fjórum", "fjögurra"),
        "kvk": ("fjórar", "fjórar", "fjórum", "fjögurra"),
        "hk": ("fjögur", "fjögur", "fjórum", "fjögurra"),
    },
}
_TO_NINETEEN = (
    "núll - - - - fimm sex sjö átta níu tíu ellefu tólf þrettán fjórtán fimmtán sextán sautján átján nítján".split()
)
_TENS = "- - tuttugu þrjátíu fjörutíu fimmtíu sextíu sjötíu áttatíu níutíu".split()
_DIGITS = "núll einn tveir þrír fjórir fimm sex sjö átta níu".split()
_GREAT: tuple[tuple[int, Gender, tuple[str, ...], tuple[str, ...]], ...] = (
    (
        10**12,
        "kvk",
        ("billjón", "billjón", "billjón", "billjónar"),
        ("billjónir", "billjónir", "billjónum", "billjóna"),
    ),
    (
        10**9,
        "kk",
        ("milljarður", "milljarð", "milljarði", "milljarðs"),
        ("milljarðar", "milljarða", "milljörðum", "milljarða"),
    ),
    (10**6, "kvk", ("milljón", "milljón", "milljón", "milljónar"), ("milljónir", "milljónir", "milljónum", "milljóna")),
)
LARGEST = 10**15 - 1

_ORDINAL_STEMS = {
    **dict(enumerate("fyrst annar þriðj fjórð fimmt sjött sjöund áttund níund tíund elleft tólft".split(), start=1)),
    **dict(enumerate("þrettánd fjórtánd fimmtánd sextánd sautjánd átjánd nítjánd tuttugast".split(), start=13)),
    **{30: "þrítugast", 40: "fertugast", 50: "fimmtugast", 60: "sextugast", 70: "sjötugast"},
    **{80: "áttugast", 90: "nítugast", 100: "hundraðast", 1000: "þúsundast"},
}
_SECOND: dict[Gender, tuple[str, str, str, str]] = {
    "kk": ("annar", "annan", "öðrum", "annars"),
    "kvk": ("önnur", "aðra", "annarri", "annarrar"),
    "hk": ("annað", "annað", "öðru", "annars"),
}
_SECOND_PLURAL: dict[Gender, tuple[str, str, str, str]] = {
    "kk": ("aðrir", "aðra", "öðrum", "annarra"),
    "kvk": ("aðrar", "aðrar", "öðrum", "annarra"),
    "hk": ("önnur", "önnur", "öðrum", "annarra"),
}
_WEAK: dict[Gender, tuple[str, str, str, str]] = {
    "kk": ("i", "a", "a", "a"),
    "kvk": ("a", "u", "u", "u"),
    "hk": ("a", "a", "a", "a"),
}
_HALF: dict[Gender, tuple[str, str, str, str]] = {
    "kk": ("hálfur", "hálfan", "hálfum", "hálfs"),
    "kvk": ("hálf", "hálfa", "hálfri", "hálfrar"),
    "hk": ("hálft", "hálft", "hálfu", "hálfs"),
}


def is_singular(number: int) -> bool:
    """Whether what is counted stands in the singular: 1, 21, 101, and not 11."""
    return number % 10 == 1 and number % 100 != 11


def cardinal(number: int, gender: Gender = "hk", case: Case = "NF") -> str:
    """The number in words; beyond `LARGEST`, digit by digit.

    Hundreds and thousands stand uninflected before what they count: "úr fimm hundruð krónum".
    """
    if number < 0:
        return "mínus " + cardinal(-number, gender, case)
    if number > LARGEST:
        return digits(str(number))
    if number == 0:
        return _TO_NINETEEN[0]
    parts, rest, index = [], number, CASES.index(case)
    for size, size_gender, singular, plural in _GREAT:
        count, rest = divmod(rest, size)
        if count:
            forms = singular if is_singular(count) else plural
            parts.append(f"{cardinal(count, size_gender, case)} {forms[index]}")
    thousands, rest = divmod(rest, 1000)
    if thousands:
        parts.append(f"{cardinal(thousands)} þúsund")
    hundreds, rest = divmod(rest, 100)
    if hundreds:
        parts.append(f"{_small(hundreds, 'hk', 'NF')} {'hundruð' if hundreds > 1 else 'hundrað'}")
    return _with_and([*parts, *_below_hundred(rest, gender, case)])


def ordinal(number: int, gender: Gender = "kk", case: Case = "NF", *, plural: bool = False) -> str:
    """The ordinal in words, in the weak declension; numbers that have none in speech are read as cardinals."""
    index = CASES.index(case)
    if number == 2:
        return (_SECOND_PLURAL if plural else _SECOND)[gender][index]
    if number in _ORDINAL_STEMS:
        return _weak(_ORDINAL_STEMS[number], "u" if plural else _WEAK[gender][index])
    if 20 < number < 100:
        tens = ordinal(number - number % 10, gender, case, plural=plural)
        return f"{tens} og {ordinal(number % 10, gender, case, plural=plural)}"
    if number > 100 and number % 100:
        last = ordinal(number % 100, gender, case, plural=plural)
        return f"{cardinal(number - number % 100)} {'' if ' og ' in last else 'og '}{last}"
    for size, above, stem in ((100, 1000, "hundruðast"), (1000, 10**6, "þúsundast")):
        if count := number % above // size:
            rank = _weak(stem if count > 1 else _ORDINAL_STEMS[size], "u" if plural else _WEAK[gender][index])
            front = [cardinal(number - count * size)] if number > above else []
            return " ".join([*front, *([cardinal(count)] if count > 1 else []), rank])
    return cardinal(number, gender, case)


def year(number: int, gender: Gender = "hk", case: Case = "NF") -> str:
    """A year: hundreds from 1100 to 1999, thousands otherwise, as they are said in Icelandic."""
    if 1100 <= number < 2000:
        return _with_and([f"{cardinal(number // 100)} hundruð", *_below_hundred(number % 100, gender, case)])
    return cardinal(number, gender, case)


def amount(written: str, gender: Gender = "hk", case: Case = "NF") -> str:
    """A written number in words; one of four digits that has no full stop in it is said in hundreds: `átján hundruð`.

    Of the digits after a comma up to three are one number, zeros in front are said, more go one by one.
    """
    whole, fraction = split(written)
    in_hundreds = 1100 <= whole < 2000 and "." not in written
    spoken = year(whole, gender, case) if in_hundreds else cardinal(whole, gender, case)
    if not fraction:
        return spoken
    if len(fraction) > 3:
        return f"{spoken} komma {digits(fraction, 'hk')}"
    zeros = len(fraction) - len(fraction.lstrip("0"))
    rest = [cardinal(int(fraction), gender, case)] if int(fraction) else []
    return " ".join([spoken, "komma", *["núll"] * zeros, *rest])


def digits(text: str, gender: Gender = "kk") -> str:
    """Every digit by itself, as in a telephone number; what is no digit is passed over."""
    values = [int(character) for character in text if character.isdecimal()]
    return " ".join(_DIGITS[value] if gender == "kk" else _small(value, gender, "NF") for value in values)


def split(written: str) -> tuple[int, str]:
    """The whole number and the digits behind its comma: 1.250,5."""
    whole, _, fraction = written.partition(",")
    return int("".join(character for character in whole if character.isdecimal())), fraction


def times(number: int) -> str:
    """How often: `tvisvar`, `þrisvar`, and `fjórum`, behind which comes `sinnum`."""
    return {1: "einu", 2: "tvisvar", 3: "þrisvar"}.get(number) or cardinal(number, "hk", "ÞGF")


def half(gender: Gender, case: Case) -> str:
    """One half of something."""
    return _HALF[gender][CASES.index(case)]


def roman(text: str) -> int:
    """The value of a Roman numeral; 0 where it is not one that a Roman would write."""
    units = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
    values = [units.get(letter, 0) for letter in text]
    total = sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
    return total if total > 0 and _to_roman(total) == text else 0


def _to_roman(number: int) -> str:
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    written = ""
    for value, sign in zip(values, "M CM D CD C XC L XL X IX V IV I".split(), strict=True):
        written += sign * (number // value)
        number %= value
    return written


def _small(number: int, gender: Gender, case: Case) -> str:
    return _INFLECTED[number][gender][CASES.index(case)] if number in _INFLECTED else _TO_NINETEEN[number]


def _below_hundred(number: int, gender: Gender, case: Case) -> list[str]:
    if number < 20:
        return [_small(number, gender, case)] if number else []
    return [_TENS[number // 10], *([_small(number % 10, gender, case)] if number % 10 else [])]


def _with_and(parts: list[str]) -> str:
    # one "og" is enough: "fjórar milljónir níu hundruð og níutíu þúsund"
    joint = " " if " og " in parts[-1] else " og "
    return parts[0] if len(parts) == 1 else f"{' '.join(parts[:-1])}{joint}{parts[-1]}"


def _weak(stem: str, ending: str) -> str:
    # u-umlaut: tuttugasta, but tuttugustu
    return stem[:-3] + "ustu" if ending == "u" and stem.endswith("ast") else stem + ending
