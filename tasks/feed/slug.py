"""Names for folders and addresses, made of titles."""

from __future__ import annotations

import hashlib
import re
import unicodedata

MAX_SLUG_CHARACTERS = 80
# What decomposition leaves alone: letters that are no accented Latin ones.
_LETTERS = str.maketrans(
    {"ð": "d", "þ": "th", "æ": "ae", "ö": "o", "ø": "o", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ı": "i", "å": "a"}
)


def slugify(text: str) -> str:
    """Give small letters, digits and dashes that read like `text`; never empty, at most 80 characters."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text).lower().translate(_LETTERS))
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"[\u0300-\u036f'’]", "", plain)).strip("-")
    if len(slug) > MAX_SLUG_CHARACTERS:
        head = slug[: MAX_SLUG_CHARACTERS + 1]
        slug = (head.rpartition("-")[0] or slug)[:MAX_SLUG_CHARACTERS].strip("-")
    # A title in another script has no letters left: its digest still tells it from the next one.
    return slug or f"x-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"
