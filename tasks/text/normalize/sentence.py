"""The tokens around the one that is read: what every rule of agreement looks at."""
# ruff: noqa: SIM905  (lists of words read better as a sentence)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tasks.text.normalize.abbreviations import spoken_abbreviation
from tasks.text.normalize.tokens import Token

JOINS = frozenset({"og", "eða", "en", ",", "né", "til"})
PRONOUNS = frozenset("ég þú hann hún það við þið þeir þær þau sem hver".split())
_ENDS = frozenset(".!?:;")
_REACH = 24  # tokens: beyond, it is hardly the same clause, and a text without full stops would take too long


@dataclass(frozen=True)
class Sentence:
    """The tokens, and the place of the one that is to be read."""

    tokens: Sequence[Token]
    index: int

    @property
    def token(self) -> Token:
        """The one that is to be read."""
        return self.tokens[self.index]

    @property
    def begins(self) -> bool:
        """Whether it is the first of its sentence."""
        return self.ends_at(-1)

    def at(self, offset: int) -> Token | None:
        """The token this many places away."""
        place = self.index + offset
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def kind(self, offset: int) -> str:
        """The kind of the token this many places away; empty where there is none."""
        token = self.at(offset)
        return token.kind if token else ""

    def word(self, offset: int) -> str:
        """The word this many places away, in small letters, an abbreviation in full; empty where there is none."""
        token = self.at(offset)
        if token is None:
            return ""
        if token.kind == "with":
            return "með"
        text = spoken_abbreviation(token.full) if token.kind == "abbreviation" else None
        return (text or token.text).lower()

    def moved(self, offset: int) -> Sentence:
        """The same tokens, seen from another."""
        return Sentence(self.tokens, self.index + offset)

    def ends_at(self, offset: int) -> bool:
        """Whether there is no token this many places away, or one that ends a sentence."""
        return self.word(offset) in _ENDS or self.at(offset) is None

    def before(self) -> Iterator[int]:
        """Offsets of the tokens before it in its sentence, the nearest first."""
        return self._until_end(-1)

    def after(self) -> Iterator[int]:
        """Offsets of the tokens after it in its sentence."""
        return self._until_end(1)

    def _until_end(self, step: int) -> Iterator[int]:
        for distance in range(1, _REACH):
            if self.ends_at(step * distance):
                return
            yield step * distance
