"""Abbreviations and what they stand for: our own table first, then the one that comes with `tokenizer`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from tokenizer.abbrev import Abbreviations

from tasks.text.normalize.forms import Gender, is_known

_OWN = {
    **{"kl.": "klukkan", "dr.": "doktor", "sr.": "séra", "skv.": "samkvæmt", "sbr.": "samanber", "ath.": "athugið"},
    **{"hr.": "herra", "frk.": "fröken", "nr.": "númer", "fv.": "fyrrverandi", "fyrrv.": "fyrrverandi"},
    **{"nk.": "næstkomandi", "sl.": "síðastliðinn", "co.": "kó", "s.s.": "svo sem", "f.h.": "fyrir hádegi"},
    **{"t.d.": "til dæmis", "ca.": "sirka", "max.": "mest", "min.": "minnst", "f.": "fæddur", "d.": "dáinn"},
    **{"mbl.": "Morgunblaðið", "þ.m.t.": "þar með talið", "o.þ.h.": "og þess háttar", "þ.á.m.": "þar á meðal"},
    **{"þús.": "þúsund", "vs.": "gegn", "jr.": "yngri", "þ.e.": "það er", "dags.": "dagsett", "m.v.": "miðað við"},
    **{"ehf.": "ehf", "hf.": "hf", "ohf.": "ohf", "e.t.v.": "ef til vill", "þ.m.": "þessa mánaðar"},
    **{"s.m.": "sama mánaðar"},
    **{"þri.": "þriðjudag", "fim.": "fimmtudag", "fös.": "föstudag", "lau.": "laugardag"},
    **{"o.s.frv.": "og svo framvegis"},
    **{"mánud.": "mánudag", "þriðjud.": "þriðjudag", "miðvikud.": "miðvikudag", "fimmtud.": "fimmtudag"},
    **{"föstud.": "föstudag", "laugard.": "laugardag", "sunnud.": "sunnudag"},
    **{"jóh.": "Jóhannes", "matt.": "Matteus", "lúk.": "Lúkas", "sálm.": "Sálmarnir"},
    **{"alm.hgl.": "almennra hegningarlaga", "hgl.": "hegningarlaga", "stjskr.": "stjórnarskrárinnar"},
    **{"hagst.": "Hagstofa", "þjskj.": "Þjóðskjalasafn", "a.n.l.": "að nokkru leyti"},
    **{"e.u.": "eftir umtali", "tlf.": "sími", "o.m.fl.": "og margt fleira", "n.k.": "næstkomandi"},
    **{"s.l.": "síðastliðinn", "f.Kr.": "fyrir Krist", "e.Kr.": "eftir Krist", "þ.a.l.": "þar af leiðandi"},
}
_COMPANIES = {"ehf.": "e há eff", "hf.": "há eff", "ohf.": "o há eff", "ses.": "ess e ess", "slf.": "ess ell eff"}

NOUNS: dict[str, tuple[str, Gender]] = {
    **{"bls.": ("blaðsíða", "kvk"), "mgr.": ("málsgrein", "kvk"), "gr.": ("grein", "kvk"), "tbl.": ("tölublað", "hk")},
    **{"árg.": ("árgangur", "kk"), "þm.": ("þingmaður", "kk"), "alþm.": ("alþingismaður", "kk")},
    **{"ritstj.": ("ritstjóri", "kk"), "mín.": ("mínúta", "kvk"), "sek.": ("sekúnda", "kvk")},
    **{"klst.": ("klukkustund", "kvk"), "kr.": ("króna", "kvk"), "stk.": ("stykki", "hk"), "útg.": ("útgáfa", "kvk")},
    **{"millj.": ("milljón", "kvk"), "tsk.": ("teskeið", "kvk"), "msk.": ("matskeið", "kvk"), "kafl.": ("kafli", "kk")},
    **{"vsk.": ("virðisaukaskattur", "kk")},
    **{"próf.": ("prófessor", "kk"), "aths.": ("athugasemd", "kvk"), "málsl.": ("málsliður", "kk")},
    **{"tölul.": ("töluliður", "kk"), "tl.": ("töluliður", "kk"), "st.": ("stig", "hk"), "kt.": ("kennitala", "kvk")},
    **{"mán.": ("mánuður", "kk"), "atkv.": ("atkvæði", "hk"), "afsl.": ("afsláttur", "kk")},
}  # fmt: skip
"""Abbreviated nouns that are inflected when they are read."""

ADJECTIVES = {"sl.": "síðastliðinn", "s.l.": "síðastliðinn", "sk.": "svokallaður", "ísl.": "íslenskur"}
BORN = {"f.": "fæddur", "d.": "dáinn"}
"""Abbreviated adjectives, which agree with the noun after them."""
_BEFORE_NAMES = frozenset({"próf.", "þm.", "alþm.", "ritstj.", "dr.", "sr.", "hr.", "frk.", "nr.", "bls."})
_WORDS_TOO = frozenset({"m.", "s.", "í.", "á.", "v.", "þ.", "e.", "h.", "n.", "a.", "o.", "k.", "g.", "l.", "d.", "t."})
"""One letter and a full stop is a name's initial, or the end of a sentence, more often than what it stands for."""


INDEFINITE = {
    **{"e-ð": "eitthvað", "e-r": "einhver", "e-n": "einhvern", "e-m": "einhverjum", "e-s": "einhvers"},
    **{"e-u": "einhverju", "e-ju": "einhverju", "e-um": "einhverjum", "e-a": "einhverja", "e-rs": "einhvers"},
}
"""The indefinite pronoun as dictionaries write it."""
_UNDOTTED = {
    **{"osfrv": "og svo framvegis", "uþb": "um það bil", "etv": "ef til vill", "þeas": "það er að segja"},
    **{"ofl": "og fleira", "amk": "að minnsta kosti", "mfl": "meistaraflokkur", "td": "til dæmis"},
    **{"ca": "sirka", "skv": "samkvæmt", "sbr": "samanber", "vsk": "virðisaukaskattur", "kt": "kennitala"},
    **{"nr": "númer"},
    **{"tbl": "tölublað", "þús": "þúsund", "sl": "síðastliðinn", "nk": "næstkomandi"},
}


@dataclass(frozen=True)
class Reading:
    """What an abbreviation stands for."""

    spoken: str
    may_end_sentence: bool


@lru_cache(maxsize=4096)
def spoken_abbreviation(written: str) -> str | None:
    """What this abbreviation stands for, in small letters; None where it stands for nothing that we know."""
    reading = read_abbreviation(written)
    return reading.spoken if reading else None


@lru_cache(maxsize=4096)
def read_abbreviation(written: str) -> Reading | None:
    """What this abbreviation, with its full stops, stands for; None where it stands for nothing that we know."""
    if " " in written or "\u00a0" in written:
        written = re.sub(r"\.?\s+", ".", written)  # "m. a."
    small = written.lower() if len(written) > 2 and written[1:].islower() else written
    for form in (written, small):
        if spoken := _COMPANIES.get(form) or _OWN.get(form) or (NOUNS[form][0] if form in NOUNS else None):
            return Reading(spoken, _may_end(form))
    if written.lower() in _WORDS_TOO:
        return None
    return _from_tokenizer(written) or _from_tokenizer(small)


def read_undotted(written: str) -> str | None:
    """What this abbreviation without full stops stands for; None for words, and for what we don't know."""
    spoken = _UNDOTTED.get(written.lower())
    return spoken.capitalize() if spoken and written[0].isupper() else spoken


def _from_tokenizer(form: str) -> Reading | None:
    Abbreviations.initialize()
    # A short word before a full stop is a word: "var.", "fór."
    if form.count(".") == 1 and is_known(form[:-1]):
        return None
    if len(form) < 3 or not form.endswith(".") or form not in Abbreviations.DICT:
        return None
    meaning = next(iter(Abbreviations.DICT[form]))
    return Reading(str(meaning[0]), _may_end(form))


def _may_end(form: str) -> bool:
    Abbreviations.initialize()
    is_finisher = form in Abbreviations.FINISHERS or form in NOUNS or form in _COMPANIES
    return is_finisher and form not in _BEFORE_NAMES
