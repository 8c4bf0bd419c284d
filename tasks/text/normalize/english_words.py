"""English words for numbers, and what the English abbreviate."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

import re

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
_GREAT = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_IRREGULAR |= {"twelve": "twelfth"}

MONTHS = "January February March April May June July August September October November December".split()
MONTH = "|".join([*MONTHS, *(rf"{month[:3]}\." for month in MONTHS), r"Sept\."])
MONEY = {
    **{"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny"), "¥": ("yen", "sen")},
    **{"USD": ("dollar", "cent"), "EUR": ("euro", "cent"), "GBP": ("pound", "penny"), "ISK": ("króna", "eyrir")},
}
GREAT = {"k": "thousand", "m": "million", "mn": "million", "bn": "billion", "b": "billion", "tn": "trillion"}
PLURALS = {"penny": "pence", "króna": "krónur", "eyrir": "aurar", "yen": "yen", "sen": "sen", "foot": "feet"}
PLURALS |= {"inch": "inches", "hertz": "hertz", "kilohertz": "kilohertz", "megahertz": "megahertz"}
PLURALS |= {"gigahertz": "gigahertz", "half": "halves"}
UNITS = {
    **{
        "km": "kilometre",
        "m": "metre",
        "cm": "centimetre",
        "mm": "millimetre",
        "mi": "mile",
        "ft": "foot",
        "yd": "yard",
    },
    **{"kg": "kilogram", "g": "gram", "mg": "milligram", "lb": "pound", "lbs": "pound", "oz": "ounce", "t": "tonne"},
    **{"l": "litre", "L": "litre", "dl": "decilitre", "ml": "millilitre", "h": "hour", "hr": "hour", "hrs": "hour"},
    **{"min": "minute", "mins": "minute", "sec": "second", "s": "second", "ms": "millisecond", "°": "degree"},
    **{"m²": "square metre", "km²": "square kilometre", "m2": "square metre", "m³": "cubic metre", "ha": "hectare"},
    **{"kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "Hz": "hertz", "kHz": "kilohertz"},
    **{"MHz": "megahertz", "GHz": "gigahertz", "W": "watt", "kW": "kilowatt", "MW": "megawatt", "V": "volt"},
    **{"kWh": "kilowatt hour", "MWh": "megawatt hour", "dB": "decibel", "kcal": "kilocalorie"},
}
COMPOUND_UNITS = {
    **{"mph": ("mile", "per hour"), "km/h": ("kilometre", "per hour"), "kph": ("kilometre", "per hour")},
    **{"m/s": ("metre", "per second"), "°C": ("degree", "Celsius"), "° C": ("degree", "Celsius")},
    **{"°F": ("degree", "Fahrenheit"), "Mb/s": ("megabit", "per second")},
}
ABBREVIATIONS = {
    **{"Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Jr.": "Junior"},
    **{"Sr.": "Senior", "vs.": "versus", "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is"},
    **{"approx.": "approximately", "Ave.": "Avenue", "Rd.": "Road", "Blvd.": "Boulevard", "Ltd.": "Limited"},
    **{"Inc.": "Incorporated", "Co.": "Company", "Corp.": "Corporation", "dept.": "department", "Gov.": "Governor"},
    **{"Sen.": "Senator", "Rep.": "Representative", "Gen.": "General", "Capt.": "Captain", "ca.": "circa"},
}
BEFORE_NUMBERS = {
    **{"no.": "number", "nos.": "numbers", "vol.": "volume", "p.": "page", "pp.": "pages", "fig.": "figure"},
    **{"ch.": "chapter", "sec.": "section", "ep.": "episode", "c.": "circa", "b.": "born", "d.": "died"},
}
SYMBOLS = {
    **{"&": "and", "%": "percent", "@": "at", "+": "plus", "=": "equals", "×": "times", "÷": "divided by"},
    **{"±": "plus or minus", "≥": "greater than or equal to", "≤": "less than or equal to", "<": "less than"},
    **{">": "greater than", "≈": "about", "~": "about", "→": "to", "§": "section", "°": "degrees", "№": "number"},
    **{"$": "dollars", "£": "pounds", "€": "euros", "#": "number"},
    **dict.fromkeys("©®™|\\^`*_•·←↑↓†¶", ""),
}
NUMERIC_SIGNS = (
    "¹²³⁰⁴-⁹₀-₉፩-፱᧚①-⓿❶-➓\U00010a40-\U00010a43\U00010e60-\U00010e68\U00011052-\U0001105a\U0001f100-\U0001f10a"
)
"""A pattern's class of what stands for a digit without being one: superscripts, circled numbers."""
FRACTION_SIGNS = {"½": (1, 2), "¼": (1, 4), "¾": (3, 4), "⅓": (1, 3), "⅔": (2, 3), "⅛": (1, 8)}


def cardinal(number: int) -> str:
    """The number in words, as in British speech: with an `and` behind hundreds."""
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
    """A year in words: two pairs, except 2000 to 2009 and the round thousands."""
    if 2000 <= number < 2010 or not 1001 <= number < 2100:
        return cardinal(number)
    century, rest = divmod(number, 100)
    return f"{cardinal(century)} " + ("hundred" if rest == 0 else f"oh {_ONES[rest]}" if rest < 10 else cardinal(rest))


def decade(number: int) -> str:
    """`nineteen eighties`, `nineties`, `two thousands`."""
    spoken = year(number)
    return spoken[:-1] + "ies" if spoken.endswith("y") else spoken + "s"


def amount(written: str) -> str:
    """A written number in words: with commas, a sign, a decimal point."""
    sign = "minus " if written[0] in "-−" else ""
    whole, _, fraction = written.lstrip("-−").replace(",", "").partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        return sign + digits(whole)
    return sign + cardinal(int(whole)) + (f" point {digits(fraction)}" if fraction else "")


def digits(written: str) -> str:
    """Every digit by itself; what is no digit is passed over."""
    return " ".join(_ONES[int(character)] for character in written if character.isdecimal())


def counted(spoken: str, noun: str, *, plural: bool) -> str:
    """`one pound`, `two pounds`, `six feet`."""
    return f"{spoken} {PLURALS.get(noun, noun + 's') if plural else noun}"


def fraction(numerator: int, denominator: int) -> str:
    """`one half`, `two thirds`, `three quarters`."""
    name = {2: "half", 4: "quarter"}.get(denominator) or ordinal(denominator)
    return counted(cardinal(numerator), name, plural=numerator != 1)
