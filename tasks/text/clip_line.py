"""Recorded clips in a script: a line `[clip: svar.wav "what is said in it"]`."""

from __future__ import annotations

import re

from tasks.errors import InvalidScript
from tasks.schemas import Insert
from tasks.text.markup import escaped
from tasks.text.ssml import parse_markup

_MENTION = re.compile(r"(?<!\\)\[\s{0,3}clip\s{0,3}:", re.IGNORECASE)
_QUOTE = re.compile(r"[\"„“]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_PART = 255  # bytes, of a file's name on every file system that we meet
_BESIDE = "write the name of a file beside the script, such as upptokur/svar.wav"


def read_clip_line(row: str, number: int) -> tuple[Insert, str] | None:
    """The clip that a row names, and what is said in it (empty where that is not told); None for a row of words.

    Raises: InvalidScript that names the line, for a clip among words, and for a name that is none beside the script.
    """
    if not _MENTION.search(row):
        return None
    inside = row.strip()[1:-1].partition(":")[2].strip()
    quote = _QUOTE.search(inside) if inside.endswith(('"', "“", "”")) else None
    file, said = (inside[: quote.start()].strip(), inside[quote.end() : -1]) if quote else (inside, "")
    is_alone = row.strip().startswith("[") and row.strip().endswith("]")
    if not is_alone or re.search(r"[\[\]\"„“”]", file) or (quote and quote.end() == len(inside)):
        raise InvalidScript(
            f"line {number}: a [clip: …] stands alone, after a speaker's name at the most; write it on a line of its "
            'own, as [clip: svar.wav] or [clip: svar.wav "what is said in it"]'
        )
    text, _ = parse_markup(said, line_at=lambda _: number)
    return Insert(file=checked_file(file, number)), text


def write_clip_line(insert: Insert, text: str) -> str:
    """What `read_clip_line` reads as this."""
    return f'[clip: {insert.file} "{escaped(text)}"]' if text else f"[clip: {insert.file}]"


def checked_file(file: str, number: int) -> str:
    """The path of a clip, which cannot lead out of the script's folder by its name.

    Raises: InvalidScript that names the line.
    """
    shown = _CONTROL.sub("\N{REPLACEMENT CHARACTER}", file)[:80]
    if not file:
        raise InvalidScript(f"line {number}: [clip: …] names no file; {_BESIDE}")
    if _CONTROL.search(file) or any(len(part.encode()) > _LONGEST_PART for part in file.split("/")):
        raise InvalidScript(f"line {number}: {shown!r} cannot be the name of a file; {_BESIDE}")
    if _ADDRESS.match(file):
        raise InvalidScript(f"line {number}: the clip {shown!r} is an address; {_BESIDE}")
    if file.startswith(("/", "~")) or "\\" in file:
        raise InvalidScript(f"line {number}: the clip {shown!r} is no path from the script's folder; {_BESIDE}")
    if ".." in file.split("/"):
        raise InvalidScript(f"line {number}: the clip {shown!r} climbs out of the script's folder; {_BESIDE}")
    return file
