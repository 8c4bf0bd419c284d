"""Scripts in YAML: a title, a language, and lines with speaker and text, or headings."""

from __future__ import annotations

import re

import yaml

from tasks.errors import EmptySource, InvalidScript
from tasks.schemas import Insert, Line, Mark, Script, ScriptChapter
from tasks.text.clip_line import checked_file
from tasks.text.ssml import parse_markup

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_DEEPEST = 4  # a mapping, its list, a line in it, the line's value
_LIST = re.compile(r"-\s+(?:\{\s*)?[\"']?(?:speaker|text|heading|clip)[\"']?\s*:|\[\s*\{|\{\s*\"")
_MAPPING = re.compile(r"\w+\s*:")
_LINES = re.compile(r"^lines\s*:", re.MULTILINE)
_SHAPE = "write a list under lines: with speaker: and text:, or clip:, or heading:"


def is_yaml(text: str) -> bool:
    """Whether this is a script in YAML or JSON, by how it begins."""
    rows = (row.strip() for row in text.split("\n", 200)[:200])
    first = next((row for row in rows if row and not row.startswith("#") and row != "---"), "")
    return bool(_LIST.match(first) or (_MAPPING.match(first) and _LINES.search(text)))


def parse_yaml(text: str) -> Script:
    """The script in YAML.

    Raises: InvalidScript with the line's number, EmptySource.
    """
    try:
        refuse_bombs(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        raise InvalidScript(
            f"{place}this is not YAML ({getattr(error, 'problem', None) or error}); put texts in quotes"
        ) from error
    if root is None:
        raise EmptySource("the script has no line to read")
    fields = {"lines": root} if isinstance(root, yaml.SequenceNode) else _fields(root, {"title", "language", "lines"})
    entries = fields.get("lines")
    if isinstance(entries, yaml.ScalarNode) and entries.tag == _NULL:
        entries = None
    if entries is not None and not isinstance(entries, yaml.SequenceNode):
        raise InvalidScript(f"line {_line(entries)}: lines is no list; {_SHAPE}")
    lines: list[Line] = []
    chapters: list[ScriptChapter] = []
    for entry in entries.value if entries is not None else ():
        _take(entry, text, lines, chapters)
    if not lines:
        raise EmptySource("the script has no line to read; write at least one under lines:")
    return Script(
        title=_scalar(fields["title"], "title") if "title" in fields else "",
        language=_scalar(fields["language"], "language") if "language" in fields else "",
        lines=tuple(lines),
        chapters=tuple(chapter for chapter in chapters if chapter.first_line < len(lines)),
    )


def _take(entry: yaml.Node, source: str, lines: list[Line], chapters: list[ScriptChapter]) -> None:
    fields = _fields(entry, {"speaker", "text", "heading", "clip"})
    number = _line(entry)
    if "heading" in fields:
        if len(fields) > 1:
            raise InvalidScript(
                f"line {number}: a heading has no speaker, no text and no clip; give it an entry of its own"
            )
        title = _scalar(fields["heading"], "heading")
        if not title:
            raise InvalidScript(f"line {number}: a heading without a title; write one after heading:")
        if chapters and chapters[-1].first_line == len(lines):
            title = f"{chapters.pop().title}: {title}"
        chapters.append(ScriptChapter(title=title, first_line=len(lines)))
        return
    text, marks = _spoken(fields["text"], source) if "text" in fields else ("", ())
    speaker = _scalar(fields["speaker"], "speaker") if "speaker" in fields else ""
    if "clip" in fields:
        insert = Insert(file=checked_file(_scalar(fields["clip"], "clip"), number))
        lines.append(Line(number=number, speaker=speaker, text=text, insert=insert))
        return
    if not text:
        raise InvalidScript(f"line {number}: {speaker or 'somebody'} says nothing; write text: after the speaker")
    lines.append(Line(number=number, speaker=speaker, text=text, marks=marks))


def _spoken(node: yaml.Node, source: str) -> tuple[str, tuple[Mark, ...]]:
    """The words and the marks of a text. However YAML folded it, its n-th < is the n-th < in the source."""
    text = _scalar(node, "text", collapsed=False)
    opens = [
        match.start()
        for match in re.finditer("<|\\\\x3[cC]|\\\\u003[cC]", source[node.start_mark.index : node.end_mark.index])
    ]

    def line_at(place: int) -> int:
        count = text.count("<", 0, place)
        end = node.start_mark.index + opens[count] if count < len(opens) else node.start_mark.index
        return _line(node) + source.count("\n", node.start_mark.index, end)

    return parse_markup(text, markdown=False, line_at=line_at)


def _fields(node: yaml.Node, known: set[str]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise InvalidScript(f"line {_line(node)}: this is no entry with names and values; {_SHAPE}")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name not in known:
            raise InvalidScript(f"line {_line(key)}: unknown key {name[:40]!r}; use {', '.join(sorted(known))}")
        if name in fields:
            raise InvalidScript(f"line {_line(key)}: {name} stands here twice; delete one")
        fields[name] = value
    return fields


def _scalar(node: yaml.Node, name: str, *, collapsed: bool = True) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise InvalidScript(f"line {_line(node)}: {name} is no text; write it on one line, or in quotes")
    # the text as it stands: `heading: 1984` is no number, `text: no` is no truth value
    value = "" if node.tag == _NULL else str(node.value)
    return " ".join(value.split()) if collapsed else value


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def refuse_bombs(text: str) -> None:
    """Aliases and depth are refused before anything is built: both let a small file fill the memory."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise InvalidScript(f"line {line}: aliases (*{event.anchor}) are not allowed; write the text out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _DEEPEST:
            raise InvalidScript(f"line {line}: nested too deep; {_SHAPE}")
