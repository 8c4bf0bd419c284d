"""The part of SSML 1.1 that authors may write in a script's lines: into plain words and marks beside them, and back.

Every tag is cut out and parsed by expat, between text that we have escaped ourselves: no declaration, entity or foreign
element ever reaches the parser. Expat and not lxml, because it tells of one tag at a time, so that each error can name
the row of its tag, and the first wrong one ends the work.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from xml.parsers import expat

from tasks.errors import InvalidScript
from tasks.schemas import Mark
from tasks.text.markup import without_markdown
from tasks.text.ssml_values import canonical
from tasks.text.ssml_writing import EMPTY, ENTITIES, FIRST_PLACE, KINDS, MOST_TAGS, PLACES, PRIVATE

_DEEPEST = 12
_DISSOLVED = frozenset({"speak", "p", "s"})
_TEXT_ONLY = frozenset({"say-as", "sub", "phoneme"})
_NAMES = "|".join(sorted({*KINDS, *_DISSOLVED}, key=len, reverse=True))
_TAGS = (
    rf"(?P<tag></?(?i:(?P<name>{_NAMES}))(?=[\s/>])(?>[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>)"
    rf"|(?P<open></?(?i:{'|'.join(KINDS)}|speak)(?=\s++[\w:-]++\s*+=|\s*+/?\s*+(?:<|\Z)))"
    r"|(?P<foreign><(?:!DOCTYPE|!ENTITY|!\[CDATA\[|\?\s?xml))"
    rf"|&(?P<entity>{'|'.join(ENTITIES)});"
)
_IN_TEXT = re.compile(_TAGS)
_OTHER_TAG = re.compile(r"(?<!\\)</?(?P<other>[A-Za-z][\w-]{2,20})(?:\s[^<>]{0,200})?/?>")
_IN_MARKDOWN = re.compile(rf"\\[!-/:-@\[-`{{-~]|{_TAGS}")
LineAt = Callable[[int], int]


def parse_markup(text: str, *, markdown: bool = True, line_at: LineAt | None = None) -> tuple[str, tuple[Mark, ...]]:
    """The plain words, white space collapsed, and the marks over them, in the order of their starts, outer first.

    Tags of other languages, such as HTML, go with the Markdown.
    line_at: the number of the script's line for a place in `text`; by default `text` begins on line 1.
    Raises: InvalidScript that names the line and says what to write.
    """
    line_at = line_at or (lambda place: text.count("\n", 0, place) + 1)
    tags: list[_Tag] = []
    waiting = _set_tags_aside(PRIVATE.sub("\ufffd", text), tags, markdown, line_at)
    if markdown:
        waiting = without_markdown(waiting)
    if not tags:
        return " ".join(waiting.split()), ()
    pieces = PLACES.split(waiting)
    left = {ord(piece) - FIRST_PLACE for piece in pieces[1::2]}
    # Markdown takes a tag away with the address or the picture that it stands in
    if lost := next((tag for index, tag in enumerate(tags) if index not in left), None):
        raise InvalidScript(f"line {lost.line}: {lost.shown} stands inside an address or another tag; move it out")
    reader = _Reader()
    for piece in pieces:
        if PLACES.fullmatch(piece):
            reader.take_tag(tags[ord(piece) - FIRST_PLACE])
        else:
            reader.take_text(piece)
    return reader.finish()


@dataclass(frozen=True)
class _Tag:
    """A tag as it was written, and the line of the script that it begins in."""

    text: str
    line: int

    @property
    def shown(self) -> str:
        """What an error message repeats."""
        return " ".join(self.text.split())[:60]


@dataclass
class _Element:
    """An element of the script; what it stands over begins at the first word in it."""

    name: str
    tag: _Tag
    settings: dict[str, str]
    start: int | None = None
    end: int | None = None


@dataclass
class _Reader:
    """Collects words and elements while expat tells what it sees."""

    words: list[str] = field(default_factory=list)
    length: int = 0
    gap: bool = False
    elements: list[_Element] = field(default_factory=list)
    open: list[_Element] = field(default_factory=list)
    waiting: list[_Element] = field(default_factory=list)
    """Those that begin with the next word."""
    tag: _Tag = _Tag("", 1)

    def __post_init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.Parse("<script>", False)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def take_text(self, text: str) -> None:
        """Words between tags; they need no parser."""
        for part in re.findall(r"\s+|\S+", text):
            if part.isspace():
                self.gap = self.length > 0
                continue
            self._begin(self.length + self.gap)
            self.words.append(" " * self.gap + part)
            self.length += len(self.words[-1])
            self.gap = False

    def take_tag(self, tag: _Tag) -> None:
        """One tag, with its attributes."""
        self.tag = tag
        try:
            self.parser.Parse(tag.text, False)
        except expat.ExpatError as error:
            raise self._wrong(_advice(error, tag, [element.name for element in self.open])) from None

    def finish(self) -> tuple[str, tuple[Mark, ...]]:
        """All words and marks; every element must have ended."""
        if self.open:
            self.tag = self.open[-1].tag
            raise self._wrong(
                f"{self.tag.shown} never ends; write </{self.open[-1].name}> before this speaker's text ends"
            )
        self._begin(self.length)
        return "".join(self.words), tuple(mark for element in self.elements if (mark := _mark(element)))

    def _begin(self, place: int) -> None:
        for element in self.waiting:
            element.start = place
        self.waiting.clear()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        try:
            settings = _dissolved_settings(name, attributes) if name in _DISSOLVED else canonical(name, attributes)
        except ValueError as error:
            raise self._wrong(str(error)) from None
        element = _Element(name, self.tag, settings)
        self._check_nesting(element)
        self.gap = self.length > 0 if name in _DISSOLVED else self.gap
        for each in (self.open, self.elements, self.waiting):
            each.append(element)

    def _end(self, name: str) -> None:
        element = self.open.pop()
        is_empty = element.start is None
        if name in EMPTY and not is_empty:
            raise self._wrong(f"<{name}> holds no words; write <{name} …/>")
        if name in _TEXT_ONLY and is_empty:
            raise self._wrong(f"<{name}> has nothing in it; put the written word between its tags")
        element.end = None if is_empty else self.length
        self.gap = self.length > 0 if name in _DISSOLVED else self.gap

    def _check_nesting(self, element: _Element) -> None:
        name = element.name
        outer = [element.name for element in self.open]
        if len(outer) >= _DEEPEST:
            raise self._wrong(f"more than {_DEEPEST} elements inside each other; end some of them first")
        holder = next((each for each in outer if each in _TEXT_ONLY), None)
        if holder:
            raise self._wrong(f"<{name}> in <{holder}>, which holds plain words alone; end <{holder}> before it")
        kind = _kind(element)
        if kind in {"voice", "lang"} and (
            holder := next((each.name for each in self.open if _kind(each) in {kind, "lang"}), None)
        ):
            raise self._wrong(f"<{name}> in <{holder}>; end <{holder}> before it, and begin it again after it")

    def _wrong(self, advice: str) -> InvalidScript:
        return InvalidScript(f"line {self.tag.line}: {advice}")


def _set_tags_aside(text: str, tags: list[_Tag], markdown: bool, line_at: LineAt) -> str:
    """The text with one private character for each tag."""

    def aside(match: re.Match[str]) -> str:
        if match["entity"]:
            sign = ENTITIES[match["entity"]]
            return f"\\{sign}" if markdown else sign
        if match[0].startswith("\\"):
            return match[0]
        line, shown = line_at(match.start()), " ".join(match[0].split())[:60]
        if match["foreign"]:
            raise InvalidScript(f"line {line}: {shown} has no place in a script; delete it, or write &lt; for its <")
        if match["open"]:
            raise InvalidScript(f"line {line}: {shown} … is a tag that never ends; write > after it, or &lt; for its <")
        if len(tags) == MOST_TAGS:
            raise InvalidScript(f"line {line}: more than {MOST_TAGS} tags in one line; cut the line")
        if match["name"] != match["name"].lower():
            raise InvalidScript(f"line {line}: {shown} has capitals; write {match['name'].lower()}, as SSML does")
        tags.append(_Tag(match[0], line))
        return chr(FIRST_PLACE + len(tags) - 1)

    for match in _OTHER_TAG.finditer(text):
        meant = get_close_matches(match["other"].lower(), KINDS, n=1, cutoff=0.75)
        if meant and match["other"].lower() not in {*KINDS, *_DISSOLVED}:
            line, shown = line_at(match.start()), " ".join(match[0].split())[:60]
            raise InvalidScript(f"line {line}: there is no mark {shown}; did you mean <{meant[0]}>?")
    return (_IN_MARKDOWN if markdown else _IN_TEXT).sub(aside, text)


def _mark(element: _Element) -> Mark | None:
    """None for an element over no words, and for one that changes nothing."""
    if element.name in EMPTY:
        end = element.start
    elif element.end is None or not element.settings:
        return None
    else:
        end = element.end
    return Mark.model_validate(
        {"kind": _kind(element), "start": element.start, "end": end, "settings": element.settings}
    )


def _kind(element: _Element) -> str:
    """Of speak, p and s nothing is left but the language, if they have one."""
    return "lang" if element.name in _DISSOLVED and element.settings else element.name


def _dissolved_settings(name: str, attributes: dict[str, str]) -> dict[str, str]:
    """Of speak, p and s only the language matters."""
    known = {"version", "xmlns", "xml:lang"}
    if unknown := [each for each in attributes if each not in known]:
        raise ValueError(f"<{name}> takes no {unknown[0]}")
    return canonical("lang", {"xml:lang": attributes["xml:lang"]}) if "xml:lang" in attributes else {}


def _advice(error: expat.ExpatError, tag: _Tag, names: list[str]) -> str:
    shown = tag.shown
    code = expat.errors.messages.get(error.code, str(error))
    if tag.text.startswith("</") and names:
        return f"{shown} where <{names[-1]}> is open; write </{names[-1]}> first"
    if tag.text.startswith("</"):
        return f"{shown} ends what never began; delete it, or write the tag that begins it"
    return f'{shown} is not well-formed ({code}); write attributes as name="value", each once, and &amp; for &'
