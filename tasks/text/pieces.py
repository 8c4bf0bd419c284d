"""A line in pieces, each said in one go by one voice in one language, and no longer than an engine takes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tokenizer import split_into_sentences

from tasks.schemas import Line, Mark, SpokenText

INLINE = frozenset({"emphasis", "prosody", "phoneme", "mark", "say-as", "sub"})
"""Marks that stay with the words; the others divide a line."""
WHOLE = frozenset({"phoneme", "say-as", "sub"})
"""Marks that nothing is cut inside of: what they stand over is read as one."""

MID_SENTENCE_S = 0.05  # where another voice or language takes over in the middle of a sentence
CLAUSE_S = 0.12  # Source: reference/tts.md, section 4, the pause of a comma
_SENTENCE_ENDS = re.compile(r"[.!?…:][\"'“”«»)\]]*$")
_FOLLOWS = re.compile(r"[.,;:!?…)\]“”»\"']+(?=\s|$)")
_CLAUSE_ENDS = re.compile(r"[,;:–—]\s+|\s+[–—-]\s+")
_WORDS = re.compile(r"\S+")
_YEAR = re.compile(r"[12]\d{3}\W*")
_COUNT = re.compile(r"\W*[\d.,]*\d[.,]?%?")
_WORD_ENDS = re.compile(r"\s+(?!(?<=\d\s)\d{3})")  # not in 1 250 000

Cuts = Callable[[str], Iterable[int]]


@dataclass(frozen=True)
class Piece:
    """What is said in one go."""

    text: str
    start: int
    """Where it begins in the line's text."""
    marks: tuple[Mark, ...] = ()
    """Of the kinds in INLINE, over `text`."""
    preset: str = ""
    """The voice that the author asks for; empty: the speaker's own."""
    language: str = ""
    """ISO 639-1, where the author says that it is another than the script's."""
    before_s: float = 0.0
    """Silence before it that the author asks for."""
    pause_s: float | None = None
    """Silence after it; None: the usual one."""


def pieces_of(line: Line) -> tuple[Piece, ...]:
    """The line, divided where the author asks for a break, another voice or another language."""
    breaks = [mark for mark in line.marks if mark.kind == "break"]
    divides = [mark for mark in line.marks if mark.kind in ("voice", "lang")]
    places = {0, len(line.text), *(mark.start for mark in breaks)}
    places |= {_after_signs(line.text, at) for mark in divides for at in (mark.start, mark.end)}
    pieces: list[Piece] = []
    silence_s: float | None = None
    for start, end in pairwise(sorted(places)):
        asked = [_seconds(mark) for mark in breaks if mark.start == start]
        if asked:
            silence_s = (silence_s or 0.0) + sum(asked)
        piece = _piece(line, start, end, divides)
        if not piece.text:
            continue
        before = pieces[-1] if pieces else None
        if before is None:
            piece = replace(piece, before_s=silence_s or 0.0)
        elif silence_s is None and (before.preset, before.language) == (piece.preset, piece.language):
            piece = _joined(line, pieces.pop(), piece)
        else:
            pieces[-1] = replace(before, pause_s=_pause_s(before.text) if silence_s is None else silence_s)
        pieces.append(piece)
        silence_s = None
    trailing = [_seconds(mark) for mark in breaks if mark.start >= len(line.text)]
    if pieces and (trailing or silence_s is not None):
        pieces[-1] = replace(pieces[-1], pause_s=(silence_s or 0.0) + sum(trailing))
    return tuple(pieces)


def cut(piece: Piece, *, longest: int, spoken_length: Callable[[Piece], int]) -> tuple[Piece, ...]:
    """The piece in parts that are no longer than `longest` as they are spoken, at the best places that there are.

    At the ends of sentences, else of clauses, else of words, of those beside a number last. A single word that is
    longer stays whole, and so does a number.
    """
    if spoken_length(piece) <= longest:
        return (piece,)
    levels = (_sentence_ends, _clause_ends, _phrase_ends, _word_ends)
    spans = list(_packed(piece, 0, len(piece.text), levels, longest, spoken_length))
    parts = []
    for number, (start, end) in enumerate(spans):
        part = _part(piece, start, end)
        is_last = number == len(spans) - 1
        pause_s = piece.pause_s if is_last else None if _SENTENCE_ENDS.search(part.text) else CLAUSE_S
        parts.append(replace(part, before_s=piece.before_s if number == 0 else 0.0, pause_s=pause_s))
    return tuple(part for part in parts if part.text)


def spoken_marks(spoken: SpokenText, marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """Marks over the written text, moved to the spoken one; a reading that a mark only touches is in it as a whole."""
    return tuple(
        mark.model_copy(
            update={
                "start": _spoken_place(spoken, mark.start, at_end=False),
                "end": _spoken_place(spoken, mark.end, at_end=mark.end > mark.start),
            }
        )
        for mark in marks
    )


def _spoken_place(spoken: SpokenText, place: int, *, at_end: bool) -> int:
    shift = 0
    for span in spoken.spans:
        if place <= span.start:
            break
        if place < span.end:
            return span.start + shift + (len(span.spoken) if at_end else 0)
        shift += len(span.spoken) - (span.end - span.start)
    return min(max(place + shift, 0), len(spoken.text))


def _seconds(mark: Mark) -> float:
    return float(mark.settings["time"].removesuffix("s"))


def _pause_s(text: str) -> float | None:
    return None if _SENTENCE_ENDS.search(text) else MID_SENTENCE_S


def _after_signs(text: str, place: int) -> int:
    """The place after the signs that belong to what stands before it, as the full stop after a name in a mark does."""
    following = _FOLLOWS.match(text, place)
    return following.end() if following and place and not text[place - 1].isspace() else place


def _piece(line: Line, start: int, end: int, divides: list[Mark]) -> Piece:
    def innermost(kind: str, setting: str) -> str:
        over = [mark for mark in divides if mark.kind == kind and mark.start <= start < mark.end]
        return over[-1].settings[setting] if over else ""

    whole = Piece(text=line.text, start=0, marks=tuple(mark for mark in line.marks if mark.kind in INLINE))
    part = _part(whole, start, end)
    language = innermost("lang", "xml:lang").partition("-")[0].lower()
    return replace(part, preset=innermost("voice", "name"), language=language)


def _joined(line: Line, before: Piece, piece: Piece) -> Piece:
    whole = Piece(text=line.text, start=0, marks=tuple(mark for mark in line.marks if mark.kind in INLINE))
    part = _part(whole, before.start, piece.start + len(piece.text))
    return replace(part, preset=piece.preset, language=piece.language, before_s=before.before_s)


def _part(piece: Piece, start: int, end: int) -> Piece:
    """A stretch of a piece without the white space around it, and what remains of the marks over it."""
    text = piece.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    end = start + len(text)
    marks = []
    for mark in piece.marks:
        is_point = mark.start == mark.end
        inside = start <= mark.start <= end if is_point else mark.start < end and mark.end > start
        if inside and text:
            moved = {"start": max(mark.start, start) - start, "end": min(mark.end, end) - start}
            marks.append(mark.model_copy(update=moved))
    return replace(piece, text=text, start=piece.start + start, marks=tuple(marks))


def _packed(
    piece: Piece, start: int, end: int, levels: tuple[Cuts, ...], longest: int, spoken_length: Callable[[Piece], int]
) -> Iterator[tuple[int, int]]:
    """Stretches of `piece.text[start:end]` that fit, as few as can be, cut at the first level that does."""
    here, *deeper = levels
    whole = [(mark.start, mark.end) for mark in piece.marks if mark.kind in WHOLE]
    places = [start + at for at in here(piece.text[start:end]) if 0 < at < end - start]
    bounds = [start, *(at for at in places if not any(first < at < last for first, last in whole)), end]

    def excess(first: int, last: int) -> int:
        return spoken_length(_part(piece, bounds[first], bounds[last])) - longest

    begun = 0
    while begun < len(bounds) - 1:
        reached = _farthest(bounds, begun, longest, excess)
        if reached == begun + 1 and deeper and excess(begun, reached) > 0:
            yield from _packed(piece, bounds[begun], bounds[reached], tuple(deeper), longest, spoken_length)
        else:
            yield bounds[begun], bounds[reached]
        begun = reached


def _farthest(bounds: list[int], begun: int, longest: int, excess: Callable[[int, int], int]) -> int:
    """The last bound up to which all fits, at least the next one.

    What is said is about as long as what is written, so the second or third guess is right: to read every word of a
    long line by itself takes minutes.
    """
    fits, too_far = begun + 1, len(bounds)
    reach = longest
    while fits + 1 < too_far:
        guess = min(max(bisect_right(bounds, bounds[begun] + reach) - 1, fits + 1), too_far - 1)
        over = excess(begun, guess)
        if over > 0:
            too_far = guess
        else:
            fits = guess
        reach = (bounds[guess] - bounds[begun]) * longest // max(1, longest + over)
    return fits


def _sentence_ends(text: str) -> Iterator[int]:
    """After each sentence, its closing quotation marks with it."""
    at = 0
    for sentence in _sentences(text):
        at += len(sentence)
        # The tokenizer leaves an opening quotation mark with the sentence before it.
        opening = re.search(r"[„“«\"(\[]\s*$", text[:at]) if at < len(text) else None
        yield opening.start() if opening and opening[0][0] in "„«([" else at


def _sentences(text: str) -> Iterator[str]:
    try:
        yield from split_into_sentences(text, original=True)
    except ValueError:  # the tokenizer makes an int of a number, and Python makes none of more than 4,300 digits
        return


def _clause_ends(text: str) -> Iterator[int]:
    return (match.end() for match in _CLAUSE_ENDS.finditer(text))


def _phrase_ends(text: str) -> Iterator[int]:
    """After words, but for those that a number is read together with: `3. maí 2024`, `kl. 14:30`, `5 kg`."""
    words = list(_WORDS.finditer(text))
    for before, after in pairwise(words):
        if not _is_read_with(before[0], after[0]):
            yield after.start()


def _is_read_with(before: str, after: str) -> bool:
    if _COUNT.fullmatch(before) and not _YEAR.fullmatch(before):
        return not (before.endswith(".") and after[0].isupper())
    return after[0].isdigit() and (before.endswith(".") or (before[-1].isalpha() and bool(_YEAR.fullmatch(after))))


def _word_ends(text: str) -> Iterator[int]:
    return (match.end() for match in _WORD_ENDS.finditer(text))
