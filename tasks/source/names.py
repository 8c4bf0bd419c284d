"""File names from strangers, made fit for a folder of ours."""

from __future__ import annotations

import unicodedata

FALLBACK_NAME = "source"
MAX_NAME_BYTES = 180  # ext4, xfs and S3FS hold 255; the rest is for what we put before and behind it
MAX_SUFFIX_BYTES = 16

_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"|?*', "_"))


def safe_name(name: str) -> str:
    """The last part of `name` as a visible file name: NFC, no controls, at most 180 bytes of UTF-8, never empty.

    Names in other scripts stay as they are: `Þjóðsögur 3.mp3` is a good name.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    # Cc, Cf, Cs: controls, direction overrides (`exe.3pm` that shows as `mp3.exe`), halves of characters.
    visible = "".join(c for c in last if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"})
    clean = visible.translate(_FORBIDDEN).strip().lstrip(".- ").rstrip(". ")
    return _shorten(clean) or FALLBACK_NAME


def _shorten(name: str) -> str:
    """`name`, cut in its middle so that the suffix survives."""
    if len(name.encode()) <= MAX_NAME_BYTES:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix.encode()) > MAX_SUFFIX_BYTES:
        stem, dot, suffix = name, "", ""
    room = MAX_NAME_BYTES - len((dot + suffix).encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + dot + suffix
