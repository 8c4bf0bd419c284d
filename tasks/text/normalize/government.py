"""The cases that the words in front of a number govern: prepositions, verbs, earlier members of an enumeration."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

import re
from itertools import pairwise

from tasks.text.normalize.forms import Case, is_active_verb, is_definite, noun_readings, verb_lemmas
from tasks.text.normalize.sentence import JOINS, PRONOUNS, Sentence

_ACCUSATIVE: tuple[Case, ...] = ("ÞF",)
_DATIVE: tuple[Case, ...] = ("ÞGF",)
_GENITIVE: tuple[Case, ...] = ("EF",)
PLACE: tuple[Case, ...] = ("ÞGF", "ÞF")
"""í, á and their like take both; the form of the noun tells which, and where it does not, place beats way."""
PREPOSITIONS: dict[str, tuple[Case, ...]] = {
    **dict.fromkeys("frá af hjá úr að gegnt samkvæmt ásamt gegn handa andspænis undan".split(), _DATIVE),
    **dict.fromkeys("við um gegnum kringum umfram samanber".split(), _ACCUSATIVE),
    **dict.fromkeys("til án milli meðal vegna auk innan utan sökum handan".split(), _GENITIVE),
    **dict.fromkeys("í á fyrir eftir yfir undir með".split(), PLACE),
}
_VERBS: dict[str, Case] = {
    **dict.fromkeys("vera verða heita teljast þykja kallast nefnast".split(), "NF"),
    **dict.fromkeys(
        "nema ná tapa svara blanda bæta safna eyða ljúka henda stela bjóða fjölga fækka skila muna dreifa bjarga kasta "
        "hella verja gleyma sinna stjórna fagna úthluta landa strá sáldra dreypa skvetta velta raða sleppa lofa "
        "hóta ógna treysta hrósa hjálpa þjóna loka læsa beita ráðstafa farga hlaða steypa sprauta stýra fylgja".split(),
        "ÞGF",
    ),
    **dict.fromkeys("sakna krefjast gæta njóta bíða vænta þarfnast minnast afla".split(), "EF"),
    **dict.fromkeys(
        "kosta eiga borga kaupa greiða nota taka hitta sjá fá gefa hlaupa hafa vega skora telja spara þéna vinna gera "
        "leggja drekka borða éta lesa skrifa byggja selja þekkja finna missa aka ganga synda keyra hjóla setja þurfa "
        "vanta innihalda ráða senda sækja heimsækja veiða læra syngja spila baka smíða framleiða eignast nefna "
        "rúma hækka lækka mynda stökkva skera þeyta hræra panta opna reisa semja halda bera rækta kjósa skoða "
        "auglýsa láta sauma prjóna mála draga flytja kenna".split(),
        "ÞF",
    ),
}
_NOT_VERBS = frozenset("á nema sá að í við um eftir af en og þó svo sem líka fyrir yfir milli".split())
_SAYING = frozenset(
    "segja telja halda áætla vona vita sjá finnast þykja kveða álíta fullyrða tilkynna sýna ætla".split()
)
_INTRANSITIVE = frozenset("vera verða heita koma líða liggja búa mæta bætast sitja lifa deyja bíða".split())
_OTHERS = (
    "er var eru voru hafa hefur höfðu ekki svo nú þar hér þá þegar að sé talsins já nei mjög þeirra þeim þess hans "
    "hennar okkar ykkar sín"
)
FUNCTION_WORDS = frozenset([*PREPOSITIONS, *JOINS, *PRONOUNS, *_OTHERS.split()])
"""Words that are never counted, though many of them look like nouns: `á` is a river and a ewe, too."""
_WEEKDAY = re.compile(r"(mánu|þriðju|miðviku|fimmtu|föstu|laugar|sunnu)d[aeö]g\w*")
_REACH = 4  # words back from the number; further off, a preposition has mostly found its noun


def governed_cases(sentence: Sentence, *, members: int = 4) -> tuple[Case, ...]:
    """The cases that the words in front admit, the likeliest first; empty where nothing governs.

    members: how many earlier members of an enumeration are looked through.
    """
    past_noun = False
    for offset in range(-1, -_REACH - 1, -1):
        word, token = sentence.word(offset), sentence.at(offset)
        if token is None or sentence.ends_at(offset):
            break
        if word in JOINS and offset == -1 and members and (earlier := _coordinated(sentence, members - 1)):
            # "frá 5 km til 10 km", but "8 til 14 km"
            return _GENITIVE if word == "til" and earlier == _DATIVE else earlier
        if word == "á" and offset == -1 and _has(sentence):
            return _ACCUSATIVE
        if word == "við" and "bæta" in verb_lemmas(sentence.word(offset - 1)):
            return _DATIVE  # "bætið við 2 eggjum"
        if word == "af" and sentence.word(offset - 1) == "þar":
            return ()  # "þar af 3 konur": of them
        if _is_conjunction(sentence, offset):
            return ()
        if word in PREPOSITIONS and not past_noun and not _is_approximate(sentence, offset):
            return PREPOSITIONS[word]
        if (case := verb_case(word)) and not (past_noun and case in {"ÞGF", "EF"}):
            return _DATIVE if "hræra" in verb_lemmas(word) and _is_added(sentence) else (case,)
        past_noun = past_noun or (token.kind == "word" and bool(noun_readings(token.text)) and word not in JOINS)
    return ()


def measures_an_action(sentence: Sentence) -> bool:
    """Whether a measure that nothing governs tells how far, how long or how much: `stökk 7,82 m`, in the accusative."""
    for offset in sentence.before():
        token = sentence.at(offset)
        if token is None or token.kind != "word" or token.text.lower() in FUNCTION_WORDS - {"hafa"}:
            return False
        if is_active_verb(token.text.lower()):
            return not verb_lemmas(token.text) & _INTRANSITIVE
    return False


def date_case(sentence: Sentence) -> Case:
    """The case of a day of a month."""
    weekday = next((sentence.word(o) for o in (-1, -2) if _WEEKDAY.fullmatch(sentence.word(o))), None)
    if weekday and sentence.word(-1) in {weekday, ","}:
        # "föstudaginn 3. maí", "föstudagur 3. maí": the day stands as the weekday does
        singular = {reading.case for reading in noun_readings(weekday) if not reading.plural}
        return next((case for case in ("NF", "ÞF", "ÞGF", "EF") if case in singular), "ÞF")
    cases = governed_cases(sentence)
    if cases in {("NF",), ()}:
        # "í dag er sautjándi júní", "sautjándi júní er hátíðardagur", but "fundurinn var þriðja maí"
        behind = cases and any(sentence.word(o) in {"dag", "dagurinn", "gær", "morgun"} for o in (-1, -2, -3))
        ahead = sentence.begins and any(re.search(r"dagur(inn)?$", sentence.word(o)) for o in (2, 3))
        return "NF" if behind or ahead else "ÞF"
    return cases[0] if len(cases) == 1 else "ÞF"


def takes_object(sentence: Sentence) -> bool:
    """Whether a verb that we know no case of has its object here: `lögreglan handtók 3`."""
    before, earlier = sentence.word(-1), sentence.word(-2)
    if _is_transitive(before):
        first = next((o for o in reversed(list(sentence.before()))), -1)
        return first < -1 and sentence.word(first) not in PREPOSITIONS and sentence.kind(first) == "word"
    is_subject = before in PRONOUNS or any(reading.case == "NF" for reading in noun_readings(before))
    return is_subject and before not in PREPOSITIONS and _is_transitive(earlier)


def _is_transitive(word: str) -> bool:
    return word not in FUNCTION_WORDS and is_active_verb(word) and not verb_lemmas(word) & _INTRANSITIVE


def verb_case(word: str) -> Case | None:
    """The case that this verb governs; None for what is no verb, and for verbs that we don't know."""
    if not word or word in _NOT_VERBS or word in PREPOSITIONS:
        return None
    lemmas = verb_lemmas(word)
    return next((_VERBS[lemma] for lemma in sorted(lemmas, key=lambda x: x != "vera") if lemma in _VERBS), None)


def _has(sentence: Sentence) -> bool:
    """Whether `á` is the verb, or takes an amount: `hún á 3 bíla`, `bærinn á 3 skóla`, `upp á 3 bíla`."""
    before = sentence.word(-2)
    is_owner = sentence.ends_at(-3) and before not in FUNCTION_WORDS and is_definite(before)
    return before in PRONOUNS | {"upp"} or (is_owner and any(r.case == "NF" for r in noun_readings(before)))


def _is_added(sentence: Sentence) -> bool:
    """Whether something is stirred into something else, in the dative: `hrærið 2 msk. saman við`."""
    ahead = [sentence.word(offset) for offset in sentence.after()]
    return any(pair in {("saman", "við"), ("út", "í")} for pair in pairwise(ahead))


def _is_conjunction(sentence: Sentence, offset: int) -> bool:
    """Whether `að` begins a clause: `lagt er til að`, `hann sagði að`."""
    before = sentence.word(offset - 1)
    begins_clause = before in {"til", "svo", "því", "þess", "þannig", ","} or bool(verb_lemmas(before) & _SAYING)
    return sentence.word(offset) == "að" and begins_clause


def _is_approximate(sentence: Sentence, offset: int) -> bool:
    """Whether `um` means `about`, and governs nothing."""
    if sentence.word(offset) != "um":
        return False
    verb = sentence.word(offset - 1)
    by_how_much = verb_lemmas(verb) & {"fjölga", "fækka"}
    return bool(verb_case(verb) and not by_how_much) or (offset == -1 and sentence.ends_at(offset - 1))


def _coordinated(sentence: Sentence, members: int) -> tuple[Case, ...]:
    """The cases of the earlier member: in "við 3 konur og 2 menn" both stand in what `við` governs."""
    for offset in range(-2, -8, -1):
        token = sentence.at(offset)
        if token is None or sentence.ends_at(offset):
            return ()
        if token.is_number or token.kind in {"ordinal", "romanordinal"}:
            return governed_cases(sentence.moved(offset), members=members)
    return ()
