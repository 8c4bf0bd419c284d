"""Read abbreviations in full, and single signs by their names."""

from __future__ import annotations

import re
import unicodedata

from tasks.text.normalize.abbreviations import ADJECTIVES, BORN, NOUNS, read_abbreviation
from tasks.text.normalize.agreement import agreement, names_whole
from tasks.text.normalize.counting import is_times_sign
from tasks.text.normalize.forms import CASES, Case, decline, inflect, noun_readings
from tasks.text.normalize.government import governed_cases
from tasks.text.normalize.numbers import cardinal
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tables import SYMBOLS

_BEFORE_DATES = frozenset({"dags.", "fim."})
_TITLES = frozenset({"prófessor", "þingmaður", "ritstjóri"})


def read_abbreviated(sentence: Sentence) -> tuple[str, str] | None:
    """An abbreviation in full; a noun in the case that the sentence asks for."""
    written = sentence.token.full
    reading = read_abbreviation(written)
    if reading is None:
        return None
    if written.lower() in _BEFORE_DATES and not (
        sentence.kind(1).endswith("date") or sentence.word(-2).endswith("dag")
    ):
        return None  # "í lok dags."
    key = written if written in NOUNS else written.lower()
    spoken = _inflected(sentence, key) if key in NOUNS else _agreeing(sentence, key) or reading.spoken
    return "abbreviation", spoken[:1].upper() + spoken[1:] if written[0].isupper() else spoken


def read_telephone(sentence: Sentence) -> tuple[str, str]:
    """`s.` before a telephone number."""
    spoken = inflect("sími", "kk", (governed_cases(sentence) or ("NF",))[0], False)
    return "abbreviation", spoken.capitalize() if sentence.token.text[0].isupper() else spoken


def read_with(sentence: Sentence) -> tuple[str, str]:
    """`m/` and `m.` before what is brought along."""
    return "abbreviation", "með"


def read_hyphenation(sentence: Sentence) -> tuple[str, str]:
    """A word divided at a line's end, in one piece again."""
    return "hyphenation", ""


def read_symbol(sentence: Sentence) -> tuple[str, str] | None:
    """A sign that has a name; pictures are silent, punctuation stays for the voice to phrase by."""
    text = sentence.token.text
    if is_times_sign(sentence):
        return "symbol", "sinnum"
    if text in SYMBOLS:
        return "symbol", SYMBOLS[text]
    if text in "-–—" and _joins_numbers(sentence):
        return "range", "til"
    is_picture = unicodedata.category(text) in {"So", "Cs", "Co"} or "\U0001f3fb" <= text <= "\U0001f3ff"
    if is_picture or text in "\ufe0f\u200d\u20e3":
        return "symbol", ""
    if (value := unicodedata.numeric(text, None)) is not None and value == int(value):
        return "number", cardinal(int(value))
    return None


def _joins_numbers(sentence: Sentence) -> bool:
    before, after = sentence.at(-1), sentence.at(1)
    if sentence.word(-2) in {"-", "–"} or sentence.word(2) in {"-", "–"}:
        return False  # three and more are a number of a book, a part or a person
    return (
        before is not None
        and after is not None
        and all(t.is_number or t.kind in {"ordinal", "date", "shortdate"} for t in (before, after))
    )


def _agreeing(sentence: Sentence, written: str) -> str | None:
    """`síðastliðin tíu ár`, `svokallað hjarðónæmi`, `Anna, fædd`; None where there is no such noun."""
    if written in BORN:
        words = (
            t.text for o in sentence.before() if (t := sentence.at(o)) and t.kind == "word" and t.text[0].isupper()
        )
        names = noun_readings(next(words, ""))
        genders = {reading.gender for reading in names if reading.case == "NF" and not reading.plural}
        return decline(BORN[written], "kvk", "NF", False) if genders == {"kvk"} else None
    if written not in ADJECTIVES:
        return None
    number = sentence.at(1)
    counts = number is not None and number.kind == "number"
    noun = agreement(sentence.moved(1), 2) if counts else agreement(sentence, None)
    return decline(ADJECTIVES[written], noun.gender, noun.case, noun.plural) if noun else None


def _inflected(sentence: Sentence, written: str) -> str:
    lemma, gender = NOUNS[written]
    if written == "kr." and re.match(r"millj|þús", sentence.word(-1)):
        return inflect(lemma, gender, "EF", True)
    if sentence.kind(-1) == "percent" and lemma == "atkvæði":
        return inflect(lemma, gender, "EF", True)  # "34% atkv.": of them
    case: Case = (governed_cases(sentence) or ("NF",))[0]
    if names_whole(sentence.moved(-1)):
        case = "EF"
    before, after = sentence.at(-1), sentence.at(1)
    if after is not None and after.kind == "word" and after.text[0].isupper() and lemma in _TITLES:
        cases = {reading.case for reading in noun_readings(after.text) if not reading.plural}
        case = case if case in cases or not cases else min(cases, key=CASES.index)
    if lemma == "milljón" and sentence.kind(-1) not in {"number", "range"}:
        return inflect(lemma, gender, case, True)  # "allar tölur í millj. kr."
    counted = before is not None and before.kind in {"number", "range", "lap"} and not before.text.endswith("1")
    return inflect(lemma, gender, case, counted)
