"""Cut written Icelandic into tokens, each with its place: what could be read aloud in more than one way gets a kind."""
# ruff: noqa: E501  (a pattern is easier to check on one line)

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.text.normalize.abbreviations import read_abbreviation
from tasks.text.normalize.tables import CURRENCIES, MONTH_NAMES, MONTHS, UNITS

_LETTER = r"[^\W\d_]"
_NUMBER = r"(?:\d{1,3}(?:[.\u00a0\u202f]\d{3}){1,5}|\d{1,18})(?:,\d{1,12})?(?!\d)"
_DASH = r"[-–—−]"
_MAGNITUDE = r"milljón\w*|milljarð\w*|milljörð\w*|þúsund\w*|þús\.?|ma\.?|m\.?"
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_UNIT = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
_SIGNS = "".join(re.escape(sign) for sign in CURRENCIES if not sign[0].isalpha())
_CODES = "|".join(code for code in CURRENCIES if code.isupper())
_HOUR, _MINUTES = r"(?:[01]?\d|2[0-4])", r"[0-5]\d"
_CLOCK = rf"{_HOUR}(?:[:.]{_MINUTES})?(?!\d)"


def _second(name: str) -> str:
    return rf"(?:\s?{_DASH}\s?(?P<{name}>{_NUMBER}))?"


def _sign(name: str) -> str:
    return rf"(?:(?<![\w.,)\]])(?P<{name}>[-−+]))?"


_PATTERNS: tuple[tuple[str, str], ...] = (
    ("email", r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"),
    ("web", r"(?:https?://|www\.)[^\s<>\"„“”]*[^\s<>\"„“”.,;:!?)\]]"),
    ("web", rf"(?<![\w.@])(?:[\w-]{{1,63}}\.){{1,4}}(?:is|com|org|net|eu|io|dk|no|se|uk|de)(?:/[\w./-]*[\w/])?(?![\w.]*{_LETTER})"),
    ("handle", r"(?<!\w)@\w+"),
    ("hashtag", rf"(?<!\w)#{_LETTER}\w*"),
    ("kennitala", r"(?<![\w-])\d{6}-\d{4}(?![\w-])"),
    ("phone", r"(?<!\w)\+\d{1,3}[ \u00a0-]?\d(?:[ \u00a0-]?\d){5,11}(?!\w)"),
    ("phone", r"(?<![\w.,-])[1-9]\d{2}[ \u00a0-]\d{4}(?![\w-]|[.,]\d)"),
    ("hyphenation", rf"(?<={_LETTER})-[ \t]*\n[ \t]*(?={_LETTER})"),
    ("clock", rf"(?:(?i:kl\.?|klukkan)\s?)(?P<from>{_CLOCK})(?:\s?{_DASH}\s?(?P<to>{_CLOCK}))?"),
    ("duration", r"(?<![\w:])\d{1,3}:[0-5]\d:[0-5]\d(?![\w:])"),
    ("time", rf"(?<![\w:.,])(?P<ta>{_HOUR}:{_MINUTES})(?:\s?{_DASH}\s?(?P<tb>{_HOUR}:{_MINUTES}))?(?![\w:])"),
    ("isodate", r"(?<![\w-])(?P<iy>\d{4})-(?P<im>0\d|1[0-2])-(?P<id>[0-2]\d|3[01])(?![\w-])"),
    ("numericdate", r"(?<![\w.,])(?P<nd>[0-3]?\d)(?P<sep>[./])(?P<nm>[01]?\d)(?P=sep)(?P<ny>\d{4}|\d{2})(?![\w])(?!\.\d)"),
    ("date", rf"(?<![\w.,])(?:(?P<da>[0-3]?\d)\.\s?{_DASH}\s?)?(?P<db>[0-3]?\d)\.\s?(?i:(?P<month>{_MONTH}))(?!\w)(?P<dot>\.?)(?:\s+(?P<year>[12]\d{{3}})(?![\w.,]*\d))?"),
    ("money", rf"(?<!\w)(?P<ca>[{_SIGNS}]|(?:{_CODES})\s?|kr\.?\s?(?=\d)){_sign('ms')}(?P<ma>{_NUMBER}){_second('mb')}(?:\s?(?P<mm>{_MAGNITUDE})(?:(?!\w)|(?=kr))(?:\s?kr(?!\w)\.?)?)?"),
    ("money", rf"(?<![\w.,]){_sign('ns')}(?P<na>{_NUMBER}){_second('nb')}(?:,-)?\s?(?:(?P<nmag>{_MAGNITUDE})\s?)?(?P<cb>kr(?!\w)\.?|[{_SIGNS}]|(?:{_CODES})(?!\w))"),
    ("money", rf"(?<![\w.,])(?P<nc>{_NUMBER}),-"),
    ("percent", rf"(?<![\w.,]){_sign('ps')}(?P<pa>{_NUMBER})(?:\s?%)?{_second('pb')}\s?(?P<pu>[%‰])"),
    ("unit", rf"(?<![\w.,]){_sign('us')}(?P<ua>{_NUMBER}){_second('ub')}\s?(?P<unit>{_UNIT})(?!\w|/\w)(?P<ud>\.?)"),
    ("fraction", r"(?<![\w./,])(?:(?P<fw>\d{1,9})\s?)?(?P<fs>[½¼¾⅓⅔])|(?<![\w./,])(?P<fn>\d{1,4})/(?P<fd>\d{1,4})(?![\w/]|[.,]\d)"),
    ("range", rf"(?<![\w.,–—−-]){_sign('rs')}(?P<ra>{_NUMBER})\s?{_DASH}\s?(?P<rb>{_NUMBER})(?![\w]|{_DASH}\d|[.:/]\d)"),
    ("ordinal", rf"(?<![\w.,])(?P<oa>\d{{1,4}})\.(?=\s+(?:(?:og|eða|til)\s+\d{{1,4}}\.\s+)?[a-záéíóúýþæöð]|\s?{_DASH}\s?\d{{1,4}}\.)"),
    ("romanordinal", r"(?<![\w.])[IVXLCDM]{1,8}\.(?=\s+(?:[a-záéíóúýþæöð]|\w+(?:drottning|konung|keisar|páf)))"),
    ("dotted", r"(?<![\w.,])(?!\d{1,3}(?:\.\d{3})+(?!\d|\.\d))\d{1,3}(?:\.\d{1,4}){1,4}(?![\w]|[.,]\d)"),
    ("number", rf"(?<![\w.,]){_sign('xs')}(?P<xa>{_NUMBER})(?!{_LETTER}|_)"),
    ("abbreviation", rf"(?<![\w.])(?:{_LETTER}{{1,12}}\.){{1,6}}(?:{_LETTER}{{1,3}}\.?(?!\w))?"),
    ("mixed", rf"(?<!\w)(?:{_LETTER}+{_DASH}?\d\w*|\d+{_LETTER}\w*)"),
    ("word", rf"{_LETTER}+(?:['’-]{_LETTER}+)*"),
    ("digits", r"\d+"),
    ("symbol", r"\S"),
)  # fmt: skip
_SCANNER = re.compile("|".join(f"(?P<k{index}>{pattern})" for index, (_, pattern) in enumerate(_PATTERNS)))


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
    def is_number(self) -> bool:
        """Whether it counts or measures something."""
        return self.kind in {"number", "range", "money", "percent", "unit", "fraction"}


def tokenize(text: str) -> list[Token]:
    """Every character of `text` that is not white space, in order, each in exactly one token."""
    found: list[Token] = []
    for match in _SCANNER.finditer(text):
        kind = _PATTERNS[int((match.lastgroup or "k0")[1:])][0]
        parts = {name: part for name, part in match.groupdict().items() if part is not None and not name[1:].isdigit()}
        token = Token(kind, match.start(), match.end(), match[0], parts)
        if kind == "abbreviation":
            found += _abbreviation(text, token)
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
            Token(
                "symbol" if piece[0] == "." else "word",
                token.start + piece.start(),
                token.start + piece.end(),
                piece[0],
                {},
            )
            for piece in pieces
        ]
    if _AT_TEXT_END.match(text, token.end) or (reading.may_end_sentence and ends_sentence(text, token.end)):
        return _without_stop(token)
    return [token]


def _without_stop(token: Token) -> list[Token]:
    end = token.end - 1
    parts = {**token.parts, "full": token.text}
    return [Token(token.kind, token.start, end, token.text[:-1], parts), Token("symbol", end, token.end, ".", {})]
