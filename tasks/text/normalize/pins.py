"""Readings that somebody has settled, in a lexicon or beside the words: the readers leave them alone."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

from tasks.schemas import Span
from tasks.text.normalize.reading import Reading

Read = Callable[[str], Iterator[Reading]]


def settled(pinned: Iterable[Span]) -> list[Span]:
    """Pinned spans that do not overlap, in order: of those that do the longest stays, then the leftmost."""
    kept: list[Span] = []
    for span in sorted(pinned, key=lambda span: (span.start - span.end, span.start)):
        if span.end > span.start and all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def read_around(read: Read, text: str, places: Sequence[int], pinned: Iterable[Span]) -> Iterator[Reading]:
    """The readings of `text`, pinned ones instead of whatever they touch.

    places: where each character of `text` stands in the text that `pinned` is over. What a reader reads together with
    something pinned is read again without it: a number before a pinned unit is still a number.
    """
    pins = [
        Reading(bisect_left(places, span.start), bisect_left(places, span.end), span.kind, span.spoken)
        for span in settled(pinned)
    ]
    if not pins:
        yield from read(text)
        return
    found = list(pins)
    for reading in read(text):
        touched = [pin for pin in pins if pin.start < reading.end and reading.start < pin.end]
        if not touched:
            found.append(reading)
        for start, end in _between(reading, touched):
            found += (part._replace(start=part.start + start, end=part.end + start) for part in read(text[start:end]))
    yield from sorted(found)


def _between(reading: Reading, pins: list[Reading]) -> Iterator[tuple[int, int]]:
    """What of a reading is left beside the pins in it."""
    start = reading.start
    for pin in pins:
        if start < pin.start:
            yield start, pin.start
        start = max(start, pin.end)
    if pins and start < reading.end:
        yield start, reading.end
