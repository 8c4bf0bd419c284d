"""Plain words and the marks over them as SSML, in a script that is read again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import get_args
from xml.sax.saxutils import quoteattr

from tasks.errors import InvalidScript
from tasks.schemas import Mark
from tasks.schemas.script import MarkKind
from tasks.text.markup import escaped

KINDS = get_args(MarkKind)
EMPTY = frozenset({"break", "mark"})
"""Elements that stand at a place, and over nothing."""
ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
MOST_TAGS = 10_000
"""Tags in one line of a script."""
FIRST_PLACE = 0x100000  # tags wait in a private plane while the text around them is read or written
PLACES = re.compile(f"([{chr(FIRST_PLACE)}-{chr(FIRST_PLACE + MOST_TAGS)}])")
PRIVATE = re.compile("[\U000f0000-\U0010ffff]")


def write_markup(text: str, marks: Sequence[Mark], *, markdown: bool = True) -> str:
    """What `parse_markup` turns into this text and these marks.

    Raises: InvalidScript when marks cross each other.
    """
    waiting, tags = _with_places(text, marks)
    written = escaped(waiting) if markdown else _escaped_tags(waiting)
    return PLACES.sub(lambda match: tags[ord(match[0]) - FIRST_PLACE], written)


def _with_places(text: str, marks: Sequence[Mark]) -> tuple[str, list[str]]:
    """The text with a private character for each tag, and the tags."""
    text = PRIVATE.sub("\ufffd", text)
    pieces: list[str] = []
    tags: list[str] = []
    ends: list[Mark] = []
    done = 0

    def put(place: int, tag: str) -> None:
        nonlocal done
        pieces.extend((text[done:place], chr(FIRST_PLACE + len(tags))))
        tags.append(tag)
        done = place

    def close_until(place: int) -> None:
        while ends and ends[-1].end <= place:
            mark = ends.pop()
            put(mark.end, f"</{mark.kind}>")

    if 2 * len(marks) > MOST_TAGS:
        raise InvalidScript(f"{len(marks)} marks in one line, the limit is {MOST_TAGS // 2}; cut the line")
    for mark in marks:
        close_until(mark.start)
        if ends and (mark.start < ends[-1].start or mark.end > ends[-1].end):
            raise InvalidScript(f"{mark.kind} over {text[mark.start : mark.end][:40]!r} crosses {ends[-1].kind}")
        settings = "".join(f" {name}={quoteattr(value)}" for name, value in mark.settings.items())
        put(mark.start, f"<{mark.kind}{settings}{'/' * (mark.kind in EMPTY)}>")
        if mark.kind not in EMPTY:
            ends.append(mark)
    close_until(len(text))
    return "".join([*pieces, text[done:]]), tags


def _escaped_tags(text: str) -> str:
    """Text in which nothing reads as a tag or an entity."""
    text = re.sub(rf"&(?=(?:{'|'.join(ENTITIES)});)", "&amp;", " ".join(text.split()))
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)
