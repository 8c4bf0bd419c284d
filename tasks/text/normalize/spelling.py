"""Read what is spelled: addresses, telephone numbers, acronyms, letters mixed with digits."""

from __future__ import annotations

import re
import unicodedata

from tasks.text.normalize.abbreviations import INDEFINITE, read_undotted
from tasks.text.normalize.counting import is_times_sign, read_regnal
from tasks.text.normalize.forms import Case, Gender, inflect, is_known
from tasks.text.normalize.numbers import cardinal, digits, ordinal, roman, year
from tasks.text.normalize.sentence import Sentence
from tasks.text.normalize.tables import DIRECTIONS, LETTERS, SAID_AS_WORDS, SPELLED, UNITS

_UPPER = "A-ZÁÉÍÓÚÝÞÆÖÐ"
_ACRONYM = re.compile(rf"[{_UPPER}]{{2,6}}")
_VOWEL = re.compile(r"[aáeéiíoóuúyýæö]", re.IGNORECASE)
_PART_OF_COUNTRY = re.compile(r"(land|horn|strönd|hlut|kjördæmi|helming|fjórðung)\w*")
_TOWARDS = re.compile(r"(átt|til|lands|verð|vert)\w*")
_SAYABLE = re.compile(r"(?:[^AÁEÉIÍOÓUÚYÝÆÖ]?[AÁEÉIÍOÓUÚYÝÆÖ][^AÁEÉIÍOÓUÚYÝÆÖ]?)+")
_WEB_SIGNS = {
    **{".": "punktur", "/": "skástrik", "-": "bandstrik", "_": "undirstrik", "@": "hjá", ":": "tvípunktur"},
    **{
        "?": "spurningarmerki",
        "=": "jafnt og",
        "&": "og",
        "#": "myllumerki",
        "%": "prósent",
        "+": "plús",
        "~": "tilda",
    },
}
_SHORTENED = {
    **{"2ja": "tveggja", "3ja": "þriggja", "4ra": "fjögurra", "4ja": "fjögurra", "1sta": "fyrsta", "2svar": "tvisvar"},
    **{"3svar": "þrisvar", "1x": "einu sinni", "2x": "tvisvar sinnum", "3x": "þrisvar sinnum", "3d": "þrívíddar"},
    **{"2d": "tvívíddar", "60s": "sixtís", "70s": "seventís", "80s": "eitís", "90s": "næntís"},
}
_FOLD = re.compile(r"(\d+)-?(fald\w*)")
_RANK = re.compile(r"(\d{1,3})(?:st|n|ð|t|d)([iau])")
_RANK_FORMS: dict[str, tuple[Gender, Case]] = {"i": ("kk", "NF"), "a": ("kk", "ÞF"), "u": ("kvk", "ÞF")}
_FOLDS = {1: "ein", 2: "tvö", 3: "þre", 4: "fjór"}


def read_web(sentence: Sentence) -> tuple[str, str]:
    """An address on the web, without the part that nobody says."""
    return "web", _address(re.sub(r"^(?:https?://)?(?:www\.)?|/$", "", sentence.token.text))


def read_email(sentence: Sentence) -> tuple[str, str]:
    """An address for letters."""
    return "email", _address(sentence.token.text)


def read_handle(sentence: Sentence) -> tuple[str, str]:
    """A name on social media."""
    return "handle", f"hjá {_named(sentence.token.text[1:])}"


def read_hashtag(sentence: Sentence) -> tuple[str, str]:
    """A subject on social media."""
    return "hashtag", f"myllumerki {_named(sentence.token.text[1:])}"


def read_phone(sentence: Sentence) -> tuple[str, str]:
    """A telephone number, digit by digit."""
    return "phone", ("plús " if sentence.token.text.startswith("+") else "") + digits(sentence.token.text)


def read_iban(sentence: Sentence) -> tuple[str, str]:
    """An international account number: its letters, and digit by digit."""
    text = sentence.token.text
    return "account", f"{spelled(text[:2])} {digits(text[2:])}"


def read_kennitala(sentence: Sentence) -> tuple[str, str]:
    """An Icelandic identity number, digit by digit."""
    return "kennitala", digits(sentence.token.text)


def read_digits(sentence: Sentence) -> tuple[str, str]:
    """Digits that no rule took: a number, or digit by digit where they are many or begin with a zero."""
    text = sentence.token.text
    return "number", digits(text) if len(text) > 15 or text.startswith("0") else cardinal(int(text))


def read_mixed(sentence: Sentence) -> tuple[str, str]:
    """Letters and digits in one word: Covid-19, F-35, mp3, 2ja, 4-faldur, B12-vítamín."""
    text = sentence.token.text
    if fold := _FOLD.fullmatch(text):
        number = int(fold[1])
        return "number", (_FOLDS.get(number) or cardinal(number)) + fold[2]
    if rank := _RANK.fullmatch(text):
        gender, case = _RANK_FORMS[rank[2]]
        return "ordinal", ordinal(int(rank[1]), gender, case)
    first, hyphen, rest = text.partition("-")
    if spoken := _SHORTENED.get(first.lower()):
        return "number", f"{spoken} {rest}" if hyphen else spoken
    return "number", _runs(text)


def read_word(sentence: Sentence) -> tuple[str, str] | None:
    """An acronym letter by letter, a ruler's numeral; None for a word, which is read as it stands."""
    text = sentence.token.text
    if is_times_sign(sentence):
        return "symbol", "sinnum"
    if re.fullmatch(r"[IVX]+", text) and (regnal := read_regnal(sentence)):
        return regnal
    if text not in UNITS and any(character.isdigit() for character in text):
        return "number", _runs(unicodedata.normalize("NFKC", text))  # "CO₂-losun"
    if "-" in text:
        return ("abbreviation", INDEFINITE[text]) if text in INDEFINITE else _compound(text)
    return _shortened(sentence) or _acronym(sentence)


def _shortened(sentence: Sentence) -> tuple[str, str] | None:
    """An abbreviation without a full stop, a direction, a unit by itself."""
    text = sentence.token.text
    if text in UNITS and text[-1] in "²³":
        unit = UNITS[text]
        return "unit", inflect(unit.lemma, unit.gender, "NF" if sentence.begins else "ÞF", False)  # "verð á m²"
    if not text.isupper() and (undotted := read_undotted(text)):
        return "abbreviation", undotted
    if text in DIRECTIONS and sentence.word(1) == "af":
        return "abbreviation", DIRECTIONS[text]
    if text in DIRECTIONS and sentence.kind(1) == "unit":
        return "abbreviation", DIRECTIONS[text].removesuffix("ur") + "an"  # "V 15-22 m/s"
    return None


def _acronym(sentence: Sentence) -> tuple[str, str] | None:
    text = sentence.token.text
    if not _ACRONYM.fullmatch(text) or text in SAID_AS_WORDS:
        return None
    if text in SPELLED:
        return "acronym", spelled(text)
    # capitals all along are a way to shout, not to abbreviate
    neighbours = [token for offset in (-1, 1) if (token := sentence.at(offset)) and token.kind == "word"]
    shouted = any(len(token.text) > 3 and token.text.isupper() and is_known(token.text) for token in neighbours)
    if is_known(text) or shouted or (len(text) > 3 and _SAYABLE.fullmatch(text)):
        return None
    value = roman(text) if re.fullmatch(r"[IVX]+", text) else 0
    return ("roman", cardinal(value)) if value else ("acronym", spelled(text))


def spelled(text: str) -> str:
    """The names of the letters."""
    return " ".join(LETTERS.get(letter.lower(), letter) for letter in text)


def _compound(text: str) -> tuple[str, str] | None:
    """DNA-sýni, TF-FIA, NA-land; None for words that are joined by hyphens."""
    pieces = text.split("-")
    if pieces[0] in DIRECTIONS and _TOWARDS.fullmatch(pieces[1]):
        towards = DIRECTIONS[pieces[0]].removesuffix("ur") + "an"
        return "abbreviation", f"{towards} til" if pieces[1] == "til" else towards + "".join(pieces[1:])
    if pieces[0] in DIRECTIONS and _PART_OF_COUNTRY.fullmatch(pieces[1]):
        return "abbreviation", DIRECTIONS[pieces[0]] + "".join(pieces[1:])
    if len(pieces[0]) == 1 and pieces[0].lower() in LETTERS and len(pieces[1]) > 2 and is_known(pieces[1]):
        return "acronym", f"{spelled(pieces[0])} {'-'.join(pieces[1:])}"  # "b-lið"
    acronyms = [bool(_ACRONYM.fullmatch(p)) and p not in SAID_AS_WORDS and _is_spelled(p) for p in pieces]
    if not any(acronyms) or (text.isupper() and any(len(p) > 6 for p in pieces)):
        return None
    whole = text.isupper()
    spoken = (spelled(p) if acronym or whole else p for p, acronym in zip(pieces, acronyms, strict=True))
    return "acronym", " ".join(spoken)


def _is_spelled(text: str) -> bool:
    return text in SPELLED or not is_known(text)


def _address(text: str) -> str:
    return " ".join(_in_address(piece) for piece in re.findall(r"\d+|[^\W\d_]+|.", text, re.DOTALL))


def _in_address(piece: str) -> str:
    if piece == "www":
        return "vaff vaff vaff"
    if piece.isdecimal():
        return digits(piece)
    if piece.isalpha() and not _VOWEL.search(piece):
        return spelled(piece)  # "mbl" can't be said as a word
    return _WEB_SIGNS.get(piece, piece)


def _named(text: str) -> str:
    """A name that somebody took, its digits as numbers."""
    return " ".join(_number(run) if run.isdecimal() else run for run in re.findall(r"\d+|[^\W\d_]+", text))


def _runs(text: str) -> str:
    """The letters and the numbers of a mixed word, apart."""
    spoken, runs = [], re.findall(r"\d+|[^\W\d_]+|/", text)
    for index, run in enumerate(runs):
        if run == "/":
            spoken.append("frá")  # "E-123/2020"
        elif run.isdecimal():
            # a digit that belongs to letters has the name that digits have: "há tveir o", "a fjórir"
            named = len(run) == 1 and index > 0 and len(runs[index - 1]) <= 3
            spoken.append(digits(run) if named else _number(run))
        else:
            acronym = run not in SAID_AS_WORDS and (_ACRONYM.fullmatch(run) or (len(run) <= 3 and not is_known(run)))
            spoken.append(spelled(run) if acronym or len(run) == 1 else run)
    return " ".join(spoken)


def _number(run: str) -> str:
    if re.fullmatch(r"19\d\d|20\d\d", run):
        return year(int(run))
    return digits(run) if len(run) > 15 else cardinal(int(run))
