"""The forms of Icelandic words, and what they agree in, from BÍN, the Database of Icelandic Morphology."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from islenska import Bin

Case = Literal["NF", "ÞF", "ÞGF", "EF"]
Gender = Literal["kk", "kvk", "hk"]
CASES: tuple[Case, ...] = ("NF", "ÞF", "ÞGF", "EF")
GENDERS: tuple[Gender, ...] = ("kk", "kvk", "hk")

_SIZES = frozenset({"langur", "hár", "breiður", "djúpur", "þykkur", "þungur", "stór", "víður", "gamall"})

_NEUTERS = frozenset({"ár", "lag", "mál"})  # a year, and not an oar

_NOUN = re.compile(r"(NF|ÞF|ÞGF|EF)(ET|FT)(gr)?")
_ADJECTIVE = re.compile(r"(?:FSB|FVB|MST|ESB|EVB|LHÞT-[SV]B|SB|VB)?-?(KK|KVK|HK)-(NF|ÞF|ÞGF|EF)(ET|FT)")


@dataclass(frozen=True)
class Agreement:
    """What a number word takes from the word that it counts."""

    gender: Gender
    case: Case
    plural: bool


@lru_cache(maxsize=1)
def _bin() -> Bin:
    return Bin()


@lru_cache(maxsize=65_536)
def _entries(word: str) -> tuple[tuple[str, str, str], ...]:
    """(lemma, word class, mark) of every reading; a capital letter at a sentence's start is tried as a small one."""
    found = _bin().lookup(word)[1]
    if not found and word != word.lower():
        found = _bin().lookup(word.lower())[1]
    entries = tuple((entry.ord, entry.ofl, entry.mark) for entry in found)
    return tuple(entry for entry in entries if not entry[0][0].isupper()) or entries if word.islower() else entries


@lru_cache(maxsize=65_536)
def noun_readings(word: str) -> frozenset[Agreement]:
    """Gender, case and number that this word may have as a noun."""
    nouns = [entry for entry in _entries(word) if entry[1] in GENDERS]
    # "stig", "hús": a neuter that is the same in both numbers is hardly ever a rare form of something else
    own = [entry for entry in nouns if entry[:2] == (word, "hk")]
    if any(mark == "NFFT" for _, _, mark in own):
        nouns = [entry for entry in nouns if entry[0] == word and (word not in _NEUTERS or entry[1] == "hk")]
    found = ((gender, _NOUN.match(mark)) for _, gender, mark in nouns)
    return frozenset(Agreement(_gender(g), _case(m[1]), m[2] == "FT") for g, m in found if m)


@lru_cache(maxsize=65_536)
def adjective_readings(word: str) -> frozenset[Agreement]:
    """Gender, case and number that this word may have as an adjective, a participle or a pronoun."""
    classes = {"lo", "so", "fn", "to"}
    found = (_ADJECTIVE.match(mark) for _, word_class, mark in _entries(word) if word_class in classes)
    return frozenset(Agreement(_gender(m[1].lower()), _case(m[2]), m[3] == "FT") for m in found if m)


@lru_cache(maxsize=65_536)
def verb_lemmas(word: str) -> frozenset[str]:
    """The verbs that this word may be a finite form or an infinitive of."""
    verbs = [(lemma, mark) for lemma, word_class, mark in _entries(word) if word_class == "so" and mark[:2] != "LH"]
    if noun_readings(word):
        # "verð", "mál": what could also be "I …" or "…!" is more often the noun
        verbs = [(lemma, mark) for lemma, mark in verbs if not re.search("1P|2P|BH-ST", mark)]
    return frozenset(lemma for lemma, _ in verbs)


@lru_cache(maxsize=65_536)
def is_finite(word: str) -> bool:
    """Whether this word may be a verb in the indicative."""
    return any(word_class == "so" and "-FH-" in mark for _, word_class, mark in _entries(word))


@lru_cache(maxsize=65_536)
def is_plural_verb(word: str) -> bool:
    """Whether this word is a verb in the third person plural of the past: `slösuðust`, `mættu`."""
    return any(word_class == "so" and "-FH-ÞT-3P-FT" in mark for _, word_class, mark in _entries(word))


@lru_cache(maxsize=65_536)
def is_active_verb(word: str) -> bool:
    """Whether this word may be a verb in the indicative active, and is no noun: `stökk`, and not `mældist`."""
    marks = [mark for _, word_class, mark in _entries(word) if word_class == "so"]
    return any("GM-FH" in mark or "GM-BH" in mark for mark in marks)


@lru_cache(maxsize=65_536)
def describes_size(word: str) -> bool:
    """Whether this word is an adjective that a measure stands before: `tveggja metra hár`."""
    return any(lemma in _SIZES for lemma, word_class, _ in _entries(word) if word_class == "lo")


@lru_cache(maxsize=65_536)
def is_comparative(word: str) -> bool:
    """Whether this word can only be the comparative of an adjective: `hærri`, `fleiri`."""
    marks = [mark for _, _, mark in _entries(word)]
    return bool(marks) and all("MST" in mark for mark in marks)


@lru_cache(maxsize=65_536)
def may_be_predicate(word: str) -> bool:
    """Whether this word may be a verb in the third person or an infinitive."""
    return any(word_class == "so" and ("3P" in mark or "NH" in mark) for _, word_class, mark in _entries(word))


@lru_cache(maxsize=65_536)
def is_definite(word: str) -> bool:
    """Whether this word is a noun with the article: `árið`."""
    marks = [mark for _, word_class, mark in _entries(word) if word_class in GENDERS]
    return bool(marks) and all("gr" in mark for mark in marks)


@lru_cache(maxsize=65_536)
def is_known(word: str) -> bool:
    """Whether BÍN has this very word, or its form in small letters."""
    return bool(_bin().lookup(word)[1] or _bin().lookup(word.lower())[1])


@lru_cache(maxsize=4096)
def inflect(lemma: str, gender: Gender, case: Case, plural: bool) -> str:
    """The indefinite form of a noun; of a phrase such as `dönsk króna`, each word. Unknown words stay as they are."""
    *adjectives, noun = lemma.split(" ")
    variants = _bin().lookup_variants(noun, gender, (case, "FT" if plural else "ET"))
    forms = [v.bmynd for v in variants if v.ord == noun and "gr" not in v.mark]
    return " ".join([*(decline(a, gender, case, plural) for a in adjectives), forms[0] if forms else noun])


def decline(adjective: str, gender: Gender, case: Case, plural: bool) -> str:
    """The strong form of an adjective."""
    mark = f"FSB-{gender.upper()}-{case}{'FT' if plural else 'ET'}"
    variants = _bin().lookup_variants(adjective, "lo", ("FSB", gender.upper(), case, "FT" if plural else "ET"))
    return next((v.bmynd for v in variants if v.mark == mark), adjective)


def _gender(text: str) -> Gender:
    return "kk" if text == "kk" else "kvk" if text == "kvk" else "hk"


def _case(text: str) -> Case:
    return next(case for case in CASES if case == text)
