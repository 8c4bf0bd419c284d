"""Back from what was said to what was written: places, and the times of the written words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from tasks.schemas import SpokenText, Word


@dataclass(frozen=True)
class _Heard:
    """A stretch of the written text, and when it is heard."""

    start: int
    end: int
    start_s: float
    end_s: float

    def at(self, place: int) -> float:
        """The moment of a character in it, as if every character took as long."""
        share = (min(max(place, self.start), self.end) - self.start) / max(self.end - self.start, 1)
        return self.start_s + share * (self.end_s - self.start_s)


def spoken_to_written(spoken: SpokenText, start: int, end: int) -> tuple[int, int]:
    """The stretch of the written text that `spoken.text[start:end]` was made from; what lies in a span is all of it."""
    shift, first, last = 0, None, None
    for span in spoken.spans:
        span_start = span.start + shift
        span_end = span_start + len(span.spoken)
        if start < span_end and end > span_start:
            first = span.start if first is None and start >= span_start else first
            last = span.end if end <= span_end else last
        if first is None and start < span_start:
            first = start - shift
        if last is None and end <= span_start:
            last = end - shift
        shift += len(span.spoken) - (span.end - span.start)
        if first is not None and last is not None:
            return first, last
    size = len(spoken.written)
    return (
        min(start - shift, size) if first is None else first,
        min(max(end - shift, 0), size) if last is None else last,
    )


def written_words(
    spoken: SpokenText, timed: Iterable[tuple[int, int, float, float]], *, duration_s: float
) -> tuple[Word, ...]:
    """The written words, punctuation attached, with the seconds at which they are heard; none is lost.

    timed: (start, end, start_s, end_s) of words in `spoken.text`, in order. Words that an engine gives no time for
    share the gap that they stand in, by their length.
    """
    tokens = [match.span() for match in re.finditer(r"\S+", spoken.written)]
    heard = list(_in_written(spoken, timed))
    times: list[tuple[float, float] | None] = []
    index = 0
    for start, end in tokens:
        while index < len(heard) and heard[index].end <= start:
            index += 1
        last = index
        while last < len(heard) and heard[last].start < end:
            last += 1
        times.append((heard[index].at(start), heard[last - 1].at(end)) if last > index else None)
    filled = _filled(tokens, times, duration_s)
    return tuple(
        Word(text=spoken.written[start:end], start_s=start_s, end_s=end_s)
        for (start, end), (start_s, end_s) in zip(tokens, filled, strict=True)
    )


def _in_written(spoken: SpokenText, timed: Iterable[tuple[int, int, float, float]]) -> Iterator[_Heard]:
    """The timed stretches in the written text; those that share a span are one."""
    current: _Heard | None = None
    for (start, end), (start_s, end_s) in _mapped(spoken, timed):
        if start >= end:
            continue
        if current is not None and start < current.end:
            current = _Heard(current.start, max(current.end, end), current.start_s, max(current.end_s, end_s))
            continue
        if current is not None:
            yield current
        floor_s = current.end_s if current is not None else 0.0
        current = _Heard(start, end, max(start_s, floor_s), max(end_s, start_s, floor_s))
    if current is not None:
        yield current


def _mapped(
    spoken: SpokenText, timed: Iterable[tuple[int, int, float, float]]
) -> Iterator[tuple[tuple[int, int], tuple[float, float]]]:
    for start, end, start_s, end_s in sorted(timed):
        yield spoken_to_written(spoken, start, end), (max(start_s, 0.0), max(end_s, 0.0))


def _filled(
    tokens: list[tuple[int, int]], times: list[tuple[float, float] | None], duration_s: float
) -> list[tuple[float, float]]:
    """The times, gaps shared out by length; none goes back, none goes beyond the duration."""
    known = [-1, *(index for index, time in enumerate(times) if time is not None), len(times)]
    filled: list[tuple[float, float]] = []
    for before, after in pairwise(known):
        left = times[before] if before >= 0 else None
        right = times[after] if after < len(times) else None
        gap_start_s = min(left[1], duration_s) if left else 0.0
        gap_end_s = max(right[0] if right else duration_s, gap_start_s)
        lengths = [end - start for start, end in tokens[before + 1 : after]]
        done = 0
        for length in lengths:
            per_character_s = (gap_end_s - gap_start_s) / sum(lengths)
            filled.append((gap_start_s + done * per_character_s, gap_start_s + (done + length) * per_character_s))
            done += length
        if right is not None:
            filled.append(right)
    floor_s, bounded = 0.0, []
    for start_s, end_s in filled:
        start_s = min(max(start_s, floor_s), duration_s)
        floor_s = min(max(end_s, start_s), duration_s)
        bounded.append((start_s, floor_s))
    return bounded
