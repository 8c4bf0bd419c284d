"""A studio's lexicon: how the words are said that no rule reads right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from tasks.errors import InvalidLexicon
from tasks.schemas import Mark, Span
from tasks.text.lexicon_entries import Entry, placed_entries, read_lexicon, write_lexicon
from tasks.text.word_edges import FULL_STOPS, addresses_in, capitalised, is_in_number, is_inside, keeps_full_stop

__all__ = ["Entry", "Lexicon", "lexicon_in", "read_lexicon", "write_lexicon"]

# a word with its accents and soft hyphens, a gap, or one sign
_TOKENS = re.compile(r"(?:[^\W_]|[\u0300-\u036f\u00ad])+|\s+|[\W_]")
_ALIKE = str.maketrans({"’": "'", "‘": "'", "‐": "-", "‑": "-", "\u00ad": None})


@dataclass(frozen=True)
class _Form:
    """One written form of an entry."""

    entry: Entry
    written: str
    spoken: str
    place: str

    @property
    def inflected(self) -> bool:
        """Whether BÍN gave this form; the entry's own word is what its writer wrote, and what its IPA is for."""
        return self.written != self.entry.grapheme

    @property
    def rank(self) -> tuple[int, int, bool, bool]:
        """The narrower wins: scope, language; then what was written down over what was inflected; then capitals."""
        scope = ("preset", "show", "everywhere").index(self.entry.scope.partition(":")[0])
        return scope, -len(self.entry.language), self.inflected, not self.entry.case_sensitive

    def holds(self, written: str, language: str, scopes: frozenset[str], ipa: bool) -> bool:
        """Whether this is how `written` is said here, by a voice that takes IPA or does not."""
        entry, own = self.entry, self.entry.language.lower()
        return (
            entry.scope in scopes
            and (language == own or language.startswith(f"{own}-"))
            and (not entry.case_sensitive or _plain(written) == _plain(self.written))
            and bool(self.spoken or (ipa and entry.ipa))
        )


class Lexicon:
    """The entries of a studio, ready to be found in text."""

    def __init__(self, entries: Iterable[Entry] = (), *, places: Sequence[str] = ()) -> None:
        """Raises: InvalidLexicon where a word stands twice in one scope, or cannot be inflected.

        places: where each entry stands, for the error.
        """
        self.entries = tuple(entries)
        self._forms: dict[str, list[_Form]] = {}
        self._begun: set[str] = set()
        for number, entry in enumerate(self.entries):
            for written, spoken in entry.forms:
                tokens = [_key(token) for token in _TOKENS.findall(_plain(written))]
                form = _Form(entry, written, spoken, places[number] if places else "the lexicon")
                self._forms.setdefault("".join(tokens), []).append(form)
                self._begun.update(accumulate(tokens))
        for forms in self._forms.values():
            forms.sort(key=lambda form: form.rank)
            _refuse_doubles(forms)

    def readings(
        self, text: str, language: str, *, show: str, preset: str, ipa: bool
    ) -> tuple[tuple[Span, ...], tuple[Mark, ...]]:
        """How the words of `text` are said that stand in the lexicon: spans of kind `lexicon`, and phoneme marks.

        Both are in the order of the text, and no two overlap; of two entries the longer is read, then the narrower.
        A word that has a phoneme mark is its own reading: its span only keeps the normaliser away.
        show, preset: where the text is read, and by whom. ipa: whether the voice takes IPA.
        """
        spans: list[Span] = []
        marks: list[Mark] = []
        scopes = frozenset({"everywhere", f"show:{show}", f"preset:{preset}"})
        for start, end, form in self._found(text, language.lower(), scopes, ipa):
            written = text[start:end]
            spoken = capitalised(form.spoken, text, start)
            if spoken[-1:] not in FULL_STOPS and keeps_full_stop(text, start, end, language):
                end, written = end - 1, written[:-1]
            if ipa and form.entry.ipa and not form.inflected:
                marks.append(
                    Mark(kind="phoneme", start=start, end=end, settings={"alphabet": "ipa", "ph": form.entry.ipa})
                )
                spoken = written
            spans.append(Span(start=start, end=end, written=written, kind="lexicon", spoken=spoken))
        return tuple(spans), tuple(marks)

    def hot_words(self, language: str, show: str) -> tuple[str, ...]:
        """The words that a recogniser should know when it listens to this show, each once, as they are written."""
        scopes, language = {"everywhere", f"show:{show}"}, language.lower()
        fitting = (entry for entry in self.entries if entry.scope in scopes)
        return tuple(dict.fromkeys(e.grapheme for e in fitting if f"{language}-".startswith(f"{e.language.lower()}-")))

    def _found(self, text: str, language: str, scopes: frozenset[str], ipa: bool) -> Iterator[tuple[int, int, _Form]]:
        if not self._forms:
            return
        tokens = [match.span() for match in _TOKENS.finditer(text)]
        keys = [_key(text[start:end]) for start, end in tokens]
        addresses = addresses_in(text)
        index = 0
        while index < len(keys):
            if keys[index] not in self._begun:
                index += 1
                continue
            start = tokens[index][0]
            for length, forms in self._longest_first(keys, index):
                end = tokens[index + length - 1][1]
                form = next((form for form in forms if form.holds(text[start:end], language, scopes, ipa)), None)
                if form and not (is_inside(addresses, start, end) or is_in_number(text, start, end)):
                    yield start, end, form
                    index += length
                    break
            else:
                index += 1

    def _longest_first(self, keys: list[str], index: int) -> list[tuple[int, list[_Form]]]:
        """What begins at this token: how many tokens it takes, and the forms that are written so."""
        found: list[tuple[int, list[_Form]]] = []
        begun = ""
        for place in range(index, len(keys)):
            begun += keys[place]
            if begun not in self._begun:
                break
            if forms := self._forms.get(begun):
                found.append((place - index + 1, forms))
        return found[::-1]


def lexicon_in(folder: Path) -> Lexicon:
    """The lexicon in the YAML files of a folder; an empty one where there is no folder.

    Raises: InvalidLexicon naming the file and the line, or both places of a word that stands twice.
    """
    files = sorted(path for ending in ("*.yaml", "*.yml") for path in folder.glob(ending) if path.name[0] != ".")
    placed = [found for path in files for found in placed_entries(_text(path), name=path.name)]
    return Lexicon((entry for _, entry in placed), places=[place for place, _ in placed])


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidLexicon(f"{path.name} cannot be read: {error}; save it as UTF-8") from error


def _plain(text: str) -> str:
    """The same word in one spelling: one space, one kind of hyphen and apostrophe, accents joined to their letters."""
    return unicodedata.normalize("NFC", " ".join(text.split())).translate(_ALIKE)


@lru_cache(maxsize=16_384)
def _key(token: str) -> str:
    if token.isascii():
        return token.lower() if not token.isspace() else " "
    return " " if token.isspace() else unicodedata.normalize("NFC", token.translate(_ALIKE).casefold())


def _refuse_doubles(forms: list[_Form]) -> None:
    """Two entries that would be read alike. Inflected forms may meet if they sound the same, or if one is written."""
    seen: dict[tuple[str, str, bool, str], _Form] = {}
    for form in forms:
        entry = form.entry
        within = (entry.scope, entry.language.lower())
        exact = _plain(form.written) if entry.case_sensitive else ""
        first = seen.setdefault((*within, form.inflected, exact), form)
        if first is form or (form.inflected and first.spoken == form.spoken):
            continue
        where = f"{form.written!r} in {first.place}, and in {form.place}"
        if not form.inflected:
            raise InvalidLexicon(
                f"{where}: the same word in one scope ({entry.scope}); delete one, or narrow its scope"
            )
        if not {(*within, False, exact), (*within, False, "")} & seen.keys():
            raise InvalidLexicon(
                f"{where}: a form of {first.entry.grapheme!r} said as {first.spoken!r}, and of {entry.grapheme!r} "
                f"said as {form.spoken!r}; write an entry for {form.written!r} itself"
            )
