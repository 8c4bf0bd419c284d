"""What a number takes that no noun follows: from its subject, from what was counted before, or nothing at all."""

from __future__ import annotations

from tasks.text.normalize.agreement import by_gender, noun_after
from tasks.text.normalize.forms import (
    Agreement,
    Case,
    Gender,
    adjective_readings,
    is_definite,
    is_finite,
    is_plural_verb,
    noun_readings,
    verb_lemmas,
)
from tasks.text.normalize.government import FUNCTION_WORDS, PLACE, PREPOSITIONS, governed_cases, verb_case
from tasks.text.normalize.sentence import JOINS, Sentence

_PRONOUNS = {
    **{"þeir": Agreement("kk", "NF", True), "þær": Agreement("kvk", "NF", True), "þau": Agreement("hk", "NF", True)},
    **{"hann": Agreement("kk", "NF", False), "hún": Agreement("kvk", "NF", False)},
    **{"það": Agreement("hk", "NF", False), "ég": Agreement("kk", "NF", False)},
}


def alone(sentence: Sentence) -> Agreement:
    """Gender and case of a number with no noun after it: of its subject, of what was counted before, or neuter."""
    case = _case_alone(sentence)
    if sentence.word(1) == "af" and (whole := _whole(sentence)):
        return Agreement(whole, case, True)
    if sentence.word(-1) == "fyrir" and sentence.token.kind in {"number", "range"}:
        return Agreement("kk", "ÞF", True)  # "fyrir 4": for so many people
    if sentence.word(-1) in {"númer", "síma"} or _is_listed(sentence):
        return Agreement("hk", "NF", False)
    if (subject := predicate(sentence)) and subject.plural:
        return subject
    if who := _acting(sentence):
        return Agreement(who, "NF", True)
    if _is_elliptic(sentence) and (noun := _counted_elsewhere(sentence)):
        return Agreement(noun.gender, case, True)
    return Agreement("hk", case, False)


def _is_listed(sentence: Sentence) -> bool:
    """Whether only numbers are named, one after the other: `tölurnar voru þrjú, sjö og tólf`."""
    return sentence.word(1) == "," and sentence.kind(2) == "number"


def predicate(sentence: Sentence) -> Agreement | None:
    """The subject that a number or an ordinal is said of: `bílarnir eru þrír`, `þær voru tvær`, `hún varð þriðja`."""
    for offset in (-1, -2, -3):
        if not verb_lemmas(sentence.word(offset)) & {"vera", "verða", "lenda"}:
            continue
        for place in sentence.moved(offset).before():
            if subject := _nominative(sentence.word(offset + place)):
                return subject
        return None
    # "konurnar eru 5 og karlarnir 3"
    token = sentence.at(-1)
    if token is None or token.kind != "word" or sentence.word(-2) not in JOINS:
        return None
    return _nominative(token.text) if token.text in _PRONOUNS or is_definite(token.text) else None


def _nominative(word: str) -> Agreement | None:
    if word in _PRONOUNS:
        return _PRONOUNS[word]
    subjects = [r for r in noun_readings(word) if r.case == "NF"] if word not in FUNCTION_WORDS else []
    return min(subjects, key=lambda r: (not r.plural, by_gender(r))) if subjects else None


def _case_alone(sentence: Sentence, *, members: int = 4) -> Case:
    before, earlier = sentence.word(-1), sentence.at(-2)
    from_to = before == "til" and sentence.word(-3) == "frá"
    if members and before in JOINS and earlier is not None and earlier.is_number and not from_to:
        return _case_alone(sentence.moved(-2), members=members - 1)
    if before == "af" and sentence.word(-2) == "þar":
        return "NF"
    if before in {"þessum", "þeim", "hinum"}:
        return "ÞGF"
    cases = PREPOSITIONS.get(before, ())
    if sentence.word(1) == "af" and cases == PLACE:
        return "ÞGF"
    if before == "á" and governed_cases(sentence) == ("ÞF",):
        return "ÞF"
    if cases or before in {"af", ","}:
        return cases[0] if len(cases) == 1 else "NF"
    governed = verb_case(before)
    return governed if governed in {"ÞF", "ÞGF", "EF"} and sentence.word(1) in {"af", "en", ",", ".", ""} else "NF"


def _whole(sentence: Sentence) -> Gender | None:
    """The gender of what it is a part of: `tvo af þremur köflum`."""
    for offset in range(2, 6):
        token = sentence.at(offset)
        if token is None or sentence.ends_at(offset):
            return None
        if token.kind == "word" and token.text not in FUNCTION_WORDS:
            datives = [r for r in noun_readings(token.text) if r.case == "ÞGF" and r.plural]
            if datives:
                return min(datives, key=by_gender).gender
    return None


def _acting(sentence: Sentence) -> Gender | None:
    """The gender of those who do something, or of whom something is said: `tveir slösuðust`, `þrjár voru valdar`."""
    if not sentence.begins and sentence.word(-1) not in {"og", "en", ","}:
        return None
    if verb_lemmas(sentence.word(1)) & {"vera", "verða"}:
        said = [r for r in adjective_readings(sentence.word(2)) if r.case == "NF" and r.plural]
        return min(said, key=by_gender).gender if said else None
    return "kk" if is_plural_verb(sentence.word(1)) else None


def _is_elliptic(sentence: Sentence) -> bool:
    """Whether what it counts is named elsewhere: `af 52 nemendum féllu þrír`, `þar af tvær`."""
    before, ends = sentence.word(-1), sentence.word(1) in {"", ".", ",", "en", "og", "!", "?"}
    if before == "af":
        return sentence.word(-2) == "þar"
    is_verb = is_finite(before) and (before not in FUNCTION_WORDS or sentence.word(-2) in {"ég", "hún", "hann"})
    return ends and is_verb and not any(r.case in {"NF", "ÞF"} for r in noun_readings(before) if before != "á")


def _counted_elsewhere(sentence: Sentence) -> Agreement | None:
    for offsets in (sentence.before(), sentence.after()):
        for offset in offsets:
            if sentence.kind(offset) in {"number", "range"} and (noun := _plainly_counted(sentence.moved(offset))):
                return noun
    return None


def _plainly_counted(sentence: Sentence) -> Agreement | None:
    readings = noun_after(sentence)
    plurals = [reading for reading in readings if reading.plural]
    return min(plurals, key=by_gender) if plurals else None
