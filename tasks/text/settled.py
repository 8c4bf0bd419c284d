"""A line as it is said: first as its author marks it, then as the lexicon says, and the rest by the normaliser."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.schemas import Line, Mark, Span, SpokenText
from tasks.text.lexicon import Lexicon
from tasks.text.normalize import normalize
from tasks.text.pieces import WHOLE, spoken_marks
from tasks.text.pinned import pinned_by_marks


def settled_reading(
    line: Line, language: str, lexicon: Lexicon, *, show: str, preset: str, ipa: bool
) -> tuple[SpokenText, tuple[Mark, ...]]:
    """What is said of a line in one language, and its marks over that, those of the lexicon's IPA among them.

    show, preset: where it is read, and by whom. ipa: whether the voice takes IPA.
    Raises: InvalidScript that names the line, where a word cannot be read as its mark says.
    """
    found, phonemes = lexicon.readings(line.text, language, show=show, preset=preset, ipa=ipa)
    by_author = [mark for mark in line.marks if mark.kind in WHOLE and (ipa or mark.kind != "phoneme")]
    by_lexicon = [_in_words(span, language) for span in found if not _touches(span, by_author)]
    spoken = normalize(line.text, language, pinned=(*pinned_by_marks(line, language), *by_lexicon))
    marks = (*line.marks, *(mark for mark in phonemes if not _touches(mark, by_author)))
    return spoken, spoken_marks(spoken, marks)


def holds_digit(text: str) -> bool:
    """Whether a voice would have to read a digit as it pleases."""
    return any(character.isdigit() for character in text)


def _in_words(span: Span, language: str) -> Span:
    """A word that stands under IPA is said by that; its digits go to an engine in words all the same."""
    if not holds_digit(span.spoken):
        return span
    return span.model_copy(update={"spoken": normalize(span.spoken, language).text})


def _touches(one: Span | Mark, others: Iterable[Mark]) -> bool:
    return any(one.start < other.end and other.start < one.end for other in others)
