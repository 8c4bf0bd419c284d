"""Written text into the words that a voice says, every change mapped back to what was written."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator

from tasks.schemas import Span, SpokenText
from tasks.text.normalize.english import read_english
from tasks.text.normalize.icelandic import read_icelandic
from tasks.text.normalize.pins import read_around
from tasks.text.normalize.reading import Reading
from tasks.text.normalize.written import spoken_to_written, written_words

__all__ = ["normalize", "spoken_to_written", "written_words"]

LANGUAGES: dict[str, Callable[[str], Iterator[Reading]]] = {"is": read_icelandic, "en": read_english}


def normalize(text: str, language: str = "is", pinned: Iterable[Span] = ()) -> SpokenText:
    """The text as it is spoken: numbers, dates, money, units, abbreviations and signs in words.

    Outside its spans the text stays as it was written. A language that has no reader here passes through unchanged.
    pinned: readings that are settled already; nothing else reads what they stand over.
    """
    read = LANGUAGES.get(language.lower().partition("-")[0], _read_nothing)
    composed, places = _composed(text)
    pieces: list[str] = []
    spans: list[Span] = []
    done = 0
    for reading in read_around(read, composed, places, pinned):
        start, end = places[reading.start], places[reading.end]
        after_span = bool(spans) and spans[-1].end == start and spans[-1].spoken[-1:].isalnum()
        touches = bool(spans) and spans[-1].end == start
        spoken = _spaced(reading.spoken, text, start, end, after_span=after_span, touches=touches)
        spans.append(Span(start=start, end=end, written=text[start:end], kind=reading.kind, spoken=spoken))
        pieces += [text[done:start], spoken]
        done = end
    return SpokenText(written=text, text="".join([*pieces, text[done:]]), spans=tuple(spans))


def _read_nothing(_: str) -> Iterator[Reading]:
    return iter(())


def _spaced(spoken: str, text: str, start: int, end: int, *, after_span: bool, touches: bool) -> str:
    """Words need a space where signs need none: "§5", "5–10"."""
    if not spoken:
        # a silent sign between two words must not make them one; a word divided at a line's end must become one
        between_words = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
        return " " if between_words and "\n" not in text[start:end] else ""
    before = " " if start and (after_span or (text[start - 1].isalnum() and not touches)) else ""
    after = " " if end < len(text) and text[end].isalnum() else ""
    return f"{before}{spoken}{after}"


def _composed(text: str) -> tuple[str, range | list[int]]:
    """The text with letters and their accents in one character each, and the place of each in the original."""
    if unicodedata.is_normalized("NFC", text):
        return text, range(len(text) + 1)
    clusters: list[str] = []
    for character in text:
        if clusters and unicodedata.combining(character):
            clusters[-1] += character
        else:
            clusters.append(character)
    composed, places, start = [], [], 0
    for cluster in clusters:
        written = unicodedata.normalize("NFC", cluster)
        # one character can become two (U+0344, some Indic letters): their places may then be the same
        places += [min(start + index, start + len(cluster) - 1) for index in range(len(written))]
        composed.append(written)
        start += len(cluster)
    return "".join(composed), [*places, len(text)]
