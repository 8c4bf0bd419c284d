"""Cut written Icelandic into tokens, each with its place: what could be read aloud in more than one way gets a kind."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.text.normalize.abbreviations import read_abbreviation
from tasks.text.normalize.patterns import PATTERNS, SCANNER
from tasks.text.normalize.tables import MONTH_NAMES

_AFTER_STOP = re.compile(r"[\"”“'»)\]]*\s*[\"„“'«(\[]*(?P<next>\S?)")


_AT_TEXT_END = re.compile(r"[\s\"”“»)\]]*\Z")


@dataclass(frozen=True)
class Token:
    """A piece of the written text. `parts` are the named pieces inside it."""

    kind: str
    start: int
    end: int
    text: str
    parts: dict[str, str]

    @property
    def full(self) -> str:
        """The text with the full stop that an abbreviation shares with its sentence."""
        return self.parts.get("full", self.text)

    @property
    def is_number(self) -> bool:
        """Whether it counts or measures something."""
        return self.kind in {"number", "range", "money", "percent", "unit", "fraction", "magnitude"}


def tokenize(text: str) -> list[Token]:
    """Every character of `text` that is not white space, in order, each in exactly one token."""
    found: list[Token] = []
    for match in SCANNER.finditer(text):
        kind = PATTERNS[int((match.lastgroup or "k0")[1:])][0]
        parts = {name: part for name, part in match.groupdict().items() if part is not None and not name[1:].isdigit()}
        token = Token(kind, match.start(), match.end(), match[0], parts)
        if kind == "abbreviation":
            found += _abbreviation(text, token)
        elif kind == "inches":
            found += _inches(text, token)
        elif kind in {"money", "unit", "date"} and token.text.endswith("."):
            spelled_out = kind == "date" and parts["month"].lower() in MONTH_NAMES
            found += _without_stop(token) if spelled_out or ends_sentence(text, token.end) else [token]
        else:
            found.append(token)
    return found


def ends_sentence(text: str, place: int) -> bool:
    """Whether a sentence can end at `place`, where a full stop may belong to it or to an abbreviation, or to both."""
    following = _AFTER_STOP.match(text, place)
    return following is not None and (not following["next"] or "\n\n" in following[0] or following["next"].isupper())


def _abbreviation(text: str, token: Token) -> list[Token]:
    reading = read_abbreviation(token.text)
    if reading is None:
        # words and stops; a chain of initials such as "H.G." is left to the voice
        pieces = re.finditer(r"[^\W_]+|\.", token.text)
        return [
            Token("symbol" if p[0] == "." else "word", token.start + p.start(), token.start + p.end(), p[0], {})
            for p in pieces
        ]
    if _AT_TEXT_END.match(text, token.end) or (reading.may_end_sentence and ends_sentence(text, token.end)):
        return _without_stop(token)
    return [token]


def _inches(text: str, token: Token) -> list[Token]:
    """A lone quotation mark behind a number means inches; one that closes a quotation does not."""
    if '"' not in text[: token.end - 1]:
        return [Token("unit", token.start, token.end, token.text, {"ua": token.parts["ia"], "unit": "″"})]
    end = token.end - 1
    number = Token("number", token.start, end, token.text[:-1], {"xa": token.parts["ia"]})
    return [number, Token("symbol", end, token.end, '"', {})]


def _without_stop(token: Token) -> list[Token]:
    end = token.end - 1
    parts = {**token.parts, "full": token.text}
    return [Token(token.kind, token.start, end, token.text[:-1], parts), Token("symbol", end, token.end, ".", {})]
