"""Markdown into plain words, and back into Markdown that reads the same."""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"!\[[^\[\]]{0,300}\]\([^()\s]{0,2000}(?:\s[^()]{0,300})?\)"), ""),
    (re.compile(r"\[([^\[\]]{1,1000})\]\([^()\s]{0,2000}(?:\s[^()]{0,300})?\)"), r"\1"),
    (re.compile(r"<((?:https?|mailto):[^<>\s]{1,2000})>"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]{0,200}>"), " "),
    (re.compile(r"`([^`]{1,500})`"), r"\1"),
    (re.compile(r"(\*{1,3})(?=[^\s*])([^*]{0,2000}?[^\s*])\1"), r"\2"),
    (re.compile(r"(?<!\w)(_{1,3})(?=[^\s_])([^_]{0,2000}?[^\s_])\1(?!\w)"), r"\2"),
    (re.compile(r"~~(?=\S)([^~]{0,2000}?\S)~~"), r"\1"),
)
_PLACEHOLDER = 0xF0000  # escaped signs wait in a private plane while the markup is taken away
_RESTORED = re.compile(f"[{chr(_PLACEHOLDER)}-{chr(_PLACEHOLDER + 0x7F)}]")


def plain(text: str) -> str:
    """The words of a piece of Markdown, white space collapsed."""
    return " ".join(without_markdown(text).split())


def without_markdown(text: str) -> str:
    """The words of a piece of Markdown, white space as it was written."""
    text = _ESCAPED.sub(lambda match: chr(_PLACEHOLDER + ord(match[1])), text)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _RESTORED.sub(lambda match: chr(ord(match[0]) - _PLACEHOLDER), text)


def escaped(text: str) -> str:
    """Markdown that `plain` turns into this very text, and that begins nothing but a paragraph."""
    text = re.sub(r"([\\*_`\[\]<>~!]|&(?=(?:amp|lt|gt|quot|apos);))", r"\\\1", " ".join(text.split()))
    text = re.sub(r"^([#>+-])", r"\\\1", text)
    return re.sub(r"^([^:\\]{1,60}):", r"\1\\:", text)
