"""Read what is spelled: addresses, telephone numbers, acronyms, letters mixed with digits, single signs."""

from __future__ import annotations

import re
import unicodedata

from tasks.text.normalize.abbreviations import NOUNS, read_abbreviation
from tasks.text.normalize.amounts import read_regnal
from tasks.text.normalize.context import Sentence, governed_cases
from tasks.text.normalize.forms import Case, inflect, is_known
from tasks.text.normalize.numbers import cardinal, digits, year
from tasks.text.normalize.tables import LETTERS, SAID_AS_WORDS, SPELLED, SYMBOLS

_UPPER = "A-ZÁÉÍÓÚÝÞÆÖÐ"
_ACRONYM = re.compile(rf"[{_UPPER}]{{2,6}}")
_WEB_SIGNS = {".": "punktur", "/": "skástrik", "-": "bandstrik", "_": "undirstrik", "@": "hjá", ":": "tvípunktur"}
_WEB_SIGNS |= {
    "?": "spurningarmerki",
    "=": "jafnt og",
    "&": "og",
    "#": "myllumerki",
    "%": "prósent",
    "+": "plús",
    "~": "tilda",
}
_SHORTENED = {
    "2ja": "tveggja",
    "3ja": "þriggja",
    "4ra": "fjögurra",
    "4ja": "fjögurra",
    "1sta": "fyrsta",
    "2svar": "tvisvar",
}
_SHORTENED |= {"3svar": "þrisvar", "1x": "einu sinni", "2x": "tvisvar sinnum"}


def read_web(sentence: Sentence) -> tuple[str, str]:
    """An address on the web, without the part that nobody says."""
    return "web", _address(re.sub(r"^https?://", "", sentence.token.text))


def read_email(sentence: Sentence) -> tuple[str, str]:
    """An address for letters."""
    return "email", _address(sentence.token.text)


def read_handle(sentence: Sentence) -> tuple[str, str]:
    """A name on social media."""
    return "symbol", f"hjá {_runs(sentence.token.text[1:])}"


def read_hashtag(sentence: Sentence) -> tuple[str, str]:
    """A subject on social media."""
    return "symbol", f"myllumerki {_runs(sentence.token.text[1:])}"


def read_phone(sentence: Sentence) -> tuple[str, str]:
    """A telephone number, digit by digit."""
    return "phone", ("plús " if sentence.token.text.startswith("+") else "") + digits(sentence.token.text)


def read_kennitala(sentence: Sentence) -> tuple[str, str]:
    """An Icelandic identity number, digit by digit."""
    return "kennitala", digits(sentence.token.text)


def read_digits(sentence: Sentence) -> tuple[str, str]:
    """Digits that no rule took: a number, or digit by digit where they are many or begin with a zero."""
    text = sentence.token.text
    return "number", digits(text) if len(text) > 15 or text.startswith("0") else cardinal(int(text))


def read_hyphenation(sentence: Sentence) -> tuple[str, str]:
    """A word divided at a line's end, in one piece again."""
    return "symbol", ""


def read_mixed(sentence: Sentence) -> tuple[str, str]:
    """Letters and digits in one word: Covid-19, F-35, mp3, 2ja."""
    text = sentence.token.text
    return "number", _SHORTENED.get(text.lower()) or _runs(text)


def read_word(sentence: Sentence) -> tuple[str, str] | None:
    """An acronym letter by letter, a ruler's numeral; None for a word, which is read as it stands."""
    text = sentence.token.text
    if re.fullmatch(r"[IVXLCDM]+", text) and (regnal := read_regnal(sentence)):
        return regnal
    if not _ACRONYM.fullmatch(text) or text in SAID_AS_WORDS:
        return None
    if text in SPELLED:
        return "acronym", _spelled(text)
    # capitals all along are a way to shout, not to abbreviate
    neighbours = [token for offset in (-1, 1) if (token := sentence.at(offset)) and token.kind == "word"]
    shouted = any(len(token.text) > 3 and token.text.isupper() and is_known(token.text) for token in neighbours)
    return None if is_known(text) or shouted else ("acronym", _spelled(text))


def read_abbreviated(sentence: Sentence) -> tuple[str, str] | None:
    """An abbreviation in full; a noun in the case that the sentence asks for."""
    written = sentence.token.parts.get("full", sentence.token.text)
    reading = read_abbreviation(written)
    if reading is None:
        return None
    key = written if written in NOUNS else written.lower()
    spoken = _inflected(sentence, key) if key in NOUNS else reading.spoken
    return "abbreviation", spoken[:1].upper() + spoken[1:] if written[0].isupper() else spoken


def read_symbol(sentence: Sentence) -> tuple[str, str] | None:
    """A sign that has a name; pictures are silent, punctuation stays for the voice to phrase by."""
    text = sentence.token.text
    if text in SYMBOLS:
        return "symbol", SYMBOLS[text]
    if text in "-–—" and _joins_numbers(sentence):
        return "range", "til"
    if (
        unicodedata.category(text) in {"So", "Cs", "Co"}
        or text in "\ufe0f\u200d\u20e3"
        or "\U0001f3fb" <= text <= "\U0001f3ff"
    ):
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
        and all(t.is_number or t.kind in {"ordinal", "date"} for t in (before, after))
    )


def _inflected(sentence: Sentence, written: str) -> str:
    lemma, gender = NOUNS[written]
    before = sentence.at(-1)
    if written == "kr." and re.match(r"millj", sentence.word(-1)):
        return inflect(lemma, gender, "EF", True)
    case: Case = (governed_cases(sentence) or ("NF",))[0]
    if (
        before is not None
        and before.kind == "ordinal"
        and (part := sentence.at(-3)) is not None
        and part.kind == "ordinal"
    ):
        case = "EF"
    counted = before is not None and before.kind in {"number", "range"}
    return inflect(lemma, gender, case, counted and not before.text.endswith("1"))  # type: ignore[union-attr]


def _address(text: str) -> str:
    pieces = re.findall(r"\d+|[^\W\d_]+|.", text, re.DOTALL)
    spoken = [
        "vaff vaff vaff" if piece == "www" else digits(piece) if piece.isdecimal() else _WEB_SIGNS.get(piece, piece)
        for piece in pieces
    ]
    return " ".join(spoken)


def _runs(text: str) -> str:
    """The letters and the numbers of a mixed word, apart."""
    spoken = []
    for run in re.findall(r"\d+|[^\W\d_]+", text):
        if run.isdecimal():
            is_year = re.fullmatch(r"19\d\d|20\d\d", run)
            spoken.append(year(int(run)) if is_year else digits(run) if len(run) > 15 else cardinal(int(run)))
        else:
            acronym = run not in SAID_AS_WORDS and (_ACRONYM.fullmatch(run) or (len(run) <= 3 and not is_known(run)))
            spoken.append(_spelled(run) if acronym and len(run) > 1 else run)
    return " ".join(spoken)


def _spelled(text: str) -> str:
    return " ".join(LETTERS.get(letter.lower(), letter) for letter in text)
