"""What Icelanders abbreviate, and the words that they say for it."""
# ruff: noqa: SIM905, E501  (tables: a row is a row)

from __future__ import annotations

from dataclasses import dataclass

from tasks.text.normalize.forms import Gender

MONTH_NAMES = "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember".split()
MONTHS = {
    **{name: number for number, name in enumerate(MONTH_NAMES, start=1)},
    **{"jan": 1, "feb": 2, "febr": 2, "mar": 3, "apr": 4, "jún": 6, "júl": 7, "ágú": 8, "ág": 8, "sep": 9},
    **{"sept": 9, "okt": 10, "nóv": 11, "des": 12},
}


@dataclass(frozen=True)
class Unit:
    """A noun that is counted, and what follows it whatever its case."""

    lemma: str
    gender: Gender
    suffix: str = ""
    of_time: bool = False
    before_noun: bool = True
    """Whether it stands in the genitive before a noun or an adjective: `fimm kílómetra leið`, but not `dl mjólk`."""


def _length(lemma: str, suffix: str = "") -> Unit:
    return Unit(lemma, "kk", suffix)


_KM, _M, _HOUR = _length("kílómetri"), _length("metri"), Unit("klukkustund", "kvk", of_time=True)
_MINUTE = Unit("mínúta", "kvk", of_time=True)
_SECOND = Unit("sekúnda", "kvk", of_time=True)
UNITS: dict[str, Unit] = {
    **{"km": _KM, "m": _M, "cm": _length("sentímetri"), "mm": _length("millímetri"), "sm": _length("sentímetri")},
    **{"km²": _length("ferkílómetri"), "km2": _length("ferkílómetri"), "m²": _length("fermetri")},
    **{"m2": _length("fermetri"), "fm": _length("fermetri"), "m³": _length("rúmmetri"), "m3": _length("rúmmetri")},
    **{"ha": _length("hektari"), "ft": Unit("fet", "hk"), "kg": Unit("kíló", "hk", before_noun=False), "g": Unit("gramm", "hk", before_noun=False)},
    **{"mg": Unit("milligramm", "hk", before_noun=False), "l": Unit("lítri", "kk", before_noun=False), "L": Unit("lítri", "kk", before_noun=False)},
    **{"dl": Unit("desilítri", "kk", before_noun=False), "ml": Unit("millilítri", "kk", before_noun=False), "cl": Unit("sentilítri", "kk", before_noun=False)},
    **{"tsk": Unit("teskeið", "kvk", before_noun=False), "msk": Unit("matskeið", "kvk", before_noun=False), "stk": Unit("stykki", "hk", before_noun=False)},
    **{"klst": _HOUR, "mín": _MINUTE, "sek": _SECOND, "s": _SECOND, "ms": Unit("millisekúnda", "kvk", of_time=True)},
    **{"W": Unit("vatt", "hk"), "kW": Unit("kílóvatt", "hk"), "MW": Unit("megavatt", "hk")},
    **{"GW": Unit("gígavatt", "hk"), "V": Unit("volt", "hk"), "kV": Unit("kílóvolt", "hk")},
    **{"kWst": Unit("kílóvattstund", "kvk"), "kWh": Unit("kílóvattstund", "kvk")},
    **{"MWst": Unit("megavattstund", "kvk"), "GWst": Unit("gígavattstund", "kvk"), "TWst": Unit("teravattstund", "kvk")},
    **{"kB": Unit("kílóbæti", "hk"), "MB": Unit("megabæti", "hk"), "GB": Unit("gígabæti", "hk")},
    **{"TB": Unit("terabæti", "hk"), "Hz": Unit("rið", "hk"), "kHz": Unit("kílórið", "hk")},
    **{"MHz": Unit("megarið", "hk"), "GHz": Unit("gígarið", "hk"), "dB": Unit("desibel", "hk")},
    **{"hPa": Unit("hektópaskal", "hk"), "kcal": Unit("kílókaloría", "kvk"), "hö": Unit("hestafl", "hk")},
    **{"°C": Unit("gráða", "kvk"), "° C": Unit("gráða", "kvk"), "°": Unit("gráða", "kvk")},
    **{"°F": Unit("gráða", "kvk", "á Fahrenheit")},
    **{"km/klst": _length("kílómetri", "á klukkustund"), "km/h": _length("kílómetri", "á klukkustund")},
    **{"km/t": _length("kílómetri", "á klukkustund"), "m/s": _length("metri", "á sekúndu")},
    **{"m/sek": _length("metri", "á sekúndu"), "kr/kg": Unit("króna", "kvk", "á kíló")},
    **{"kr./kg": Unit("króna", "kvk", "á kíló"), "g/km": Unit("gramm", "hk", "á kílómetra")},
    **{"l/100 km": Unit("lítri", "kk", "á hundrað kílómetra"), "Mb/s": Unit("megabiti", "kk", "á sekúndu")},
}  # fmt: skip

CURRENCIES: dict[str, Unit] = {
    **{"kr": Unit("króna", "kvk"), "ISK": Unit("íslenskur króna", "kvk"), "€": Unit("evra", "kvk")},
    **{"EUR": Unit("evra", "kvk"), "$": Unit("dollari", "kk"), "USD": Unit("dollari", "kk")},
    **{"£": Unit("pund", "hk"), "GBP": Unit("pund", "hk"), "¥": Unit("jen", "hk"), "JPY": Unit("jen", "hk")},
    **{"DKK": Unit("danskur króna", "kvk"), "NOK": Unit("norskur króna", "kvk")},
    **{"SEK": Unit("sænskur króna", "kvk"), "CHF": Unit("svissneskur franki", "kk")},
}
MAGNITUDES = {"m": Unit("milljón", "kvk"), "ma": Unit("milljarður", "kk"), "þ": Unit("þúsund", "hk")}

LETTERS = {
    **dict(zip("abcdefghijklmnopq", "a bé sé dé e eff gé há i joð ká ell emm enn o pé kú".split(), strict=True)),
    **dict(zip("rstuvxyz", "err ess té u vaff ex ufsilon seta".split(), strict=True)),
    **dict(zip("áéíóúðþæö", "á é í ó ú eð þorn æ ö".split(), strict=True)),
    **{"w": "tvöfalt vaff", "ý": "ufsilon í"},
}
"""Names of the letters."""

SAID_AS_WORDS = frozenset(
    "RÚV ASÍ NATO UNESCO UNICEF COVID SÁÁ VÍS KEA BYKO IKEA NASA FIFA UEFA ÍSÍ FESTA KSÍ HSÍ SÍBS LÍÚ OPEC LEGO".split()
)  # fmt: skip
SPELLED = frozenset(
    {"BBC", "CNN", "ESB", "EES", "SÞ", "ESA", "SA", "SI", "VR", "HR", "HÍ", "LHÍ", "HA", "MR", "MA", "OK"}
)
"""Acronyms that are also words in small letters, or are spelled although they could be said."""

SYMBOLS = {
    **{"&": "og", "+": "plús", "=": "jafnt og", "×": "sinnum", "÷": "deilt með", "±": "plús mínus", "§": "paragraf"},
    **{"%": "prósent", "‰": "prómill", "€": "evrur", "$": "dollarar", "£": "pund", "°": "gráður", "@": "hjá"},
    **{"#": "númer", "~": "um það bil", "<": "minna en", ">": "meira en", "→": "til", "№": "númer", "™": "", "®": ""},
    **{"©": "", "|": "", "\\": "", "^": "", "`": "", "*": "", "_": ""},
}
