"""Bytes into text: which encoding they are in, and whether they are text at all."""

from __future__ import annotations

import codecs
import re
import unicodedata

from tasks.errors import UnreadableSource

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")  # without tab and line ends
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")  # soft hyphen, directions
_WESTERN = re.compile(r"[\t\n\r -~\u00a0-\u00ffŠšŽžŒœŸ–—‘’‚“”„†‡•…‰‹›€™]")
_OTHER_NAMES = (".xml", ".rss", ".html", ".htm", ".vtt", ".srt", ".m3u", ".m3u8", ".pls", ".sdp")
_OTHER_FORMATS = re.compile(
    r"<\?xml|<!doctype|<html|<rss|<svg|#extm3u|\[playlist\]|ffconcat|webvtt|\{\\rtf|%pdf|v=0\s+o=|1\s+\d\d:\d\d:\d\d,\d",
    re.IGNORECASE,
)


def decode_text(data: bytes) -> str:
    """The text in these bytes: UTF-8, UTF-16 with its mark, or else the old Western encoding where that is plausible.

    Line ends become one kind, letters and their accents one character; what nobody sees or says is left out.
    Raises: UnreadableSource when the bytes are not text.
    """
    text = _decoded(data)
    controls = len(_CONTROL.findall(text))
    if "\x00" in text or controls > max(len(text) // 100, 2):
        raise UnreadableSource(f"this is not text: {controls} control characters among {len(text)}; send UTF-8 text")
    text = re.sub(r"\r\n?|[\u2028\u2029\x85]", "\n", text)
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _CONTROL.sub("", text)))


def looks_like_script(data: bytes, name: str) -> bool:
    """Whether these bytes, perhaps only a file's beginning, are a text to read; told by content.

    The name decides nothing but this: a text that calls itself a web page, a feed or subtitles is not a script.
    """
    if not data or name.lower().endswith(_OTHER_NAMES):
        return False
    # a beginning may end inside a character; one has at most four bytes
    for cut in range(4):
        try:
            text = decode_text(data[: len(data) - cut])
        except UnreadableSource:
            continue
        return not _OTHER_FORMATS.match(text.lstrip())
    return False


def _decoded(data: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise UnreadableSource(
                    f"this says it is {encoding}, but byte {error.start} is not; send UTF-8 text"
                ) from error
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        return _western(data, error)


def _western(data: bytes, reason: UnicodeDecodeError) -> str:
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    letters = sum(character.isalpha() or character.isspace() for character in text)
    if not text or letters < 0.75 * len(text) or len(_WESTERN.findall(text)) < len(text):
        raise UnreadableSource(
            f"this is neither text nor a recording: byte {reason.start} is not UTF-8; send UTF-8 text"
        )
    return text
