"""Scripts: text into lines with speakers and chapters, and lines into text that a person can edit."""

from __future__ import annotations

import yaml

from tasks.errors import EmptySource, SourceTooLarge
from tasks.schemas import Script
from tasks.text.clip_line import write_clip_line
from tasks.text.decoding import decode_text, looks_like_script
from tasks.text.dialect import parse_dialect
from tasks.text.markup import escaped
from tasks.text.ssml_writing import write_markup
from tasks.text.yaml_script import is_yaml, parse_yaml

__all__ = ["decode_text", "looks_like_script", "parse_script", "write_script"]

LONGEST_CHARACTERS = 1_000_000  # some twenty hours of speech; no recording may be longer than twelve


def parse_script(text: str, *, name: str) -> Script:
    """The script in this text: the Markdown dialect, plain text, or YAML; told by content, then by the file's name.

    Raises: InvalidScript with the line's number and what to write instead, EmptySource, SourceTooLarge.
    """
    if len(text) > LONGEST_CHARACTERS:
        raise SourceTooLarge(f"{name}: {len(text)} characters; the limit is {LONGEST_CHARACTERS}; split the script")
    text = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    if not text.strip():
        raise EmptySource(f"{name}: the script is empty")
    if is_yaml(text) or name.lower().endswith((".yaml", ".yml", ".json")):
        return parse_yaml(text)
    return parse_dialect(text)


def write_script(script: Script) -> str:
    """The script in the dialect, or in YAML where only some lines have a speaker; `parse_script` reads it again."""
    if len({bool(line.speaker) for line in script.lines if line.insert is None}) > 1:
        return _in_yaml(script)
    blocks = []
    if script.title or script.language:
        head = {"title": script.title, "language": script.language}
        blocks.append(f"---\n{yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=10_000)}---")
    titles: dict[int, list[str]] = {}
    for chapter in script.chapters:
        titles.setdefault(chapter.first_line, []).append(chapter.title)
    for index, line in enumerate(script.lines):
        blocks += [f"## **[{escaped(title)}]**" for title in titles.get(index, ())]
        text = write_clip_line(line.insert, line.text) if line.insert else write_markup(line.text, line.marks)
        blocks.append(f"**{escaped(line.speaker)}:** {text}" if line.speaker else text)
    return "\n\n".join(blocks) + "\n"


def _in_yaml(script: Script) -> str:
    titles = {chapter.first_line: chapter.title for chapter in script.chapters}
    entries: list[dict[str, str]] = []
    for index, line in enumerate(script.lines):
        if index in titles:
            entries.append({"heading": titles[index]})
        said = {"speaker": line.speaker, "text": write_markup(line.text, line.marks, markdown=False)}
        named = {"clip": line.insert.file} if line.insert else {}
        entries.append(named | {name: value for name, value in said.items() if value})
    document = {"title": script.title, "language": script.language, "lines": entries}
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000)
