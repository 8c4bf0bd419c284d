"""What a count takes from the noun that it counts, wherever that noun stands: gender, case and number."""

from __future__ import annotations

import re

from tasks.text.normalize.abbreviations import NOUNS
from tasks.text.normalize.forms import (
    CASES,
    Agreement,
    adjective_readings,
    describes_size,
    is_definite,
    may_be_predicate,
    noun_readings,
)
from tasks.text.normalize.government import FUNCTION_WORDS, PLACE, governed_cases, takes_object, verb_case
from tasks.text.normalize.numbers import is_singular
from tasks.text.normalize.sentence import JOINS, Sentence
from tasks.text.normalize.tokens import Token

_SPECIAL = {
    "ára": frozenset({Agreement("hk", "EF", True)}),
    "manns": frozenset({Agreement("hk", "NF", True)}),  # "300 manns": the count stands by itself
}
_MAGNITUDE = re.compile(r"millj|þúsund|hundr|billj|tug")
_TIMES = re.compile(r"vik(u|ur|um)|mínút(u|ur|um)|sekúnd(u|ur|um)|klukkustund(ir|um)?|klukkutíma|stund(ir)?")
_PARTS_OF_LAWS = frozenset({"gr.", "mgr.", "málsl.", "tölul.", "tl.", "kafl."})
_ORDINALS = frozenset({"ordinal", "romanordinal"})


def agreement(sentence: Sentence, count: int | None) -> Agreement | None:
    """Gender, case and number that the noun after it asks of a count; of an ordinal, where `count` is None.

    None where no noun follows.
    """
    plural = count is not None and not is_singular(count)
    if count not in {None, 1} and _names_place(sentence.at(1)):
        return None
    if count is not None and (measure := _measure(sentence, plural=plural)):
        return measure
    readings = noun_after(sentence)
    if not readings:
        return None
    readings = frozenset({r for r in readings if r.plural == plural} or readings)
    cases = governed_cases(sentence) or (("ÞF", *CASES) if count is not None and takes_object(sentence) else CASES)
    if (
        count is not None
        and cases == PLACE
        and sentence.word(-1) in {"í", "eftir"}
        and _TIMES.fullmatch(sentence.word(1))
    ):
        cases = ("ÞF", "ÞGF")  # "eftir eina viku": how long
    for case in cases:
        if fitting := [r for r in readings if r.case == case]:
            return min(fitting, key=by_gender)
    return min(readings, key=lambda r: (CASES.index(r.case), by_gender(r)))


def next_is_measured(sentence: Sentence, *, of_whole: bool) -> bool:
    """Whether a word that is measured follows at once: `fimm metra löng`, `þriggja prósenta hækkun`.

    of_whole: a genitive after it names the whole that this is a part of.
    """
    token = sentence.at(1)
    if token is None or token.kind != "word" or not token.text[0].islower():
        return False
    word = token.text
    if word in FUNCTION_WORDS or verb_case(word):
        return False
    if describes_size(word):
        return True
    nouns = noun_readings(word)
    genitive = any(reading.case == "EF" for reading in nouns)  # "5% landsmanna": of them, not theirs
    # "á 10 mín. fresti": a verb, too, but what governs the measure governs this as a noun
    governed = any(reading.case in governed_cases(sentence) for reading in nouns)
    is_noun = bool(nouns) and not is_definite(word) and (governed or not may_be_predicate(word))
    return is_noun and not (of_whole and genitive)


def _names_place(token: Token | None) -> bool:
    """Whether it is a name that has no plural: `101 Reykjavík`."""
    if token is None or token.kind != "word" or not token.text[0].isupper():
        return False
    return not any(reading.plural for reading in noun_readings(token.text))


def names_whole(sentence: Sentence) -> bool:
    """Whether this ordinal and the abbreviated part of a law after it belong to what stands before."""
    before = sentence.at(-1)
    part = sentence.at(1)
    if before is None or part is None or sentence.kind(0) != "ordinal":
        return False
    if part.kind == "word":  # "4. lið 2. kafla"
        is_genitive = any(reading.case == "EF" for reading in noun_readings(part.text))
        return is_genitive and sentence.kind(-2) == "ordinal" and bool(noun_readings(before.text))
    if part.full not in _PARTS_OF_LAWS:
        return False
    if before.kind == "abbreviation":
        return before.full in NOUNS and sentence.kind(-2) == "ordinal"
    is_part = before.kind == "word" and before.text.lower() not in FUNCTION_WORDS and not verb_case(before.text.lower())
    return is_part and (bool(noun_readings(before.text)) or bool(re.search(r"-lið(ur|ar|i)?$", before.text)))


def _measure(sentence: Sentence, *, plural: bool) -> Agreement | None:
    """The genitive of a noun that measures the next: `tveggja manna herbergi`, `þriggja vikna gamall`."""
    token = sentence.at(1)
    if token is None or token.kind != "word" or token.text in FUNCTION_WORDS or not token.text[0].islower():
        return None
    if _MAGNITUDE.match(token.text):
        # "3 milljarða króna lán": what they are millions of stands between
        money = sentence.moved(2)
        of = any(r.case == "EF" and r.plural for r in noun_readings(sentence.word(2)))
        is_measured = of and sentence.word(2) not in FUNCTION_WORDS and next_is_measured(money, of_whole=False)
        genders = [r.gender for r in noun_readings(token.text) if r.case == "EF" and r.plural == plural]
        return Agreement(genders[0], "EF", plural) if is_measured and genders else None
    own = noun_readings(token.text)
    genitives = [r for r in own if r.case == "EF" and r.plural == plural]
    # "4 stjörnu hótel": no plural of its own, so that it counts nothing
    genitives = genitives or [r for r in own if r.case == "EF" and not any(o.plural == plural for o in own)]
    following = sentence.word(2)
    if not genitives or not next_is_measured(sentence.moved(1), of_whole=False):
        return None
    described = {r for r in adjective_readings(token.text) & noun_readings(following) if r.plural == plural}
    if described or not (describes_size(following) or any(r.case != "EF" for r in noun_readings(following))):
        return None
    return Agreement(min(genitives, key=by_gender).gender, "EF", plural)


def noun_after(sentence: Sentence) -> frozenset[Agreement]:
    """The readings of the noun that is counted, behind up to two adjectives and a second number."""
    adjectives: frozenset[Agreement] | None = None
    offset = _behind_coordinated(sentence)
    for place in range(offset, offset + 4):
        token, word = sentence.at(place), sentence.word(place)
        if word == "," and adjectives:
            continue  # "2 stórar, hvítar kindur"
        if token is None or token.kind not in {"word", "abbreviation"} or word in FUNCTION_WORDS:
            break
        if special := _SPECIAL.get(word):
            return special
        nouns = _abbreviated_noun(token.full) if token.kind == "abbreviation" else noun_readings(token.text)
        nouns = nouns or noun_readings(word)
        described = nouns & adjectives if adjectives else nouns
        if described and not (place == offset and _describes_next(sentence.moved(place))):
            return described
        found = adjective_readings(token.text)
        if not found:
            break
        adjectives = found if adjectives is None else adjectives & found
    return adjectives or frozenset()


def _behind_coordinated(sentence: Sentence) -> int:
    """The place after "og 4." in "3. og 4. kafli"; 1 where nothing is joined; 9 where other words are."""
    offset = 1
    while offset < 7 and sentence.word(offset) in JOINS | {"-", "–"} and sentence.at(offset + 1) is not None:
        joined = sentence.word(offset) == "," and sentence.word(offset + 1) == "og"
        second = sentence.at(offset + 1 + joined)
        ranked = sentence.token.kind in _ORDINALS
        if second is None or not (second.kind in _ORDINALS if ranked else second.is_number):
            return 9 if sentence.word(offset) != "og" or sentence.kind(offset - 1) not in _ORDINALS else offset + 1
        offset += 2 + joined
    return offset


def _abbreviated_noun(written: str) -> frozenset[Agreement]:
    """An abbreviated noun may stand in any case: the words before it tell which."""
    if written not in NOUNS:
        return frozenset()
    return frozenset(Agreement(NOUNS[written][1], case, plural) for case in CASES for plural in (False, True))


def _describes_next(sentence: Sentence) -> bool:
    """Whether this word, which may also be a noun, is an adjective of the noun after it."""
    following = sentence.at(1)
    if following is None or following.kind != "word":
        return False
    return bool(adjective_readings(sentence.token.text) & noun_readings(following.text))


def by_gender(reading: Agreement) -> int:
    """The order in which readings are tried: a form of several genders is mostly neuter or masculine."""
    return ("hk", "kk", "kvk").index(reading.gender)
