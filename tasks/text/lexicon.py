"""A studio's lexicon: how words are said that no rule reads right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from tasks.errors import InvalidLexicon
from tasks.schemas import Mark, Span
from tasks.schemas.frozen import Frozen


class Entry(Frozen):
    """One word, or a few that belong together, and how it is said."""

    grapheme: str = Field(min_length=1, description="The word as it is written.")
    alias: str = Field(default="", description="The word respelled so that any voice reads it right.")
    ipa: str = Field(default="", description="The word in IPA, for voices that take it.")
    language: str = Field(default="is", description="The language of the text that it stands in.")
    case_sensitive: bool = Field(default=False, description="Whether capitals must be as they are written here.")
    inflect: bool = Field(default=False, description="Whether every form of the word is meant, as BÍN inflects it.")
    scope: str = Field(default="everywhere", description="everywhere, show:<name> or preset:<name>.")


class Lexicon:
    """The entries of a studio, ready to be found in text."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)

    def readings(
        self, text: str, language: str, *, show: str, preset: str, ipa: bool
    ) -> tuple[tuple[Span, ...], tuple[Mark, ...]]:
        """How the words of `text` are said that stand in the lexicon: spans of kind `lexicon`, and phoneme marks."""
        spans: list[Span] = []
        marks: list[Mark] = []
        for entry in self.entries:
            if entry.language != language or entry.scope not in {"everywhere", f"show:{show}", f"preset:{preset}"}:
                continue
            flags = 0 if entry.case_sensitive else re.IGNORECASE
            for found in re.finditer(rf"\b{re.escape(entry.grapheme)}\b", text, flags):
                start, end = found.span()
                if any(span.start < end and start < span.end for span in spans):
                    continue
                spoken = found[0] if ipa and entry.ipa else entry.alias or found[0]
                spans.append(Span(start=start, end=end, written=found[0], kind="lexicon", spoken=spoken))
                if ipa and entry.ipa:
                    settings = {"alphabet": "ipa", "ph": entry.ipa}
                    marks.append(Mark(kind="phoneme", start=start, end=end, settings=settings))
        return tuple(sorted(spans, key=lambda s: s.start)), tuple(sorted(marks, key=lambda m: m.start))

    def hot_words(self, language: str, show: str) -> tuple[str, ...]:
        """The words that a recogniser should know when it listens to this show."""
        scopes = {"everywhere", f"show:{show}"}
        return tuple(e.grapheme for e in self.entries if e.language == language and e.scope in scopes)


def read_lexicon(text: str, *, name: str) -> tuple[Entry, ...]:
    """The entries of one file.

    Raises: InvalidLexicon.
    """
    try:
        return TypeAdapter(tuple[Entry, ...]).validate_python(yaml.safe_load(text) or ())
    except (yaml.YAMLError, ValidationError) as error:
        raise InvalidLexicon(f"{name}: {error}") from error


def lexicon_in(folder: Path) -> Lexicon:
    """The lexicon in the YAML files of a folder; an empty one where there is no folder.

    Raises: InvalidLexicon.
    """
    files = sorted(folder.glob("*.y*ml"))
    return Lexicon(entry for file in files for entry in read_lexicon(file.read_text("utf-8"), name=str(file)))
