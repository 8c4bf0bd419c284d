"""Read what counts: numbers, ranges, scores, ordinals, the numerals of rulers."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

import re

from tasks.text.normalize.agreement import agreement, names_whole
from tasks.text.normalize.alone import alone, predicate
from tasks.text.normalize.forms import Case, is_known, noun_readings
from tasks.text.normalize.government import PREPOSITIONS, date_case, governed_cases
from tasks.text.normalize.numbers import amount, cardinal, digits, ordinal, roman, split, times, year
from tasks.text.normalize.sentence import Sentence

MINUS = {"-": "mínus ", "−": "mínus ", "+": "plús "}
_MATCH = re.compile(
    r"vann|unnu|jafn\w*|sigur\w*|vinn(a|ur)|sigr\w*|tapa\w*|töpuðu|lauk|enda(ði|r)|jafntefli|leik(s|inn|inum|num|urinn|ur|num)?|komst|komust|"
    r"stað(a|an|an)|úrslit\w*|lokatöl\w*|hálfleik\w*|sett(ið|inu)?|mark(a|i)?|lögðu|lagði|burst\w*"
)
_YEAR_WORDS = re.compile(
    r"ár(i?ð|sins|inu|a|um|in|unum|anna|s)?|(sumar|vetur|vor|haust|aldamót|páska|jól)\w*|\w*kosning\w*|janúar|febrúar|"
    r"mars|apríl|maí|júní|júlí|ágúst|september|október|nóvember|desember"
)
_CALLS = re.compile(
    r"hring(du|ja|ið|di|ir|i|t|jum|dum)?|\w*sím(i|a|inn|ann|anum|num|a)|\w*s[íi]manúmer\w*|\w*neyðar(línan?|línuna|númer\w*)|s\."
)
_MEASURED_OUT = frozenset("einkunn einkunnin einkunnina stjörnur stjörnu stig fékk fær gaf gefur hlaut".split())


def read_number(sentence: Sentence) -> tuple[str, str]:
    """A number by itself: a year, or a count that agrees with the noun after it."""
    written, sign = sentence.token.parts["xa"], MINUS.get(sentence.token.parts.get("xs", ""), "")
    is_factor = is_times_sign(sentence.moved(1))
    if written.isdecimal() and (sentence.word(1) == "sinnum" or is_factor):
        return "number", times(int(written))
    if _is_digitwise(sentence, written):
        kind = "kennitala" if len(written) == 10 else "phone" if len(written) > 2 else "number"
        return kind, sign + _digitwise(written)
    if not sign and is_year(sentence, written):
        return "year", year(int(written))
    return "number", sign + _counted(sentence, written)


def read_range(sentence: Sentence) -> tuple[str, str]:
    """Two numbers and a dash between them: a stretch of years, a score, or from one to the other."""
    first, second = sentence.token.parts["ra"], sentence.token.parts["rb"]
    sign = MINUS.get(sentence.token.parts.get("rs", ""), "")
    if not sign and is_year(sentence, first) and (is_year(sentence, second) or re.fullmatch(r"\d\d", second)):
        return "year", f"{year(int(first))} til {year(int(second)) if len(second) > 2 else cardinal(int(second))}"
    if is_score(sentence, first, second):
        return "score", f"{cardinal(int(first))} {cardinal(int(second))}"
    if _is_model(sentence, first, second):
        return "number", f"{digits(first)} {cardinal(int(second))}"
    return "range", f"{sign}{_counted(sentence, first)} til {_counted(sentence, second)}"


def read_score(sentence: Sentence) -> tuple[str, str]:
    """31:28, 2:2."""
    first, second = (int(part) for part in re.findall(r"\d+", sentence.token.text)[:2])
    return "score", f"{cardinal(first)} {cardinal(second)}"


def read_ratio(sentence: Sentence) -> tuple[str, str]:
    """1:10.000."""
    return "number", " á móti ".join(amount(piece) for piece in sentence.token.text.split(":"))


def read_ordinal(sentence: Sentence) -> tuple[str, str]:
    """An ordinal, in the form that the noun after it asks for; before a date, the form of dates."""
    number = (
        int(sentence.token.parts["oa"].replace(".", ""))
        if sentence.token.kind == "ordinal"
        else roman(sentence.token.text[:-1])
    )
    if not number:
        return "roman", sentence.token.text
    if sentence.token.kind == "romanordinal" and (regnal := read_regnal(sentence)):
        return regnal
    kind = "ordinal" if sentence.token.kind == "ordinal" else "roman"
    return kind, _ordinal_like(sentence, number)


def read_regnal(sentence: Sentence) -> tuple[str, str] | None:
    """The Roman numeral behind a name, in the name's gender and case: a ruler's, or `kafli II`; None behind others."""
    number, before = roman(sentence.token.text.rstrip(".")), sentence.at(-1)
    if not 0 < number < 40 or before is None or before.kind != "word" or before.text.isupper():
        return None
    readings = noun_readings(before.text)
    if before.text[0].islower() or not is_known(before.text):
        is_numbered = len(sentence.token.text.rstrip(".")) > 1 and (readings or before.text[0].isupper())
        return ("roman", cardinal(number)) if is_numbered else None
    if not readings:
        return None
    # a sentence that begins with an oblique name has mostly a dative subject: "Elísabetu annarri var fagnað"
    cases = governed_cases(sentence.moved(-1)) or ("NF", "ÞGF", "ÞF", "EF")
    ranked = sorted(readings, key=lambda r: (r.plural, cases.index(r.case) if r.case in cases else 9))
    return "roman", ordinal(number, ranked[0].gender, ranked[0].case)


def is_times_sign(sentence: Sentence) -> bool:
    """Whether this token multiplies the number before it, which is read with it: `3×4`, `12 x 500 kr.`."""
    token, after = sentence.at(0), sentence.at(1)
    signed = token is not None and token.text in {"×", "x", "X"}
    return signed and sentence.kind(-1) == "number" and after is not None and after.is_number


def is_year(sentence: Sentence, written: str) -> bool:
    """Whether a number of four digits is a year: one that counts nothing."""
    if not re.fullmatch(r"1[1-9]\d\d|20\d\d", written):
        return False
    if _YEAR_WORDS.fullmatch(sentence.word(-1)):
        return True
    following = sentence.at(1)
    if following is None or following.kind != "word" or not following.text[0].islower():
        return True
    noun = agreement(sentence, int(written))
    return noun is None or not noun.plural


def is_score(sentence: Sentence, first: str, second: str) -> bool:
    """Whether two numbers are goals: nothing is counted, and they fall, or a match is spoken of."""
    if not (first.isdecimal() and second.isdecimal()) or max(len(first), len(second)) > 3:
        return False
    sport = in_match(sentence)
    if agreement(sentence, 2) and not (sport and sentence.word(1).startswith(("sig", "tap"))):
        return False
    return sport or (int(first) > int(second) and len(first) < 3) or sentence.word(-1) == "("


def in_match(sentence: Sentence) -> bool:
    """Whether a match is spoken of."""
    return any(_MATCH.fullmatch(sentence.word(offset)) for offset in (*sentence.before(), *sentence.after()))


def _ordinal_like(sentence: Sentence, number: int) -> str:
    following, join = sentence.at(1), sentence.word(1)
    if join in {"og", "eða", "til", "-", "–"} and sentence.kind(2) == "date":
        following = sentence.at(2)
    if following is not None and following.kind == "date":
        return ordinal(number, "kk", date_case(sentence))
    if sentence.word(2) == "mánaðar" or sentence.word(-1) == "þann":
        return ordinal(number, "kk", (governed_cases(sentence) or ("ÞF",))[0])  # "2. þessa mánaðar"
    noun = agreement(sentence, None) or predicate(sentence)
    if noun is None and sentence.word(-1) in PREPOSITIONS:
        return ordinal(number, "kk", date_case(sentence))  # "á 2. í jólum"
    if names_whole(sentence):
        return ordinal(number, noun.gender if noun else "kk", "EF")
    return ordinal(number, noun.gender, noun.case, plural=noun.plural) if noun else ordinal(number)


def _counted(sentence: Sentence, written: str) -> str:
    whole, fraction = split(written)
    # "10,1 vini", "10,5 vinum": what is said last rules
    noun = agreement(sentence, int(fraction) if fraction else whole) or alone(sentence)
    return amount(written, noun.gender, noun.case)


def _is_model(sentence: Sentence, first: str, second: str) -> bool:
    """Whether it names an aeroplane: `Boeing 737-800`."""
    before = sentence.at(-1)
    named = before is not None and before.kind == "word" and before.text[0].isupper() and not is_known(before.text)
    return named and first.isdecimal() and second.isdecimal() and len(first) == 3


def _is_digitwise(sentence: Sentence, written: str) -> bool:
    if not written.isdecimal():
        return False
    if len(written) > 1 and written.startswith("0"):
        return True
    near = any(_CALLS.fullmatch(sentence.word(offset)) for offset in (-1, -2, -3, -4))
    # thousands have full stops between them, so that seven or ten digits on end are no amount
    telephone = len(written) == 7 and written[0] in "45678" and agreement(sentence, 2) is None
    return len(written) > 15 or (near and len(written) in {3, 4, 7}) or telephone or _is_kennitala(sentence, written)


def _is_kennitala(sentence: Sentence, written: str) -> bool:
    named = any(sentence.word(offset).startswith("kennit") for offset in (-1, -2, -3))
    return len(written) == 10 and (named or bool(re.fullmatch(r"[0-7]\d[01]\d{6}[089]", written)))


def _digitwise(written: str) -> str:
    pairs = re.fullmatch(r"([1-9]\d)\1", written)
    return f"{cardinal(int(pairs[1]))} {cardinal(int(pairs[1]))}" if pairs else digits(written)


def case_of_ratio(sentence: Sentence) -> Case | None:
    """The case in which "9 of 10" stands, where marks or stars are given; None elsewhere."""
    given = any(sentence.word(offset) in _MEASURED_OUT for offset in sentence.before())
    return "NF" if given else None
