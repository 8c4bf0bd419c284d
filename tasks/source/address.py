"""What kind of place the user named, and how to write it down without its secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote, urljoin, urlsplit

from tasks.errors import SourceRefused
from tasks.schemas import SourceLimits

LATEST = "latest"

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:@\[\]]*)(:\d*)?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Address:
    """Where a source is.

    A podcast's item is named behind a `#`: `https://example.is/feed.xml#latest`, or a guid, a title or a number in
    its place. Nothing there means the latest; where the address is no feed, it means nothing.
    """

    kind: Literal["local", "http", "remote"]
    location: str
    item: str = LATEST


def classify(source: str, *, limits: SourceLimits) -> Address:
    """Where `source` is: a path (also as file://), an http(s) address, or a uri for fsspec.

    Raises: SourceRefused for a scheme that is not allowed, and for names that cannot be or that climb out.
    """
    text = source.strip()
    if not text:
        raise SourceRefused("no source was named; give a file, a folder or an address")
    if _CONTROL.search(text):
        raise SourceRefused(f"the source {redact(text)!r} has a control character in it; remove it")
    match = _SCHEME.match(text)
    if match is None:
        return Address(kind="local", location=text)
    scheme = match[1].lower()
    if scheme not in limits.allowed_schemes:
        allowed = ", ".join(limits.allowed_schemes)
        raise SourceRefused(f"{redact(text)}: {scheme}:// is not allowed here; these are: {allowed}")
    if scheme == "file":
        return Address(kind="local", location=_path_of(text))
    if scheme in {"http", "https"}:
        location, _, item = text.partition("#")
        return Address(kind="http", location=location, item=unquote(item).strip() or LATEST)
    return Address(kind="remote", location=_checked_uri(text, scheme))


def is_path(source: str) -> bool:
    """Whether `source` names a file of this machine by its path alone."""
    return _SCHEME.match(source) is None


def beside(folder: Path, source: str) -> str:
    """`source`, and where it is a path that begins nowhere, that path in `folder`."""
    return str(folder / source) if is_path(source) else source


def companion(address: str, name: str) -> str:
    """Where a file lies that a source at `address` names by its path from the source's own folder."""
    scheme = _SCHEME.match(address)
    if scheme and scheme[1].lower() in {"http", "https"}:
        return urljoin(address, quote(name))
    folder, slash, _ = address.rpartition("/")
    return folder + slash + name


def redact(address: str) -> str:
    """`address` without user, password, query and item: fit for a log, a message or a manifest."""
    match = _SCHEME.match(address)
    if match is None:
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", address)
    # An object's key may hold a `#`; only on the web does it begin something else.
    ends = "[?#]" if match[1].lower() in {"http", "https"} else "[?]"
    rest, *query = re.split(ends, address[match.end() :], maxsplit=1)
    authority, slash, path = rest.partition("/")
    authority = authority.rpartition("@")[2]
    if _AUTHORITY.fullmatch(authority) is None and "@" in path:
        # A password with an unescaped slash: `http://user:se/cret@host/`.
        authority, slash, path = path.rpartition("@")[2].partition("/")
    shown = match[0] + authority + slash + path + ("?…" if query and "?" in address else "")
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", shown)


def _path_of(uri: str) -> str:
    parts = urlsplit(uri, allow_fragments=False)
    path = unquote(parts.path)
    if parts.netloc not in {"", "localhost"} or not path:
        raise SourceRefused(f"{uri}: a file address names a file on this machine, as in file:///folder/talk.mp3")
    if _CONTROL.search(path):
        raise SourceRefused(f"{uri}: there is a control character in this name; remove it")
    return path


def _checked_uri(uri: str, scheme: str) -> str:
    rest = uri[len(scheme) + 3 :]
    if "::" in rest:
        # fsspec reads `a::b` as a chain of file systems, and the second could be any scheme.
        raise SourceRefused(f"{redact(uri)}: chained addresses (::) are not allowed; name the object itself")
    if ".." in re.split(r"[/\\]", rest):
        raise SourceRefused(f"{redact(uri)}: the name climbs out of its folder (..); name the object itself")
    if not rest.partition("/")[2].strip("/"):
        raise SourceRefused(f"{redact(uri)}: this names no object; write {scheme}://bucket/name")
    return scheme + "://" + rest
