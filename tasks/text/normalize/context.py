"""What the words around a number ask of it: the case that a preposition or a verb governs, the noun that it counts."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.text.normalize.abbreviations import spoken_abbreviation
from tasks.text.normalize.forms import (
    CASES,
    Agreement,
    Case,
    adjective_readings,
    is_definite,
    may_be_predicate,
    noun_readings,
    verb_lemmas,
)
from tasks.text.normalize.numbers import is_singular
from tasks.text.normalize.tokens import Token

_ACCUSATIVE: tuple[Case, ...] = ("ÞF",)
_DATIVE: tuple[Case, ...] = ("ÞGF",)
_GENITIVE: tuple[Case, ...] = ("EF",)
_PLACE: tuple[Case, ...] = ("ÞGF", "ÞF")
"""í, á and their like take both; the form of the noun tells which, and where it does not, place beats way."""
_PREPOSITIONS: dict[str, tuple[Case, ...]] = {
    **dict.fromkeys("frá af hjá úr að gegnt samkvæmt ásamt gegn handa andspænis undan".split(), _DATIVE),
    **dict.fromkeys("við um gegnum kringum umfram".split(), _ACCUSATIVE),
    **dict.fromkeys("til án milli meðal vegna auk innan utan sökum handan".split(), _GENITIVE),
    **dict.fromkeys("í á fyrir eftir yfir undir með".split(), _PLACE),
}
_VERBS: dict[str, Case] = {
    **dict.fromkeys("vera verða heita teljast þykja kallast nefnast".split(), "NF"),
    **dict.fromkeys(
        "nema ná tapa svara blanda bæta safna eyða ljúka henda stela bjóða fjölga fækka skila muna dreifa bjarga kasta "
        "hella verja gleyma sinna stjórna fagna úthluta landa".split(),
        "ÞGF",
    ),
    **dict.fromkeys("sakna krefjast gæta njóta bíða vænta þarfnast minnast afla".split(), "EF"),
    **dict.fromkeys(
        "kosta eiga borga kaupa greiða nota taka hitta sjá fá gefa hlaupa hafa vega skora telja spara þéna vinna gera "
        "leggja drekka borða éta lesa skrifa byggja selja þekkja finna missa aka ganga synda keyra hjóla setja þurfa "
        "vanta innihalda ráða senda sækja heimsækja veiða læra syngja spila baka smíða framleiða eignast nefna "
        "rúma hækka lækka mynda".split(),
        "ÞF",
    ),
}
_NOT_VERBS = frozenset("á nema sá að í við um eftir af en og þó svo sem".split())
_JOINS = frozenset({"og", "eða", "en", ",", "né", "til"})
_PRONOUNS = frozenset("ég þú hann hún það við þið þeir þær þau sem hver".split())
_FUNCTION_WORDS = frozenset(
    [
        *_PREPOSITIONS,
        *_JOINS,
        *_PRONOUNS,
        *"er var eru voru hafa hefur höfðu ekki svo nú þar hér þá þegar að sé talsins".split(),
    ]
)
"""Words that are never counted, though many of them look like nouns: `á` is a river and a ewe, too."""
_ENDS = frozenset(".!?:;")
_REACH = 4  # words back from the number; further off, a preposition has mostly found its noun


@dataclass(frozen=True)
class Sentence:
    """The tokens, and the place of the one that is to be read."""

    tokens: Sequence[Token]
    index: int

    @property
    def token(self) -> Token:
        """The one that is to be read."""
        return self.tokens[self.index]

    def at(self, offset: int) -> Token | None:
        """The token this many places away."""
        place = self.index + offset
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def word(self, offset: int) -> str:
        """The word this many places away, in small letters, an abbreviation in full; empty where there is none."""
        token = self.at(offset)
        if token is None:
            return ""
        text = spoken_abbreviation(token.parts.get("full", token.text)) if token.kind == "abbreviation" else None
        return (text or token.text).lower()

    def moved(self, offset: int) -> Sentence:
        """The same tokens, seen from another."""
        return Sentence(self.tokens, self.index + offset)


def governed_cases(sentence: Sentence, *, members: int = 4) -> tuple[Case, ...]:
    """The cases that the words in front admit, the likeliest first; empty where nothing governs.

    members: how many earlier members of an enumeration are looked through.
    """
    past_noun = False
    for offset in range(-1, -_REACH - 1, -1):
        word, token = sentence.word(offset), sentence.at(offset)
        if token is None or word in _ENDS:
            break
        if word in _JOINS and offset == -1 and members and (earlier := _coordinated(sentence, members - 1)):
            return earlier
        if word == "á" and offset == -1 and sentence.word(-2) in _PRONOUNS:
            return _ACCUSATIVE  # "hún á 3 bíla": the verb eiga
        if word in _PREPOSITIONS and not past_noun and not (word == "um" and _verb_case(sentence.word(offset - 1))):
            return _PREPOSITIONS[word]
        if case := _verb_case(word):
            return (case,)
        past_noun = past_noun or (token.kind == "word" and bool(noun_readings(token.text)) and word not in _JOINS)
    return ()


def agreement(sentence: Sentence, count: int | None) -> Agreement | None:
    """Gender, case and number that the noun after it asks of a count; of an ordinal, where `count` is None.

    None where no noun follows.
    """
    readings = _noun_after(sentence)
    if not readings:
        return None
    number_fits = {r for r in readings if r.plural == (count is not None and not is_singular(count))}
    readings = frozenset(number_fits or readings)
    cases = governed_cases(sentence)
    for case in cases or CASES:
        if fitting := [r for r in readings if r.case == case]:
            return min(fitting, key=_by_gender)
    return min(readings, key=lambda r: (CASES.index(r.case), _by_gender(r)))


def stands_in(sentence: Sentence, *, members: int = 4) -> Case:
    """The case of a number that counts nothing: what the word right before it governs, or `af` right after it asks."""
    before, earlier = sentence.word(-1), sentence.at(-2)
    from_to = before == "til" and sentence.word(-3) == "frá"
    if members and before in _JOINS and earlier is not None and earlier.is_number and not from_to:
        return stands_in(sentence.moved(-2), members=members - 1)
    cases = _PREPOSITIONS.get(before, ())
    if sentence.word(1) == "af" and cases == _PLACE:
        return "ÞGF"
    return cases[0] if len(cases) == 1 else "NF"


def next_is_measured(sentence: Sentence, *, of_whole: bool) -> bool:
    """Whether a word that is measured follows at once: `fimm metra löng`, `þriggja prósenta hækkun`.

    of_whole: a genitive after it names the whole that this is a part of.
    """
    token = sentence.at(1)
    if token is None or token.kind != "word" or not token.text[0].islower():
        return False
    word = token.text
    if word in _PREPOSITIONS or word in _JOINS or _verb_case(word):
        return False
    if word in _MEASURED_ADJECTIVES:
        return True
    nouns = noun_readings(word)
    genitive = any(reading.case == "EF" for reading in nouns)  # "5% landsmanna": of them, not theirs
    # "á 10 mín. fresti": a verb, too, but what governs the measure governs this as a noun
    governed = any(reading.case in governed_cases(sentence) for reading in nouns)
    is_noun = bool(nouns) and not is_definite(word) and (governed or not may_be_predicate(word))
    return is_noun and not (of_whole and genitive)


_MEASURED_ADJECTIVES = frozenset(
    f"{stem}{ending}"
    for stem in ("lang", "löng", "há", "breið", "djúp", "þykk", "þung", "stór", "víð", "gam", "göm")
    for ending in ("", "ur", "r", "t", "tt", "all", "ul", "alt", "ir", "ar", "an", "a", "ri", "um", "n", "la", "lan")
)


def _by_gender(reading: Agreement) -> int:
    # a form that fits several genders is in running text mostly neuter or masculine
    return ("hk", "kk", "kvk").index(reading.gender)


def _verb_case(word: str) -> Case | None:
    if not word or word in _NOT_VERBS or word in _PREPOSITIONS:
        return None
    lemmas = verb_lemmas(word)
    return next((_VERBS[lemma] for lemma in sorted(lemmas, key=lambda x: x != "vera") if lemma in _VERBS), None)


def _coordinated(sentence: Sentence, members: int) -> tuple[Case, ...]:
    """The cases of the earlier member: in "við 3 konur og 2 menn" both stand in what `við` governs."""
    for offset in range(-2, -8, -1):
        token = sentence.at(offset)
        if token is None or sentence.word(offset) in _ENDS:
            return ()
        if token.is_number or token.kind in {"ordinal", "romanordinal"}:
            return governed_cases(sentence.moved(offset), members=members)
    return ()


def _noun_after(sentence: Sentence) -> frozenset[Agreement]:
    """The readings of the noun that is counted, behind up to two adjectives and a second number."""
    offset = 1
    while (
        offset < 7 and sentence.word(offset) in _JOINS | {"-", "–"} and (second := sentence.at(offset + 1)) is not None
    ):
        if not (second.is_number or second.kind in {"ordinal", "romanordinal"}):
            return frozenset()
        offset += 2
    adjectives: frozenset[Agreement] | None = None
    for place in range(offset, offset + 3):
        token, word = sentence.at(place), sentence.word(place)
        if token is None or token.kind not in {"word", "abbreviation"}:
            break
        if word in _FUNCTION_WORDS:
            break
        if special := _SPECIAL.get(word):
            return special
        nouns = noun_readings(token.text if token.kind == "word" else word)
        described = nouns & adjectives if adjectives else nouns
        if described and not (place == offset and _describes_next(sentence.moved(place))):
            return described
        found = adjective_readings(token.text)
        if not found:
            break
        adjectives = found if adjectives is None else adjectives & found
    return adjectives or frozenset()


def _describes_next(sentence: Sentence) -> bool:
    """Whether this word, which may also be a noun, is an adjective of the noun after it."""
    following = sentence.at(1)
    if following is None or following.kind != "word":
        return False
    return bool(adjective_readings(sentence.token.text) & noun_readings(following.text))


_SPECIAL = {
    "ára": frozenset({Agreement("hk", "EF", True)}),
    "manns": frozenset({Agreement("hk", "NF", True)}),  # "300 manns": the count stands by itself
}
