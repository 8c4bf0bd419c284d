"""Segments of a sentence or so: what fits a subtitle, and what a voice reads in one go."""

from __future__ import annotations

from itertools import pairwise

from tasks.schemas import Segment, Word

SENTENCE_ENDS = (".", "!", "?", "…", ".”", '."', "!”", "?”", ".“", "!“", "?“")
CLAUSE_ENDS = (",", ";", ":", "–", "—")
LONG_PAUSE_S = 0.8
LONGEST_S = 15.0
TITLES = {"mr.", "mrs.", "ms.", "dr.", "st.", "hr.", "sr.", "nr.", "kl."}  # what a name or a number follows
SHORT_PAUSE_S = 0.3


def sentences(segment: Segment) -> tuple[Segment, ...]:
    """The segment, cut after sentences and at long pauses, and where it is long after clauses.

    A segment without word times cannot be cut and comes back whole.
    """
    if len(segment.words) < 2:
        return (segment,)
    cuts = [0]
    for index, (word, following) in enumerate(pairwise(segment.words), start=1):
        if _ends_here(word, following):
            cuts.append(index)
    pieces = [segment.words[start:end] for start, end in pairwise([*cuts, len(segment.words)])]
    return tuple(_of(part, segment.speaker) for piece in pieces for part in _short_enough(piece))


def _ends_here(word: Word, following: Word) -> bool:
    pause_s = following.start_s - word.end_s
    if pause_s >= LONG_PAUSE_S:
        return True
    if not word.text.endswith(SENTENCE_ENDS):
        return False
    if not word.text.endswith(".") or pause_s >= SHORT_PAUSE_S:
        return True
    is_short = len(word.text) == 2 or "." in word.text.rstrip(".") or word.text.casefold() in TITLES
    return not is_short and not following.text[:1].islower()


def _short_enough(words: tuple[Word, ...]) -> list[tuple[Word, ...]]:
    """Parts of at most `LONGEST_S`, cut after the clause, or at the longest pause, nearest the middle."""
    if words[-1].end_s - words[0].start_s <= LONGEST_S or len(words) < 4:
        return [words]
    middle_s = (words[0].start_s + words[-1].end_s) / 2
    clauses = [i for i in range(1, len(words)) if words[i - 1].text.endswith(CLAUSE_ENDS)]
    if clauses:
        cut = min(clauses, key=lambda i: abs(words[i].start_s - middle_s))
    else:
        quarter = len(words) // 4
        inner = range(max(1, quarter), len(words) - quarter)
        cut = max(inner, key=lambda i: (words[i].start_s - words[i - 1].end_s, -abs(words[i].start_s - middle_s)))
    return [*_short_enough(words[:cut]), *_short_enough(words[cut:])]


def _of(words: tuple[Word, ...], speaker: str) -> Segment:
    return Segment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=" ".join(word.text for word in words),
        speaker=speaker,
        words=words,
    )
