"""Text of others inside Markdown of ours."""

from __future__ import annotations


def plain(text: str) -> str:
    """Text on one line that Markdown shows as it is."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()#+-.!|<>~&$" else sign for sign in " ".join(text.split()))
