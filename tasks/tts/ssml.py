"""Marks that stand beside a text, written into it as the SSML that Azure and Polly take."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from tasks.schemas import Mark
from tasks.tts.clip_shape import speakable
from tasks.tts.prosody import Prosody, prosody_of

SSML_VERSION = 2
"""Raise it when the same text and marks become another document."""

LOCALES = {
    "cs": "cs-CZ", "da": "da-DK", "de": "de-DE", "en": "en-US", "es": "es-ES", "fi": "fi-FI", "fr": "fr-FR",
    "is": "is-IS", "it": "it-IT", "nb": "nb-NO", "nl": "nl-NL", "no": "nb-NO", "pl": "pl-PL", "pt": "pt-PT",
    "sv": "sv-SE",
}  # fmt: skip
"""A language as both vendors call it, which know no language without a country."""

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2: what is no Char
_NAMES = ("emphasis", "lang", "phoneme")

Attributes = Mapping[str, str]


@dataclass(frozen=True)
class _Element:
    """A start tag that is open. Two of one mark are the same element, which needs no closing in between."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    mark: int = -1
    """Which mark it comes from; -1 for prosody, which all marks and the preset make together."""

    def __str__(self) -> str:
        return f"<{self.name}{''.join(f' {name}={_quoted(value)}' for name, value in self.attributes)}>"


def locale_of(language: str) -> str:
    """`en` and `en-GB` as `en-US` and `en-GB`; a language that is not in the table stays as it is."""
    return LOCALES.get(language, language)


def render(text: str, marks: Iterable[Mark], *, own: Prosody, prosody: Callable[[Prosody], Attributes]) -> str:
    """`text` with its emphasis, prosody, lang and phoneme marks as elements, without a `<speak>` around it.

    Everything is escaped, control and invisible characters are left out, and elements nest whatever the marks do: where
    two of them cross, the one is closed and opened again. A phoneme can't be: others begin and end outside of it.
    own: the preset's. prosody: what a vendor calls these factors; no attributes where they change nothing. Elements of
    prosody never stand in one another, since vendors differ in what that means: each has the product of all.
    Raises: InvalidRequest when a prosody mark asks for what is neither a word nor a number of SSML 1.1.
    """
    kept = _around_phonemes(marks, len(text))
    edges = sorted({0, len(text), *(edge for mark in kept for edge in (mark.start, mark.end))})
    document, opened = [], list[_Element]()
    for start, end in pairwise(edges):
        said = _sayable(text[start:end])
        if not said:  # an element around nothing would be one that a vendor may refuse
            continue
        wanted = _elements(kept, start, end, own, prosody)
        same = next((at for at, (one, other) in enumerate(zip(opened, wanted, strict=False)) if one != other), None)
        depth = min(len(opened), len(wanted)) if same is None else same
        document += [f"</{element.name}>" for element in reversed(opened[depth:])]
        document += [str(element) for element in wanted[depth:]]
        document.append(escape(said))
        opened = wanted
    return "".join([*document, *(f"</{element.name}>" for element in reversed(opened))])


def element(name: str, attributes: Attributes, content: str) -> str:
    """One element around a content that is SSML already."""
    return f"{_Element(name, tuple(attributes.items()))}{content}</{name}>"


def _elements(
    marks: Sequence[Mark], start: int, end: int, own: Prosody, prosody: Callable[[Prosody], Attributes]
) -> list[_Element]:
    """What must be open over this stretch of text, outermost first."""
    marked = prosody_of(marks, start, end)
    both = Prosody(own.rate * marked.rate, own.pitch * marked.pitch, own.volume * marked.volume)
    attributes = tuple(prosody(both).items())
    elements = [_Element("prosody", attributes)] if attributes else []
    for number, mark in enumerate(marks):
        if mark.kind in _NAMES and mark.start <= start and end <= mark.end and (settings := _settings(mark)):
            elements.append(_Element(mark.kind, settings, number))
    return elements


def _settings(mark: Mark) -> tuple[tuple[str, str], ...]:
    if mark.kind == "lang":
        language = mark.settings.get("xml:lang", "")
        return (("xml:lang", locale_of(language)),) if language else ()
    if mark.kind == "phoneme":
        sounds = mark.settings.get("ph", "")
        return (("alphabet", mark.settings.get("alphabet", "ipa")), ("ph", sounds)) if sounds else ()
    level = mark.settings.get("level", "moderate")
    return (("level", level),) if level != "none" else ()  # Polly knows no such level, and it changes nothing


def _around_phonemes(marks: Iterable[Mark], length: int) -> list[Mark]:
    """The marks inside the text, outer before inner, none of which begins or ends in the middle of a phoneme."""
    inside = [
        mark.model_copy(update={"end": min(mark.end, length)}) for mark in marks if mark.start < min(mark.end, length)
    ]
    phonemes: list[Mark] = []
    for mark in sorted((mark for mark in inside if mark.kind == "phoneme"), key=lambda mark: mark.start):
        if not phonemes or phonemes[-1].end <= mark.start:
            phonemes.append(mark)
    others = [_widened(mark, phonemes) for mark in inside if mark.kind != "phoneme"]
    return sorted([*others, *phonemes], key=lambda mark: (mark.start, -mark.end, mark.kind == "phoneme"))


def _widened(mark: Mark, phonemes: Iterable[Mark]) -> Mark:
    cut = [phoneme for phoneme in phonemes if phoneme.start < mark.end and mark.start < phoneme.end]
    start = min([mark.start, *(phoneme.start for phoneme in cut)])
    return mark.model_copy(update={"start": start, "end": max([mark.end, *(phoneme.end for phoneme in cut)])})


def _sayable(text: str) -> str:
    return _FORBIDDEN.sub("", speakable(text)[0])


def _quoted(value: str) -> str:
    return quoteattr(_FORBIDDEN.sub("", value))
