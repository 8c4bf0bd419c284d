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
WEEKDAYS = {
    **{"mán": "mánudag", "þri": "þriðjudag", "mið": "miðvikudag", "fim": "fimmtudag", "fös": "föstudag"},
    **{"lau": "laugardag", "sun": "sunnudag"},
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


def _units(gender: Gender, rows: str, *, of_time: bool = False, before_noun: bool = True) -> dict[str, Unit]:
    """`noun: signs | noun: signs`."""
    table = (row.split(":") for row in rows.split("|"))
    return {
        sign: Unit(lemma.strip(), gender, of_time=of_time, before_noun=before_noun)
        for lemma, signs in table
        for sign in signs.split()
    }


UNITS: dict[str, Unit] = {
    **_units("kk", "kílómetri: km | metri: m | sentímetri: cm sm | millímetri: mm | míkrómetri: µm μm | hektari: ha"),
    **_units("kk", "desímetri: dm | nanómetri: nm | ferkílómetri: km² km2 km^2 | fermetri: m² m2 m^2 fm ferm"),
    **_units("kk", "rúmmetri: m³ m3 m^3 rúmm | fersentímetri: cm² cm2 | rúmsentímetri: cm³ cm3 | fermillímetri: mm² mm2"),
    **_units("kk", "megabiti: Mb | gígabiti: Gb | njútonmetri: Nm | míkrólítri: µl"),
    **_units("kk", "lítri: l L | desilítri: dl | sentilítri: cl | millilítri: ml", before_noun=False),
    **_units("kvk", "klukkustund: klst h | mínúta: mín min | sekúnda: sek s | millisekúnda: ms", of_time=True),
    **_units("kvk", "teskeið: tsk | matskeið: msk", before_noun=False),
    **_units("kvk", "gráða: ° º °C | sjómíla: sml | tomma: ″ | kílókaloría: kcal | amperstund: Ah"),
    **_units("kvk", "kílóvattstund: kWst kWh | megavattstund: MWst MWh | gígavattstund: GWst GWh | teravattstund: TWst TWh"),
    **_units("hk", "kíló: kg | gramm: g gr | milligramm: mg | míkrógramm: µg μg | stykki: stk | tonn: t tn", before_noun=False),
    **_units("hk", "fet: ft | hestafl: hö | vatt: W | kílóvatt: kW | megavatt: MW | gígavatt: GW | volt: V | kílóvolt: kV"),
    **_units("hk", "kílóbæti: kB | megabæti: MB | gígabæti: GB | terabæti: TB | rið: Hz | kílórið: kHz | megarið: MHz"),
    **_units("hk", "gígarið: GHz | desibel: dB | hektópaskal: hPa | millibar: mb | kílójúl: kJ"),
    **{"° C": Unit("gráða", "kvk"), "°F": Unit("gráða", "kvk", "á Fahrenheit"), "° F": Unit("gráða", "kvk", "á Fahrenheit")},
    **dict.fromkeys(("m.y.s", "m y.s"), Unit("metri", "kk", "yfir sjávarmáli")),
    **{"km/t": Unit("kílómetri", "kk", "á klukkustund")},
}  # fmt: skip
PER = {
    **{"mán": "mánuði", "mánuði": "mánuði", "ári": "ári", "ár": "ári", "dag": "dag", "mann": "mann", "viku": "viku"},
    **{"100 km": "hundrað kílómetra", "100 g": "hundrað grömm", "nótt": "nótt", "tonn": "tonn"},
}
"""What something is measured by, behind a stroke, as it is said after `á`; units may stand there, too."""

CURRENCIES: dict[str, Unit] = {
    **_units("kvk", "króna: kr | íslenskur króna: ISK | evra: € EUR"),
    **_units("kvk", "danskur króna: DKK | norskur króna: NOK | sænskur króna: SEK | tékkneskur króna: CZK"),
    **_units("kk", "dollari: $ USD US$ | svissneskur franki: CHF | kanadískur dollari: CAD | ástralskur dollari: AUD"),
    **_units("hk", "pund: £ GBP | jen: ¥ JPY | pólskur slot: PLN"),
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
    "RÚV ASÍ NATO UNESCO UNICEF COVID VÍS KEA BYKO IKEA NASA FIFA UEFA ÍSÍ FESTA SÍBS LÍÚ OPEC LEGO MAST ESA ISAVIA AIDS PISA".split()
)  # fmt: skip
SPELLED = frozenset(
    "BBC CNN ESB EES SÞ SA SI SÍ VR HR HÍ LHÍ HA MR MA MH MS OK KA HK FH ÍR ÍA ÍBV KR USA UK DNA RNA SMS KSÍ HSÍ EM HM NM".split()
)
"""Acronyms that are also words in small letters, or are spelled although they could be said."""

DIRECTIONS = {
    **{"N": "norður", "S": "suður", "A": "austur", "V": "vestur"},
    **{"NA": "norðaustur", "NV": "norðvestur", "SA": "suðaustur", "SV": "suðvestur"},
}
"""Before a hyphen and a part of the country, or a wind: `NA-land`, `SV-átt`."""

SYMBOLS = {
    **{"&": "og", "+": "plús", "=": "jafnt og", "×": "sinnum", "÷": "deilt með", "±": "plús mínus", "§": "paragraf"},
    **{"%": "prósent", "‰": "prómill", "€": "evrur", "$": "dollarar", "£": "pund", "°": "gráður", "@": "hjá"},
    **{"#": "númer", "~": "um það bil", "≈": "um það bil", "<": "minna en", ">": "meira en", "№": "númer"},
    **{"≤": "minna en eða jafnt og", "≥": "meira en eða jafnt og", "≠": "ekki jafnt og", "→": "til", "∞": "óendanlegt"},
    **{"™": "", "®": "", "©": "", "|": "", "\\": "", "^": "", "`": "", "*": "", "_": "", "•": "", "·": "", "º": ""},
    **{"¥": "jen", "µ": "míkró", "√": "rótin af", "←": "", "↑": "", "↓": "", "⇒": "", "†": "", "¶": ""},
}
