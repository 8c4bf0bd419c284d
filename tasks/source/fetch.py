"""Brings what the user named into a folder of ours, whatever kind of place it is at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from tasks.errors import SourceRefused, SourceTooLarge, UnreadableSource
from tasks.schemas import SourceLimits
from tasks.source.address import Address, classify, redact
from tasks.source.http import download
from tasks.source.local import copy_local, find_file
from tasks.source.names import FALLBACK_NAME, safe_name
from tasks.source.remote import OpenFilesystem, copy_remote

FindEnclosure = Callable[[bytes, str], str]
"""Given a feed and an item's guid, title, number or `latest`: the address of its recording."""

FEED_HEAD_BYTES = 16_384
# The root element, behind whatever XML allows before it. Source: XML 1.0, production 22 (prolog); RSS 2.0; RFC 4287.
# Atomic groups: without them a hostile prolog costs time that grows with two to the power of its parts.
_FEED = re.compile(
    r"\s*+(?:(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*+(?:\[.*?\]\s*+)?>)\s*+)*+<(?:rss|(?:\w+:)?RDF|(?:\w+:)?feed)[\s>]",
    re.DOTALL,
)


@dataclass(frozen=True)
class Fetched:
    """A source on this machine; `address` is where it came from in the end, without secrets."""

    path: Path
    name: str
    address: str
    size_bytes: int
    sha256: str


def fetch(
    source: str,
    folder: Path,
    limits: SourceLimits,
    *,
    open_filesystem: OpenFilesystem,
    find_enclosure: FindEnclosure | None = None,
) -> Fetched:
    """Copy what `source` names into `folder`; of a feed, the recording of the item that is named behind `#`.

    Raises: SourceError or StorageError, whichever leaf says what happened; then nothing is left in `folder`.
    """
    address = classify(source, limits=limits)
    fetched = _fetch_one(address, folder, limits=limits, open_filesystem=open_filesystem)
    if find_enclosure is not None and is_feed(_head(fetched.path)):
        feed = _take(fetched, limits=limits)
        enclosure = _enclosure(find_enclosure(feed, address.item), address, limits=limits)
        fetched = _fetch_one(enclosure, folder, limits=limits, open_filesystem=open_filesystem)
        if is_feed(_head(fetched.path)):
            fetched.path.unlink()
            raise UnreadableSource(
                f"{fetched.address} is a feed again, where a recording should be; name one item of it"
            )
    return fetched


def is_feed(data_head: bytes) -> bool:
    """Whether a file that begins with `data_head` is an RSS or Atom feed."""
    encoding = "utf-16" if data_head[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    return _FEED.match(data_head[:FEED_HEAD_BYTES].decode(encoding, errors="replace")) is not None


def _fetch_one(address: Address, folder: Path, *, limits: SourceLimits, open_filesystem: OpenFilesystem) -> Fetched:
    arriving = folder / FALLBACK_NAME
    if address.kind == "http":
        got = download(address.location, arriving, limits)
        name, shown, size_bytes, sha256 = got.name, got.final_address, got.size_bytes, got.sha256
    else:
        if address.kind == "local":
            path = find_file(Path(address.location))
            landed = copy_local(path, arriving, limits=limits)
            name, shown = safe_name(path.name), str(path)
        else:
            landed = copy_remote(address.location, arriving, limits=limits, open_filesystem=open_filesystem)
            name, shown = safe_name(address.location), redact(address.location)
        size_bytes, sha256 = landed.size_bytes, landed.sha256
    return Fetched(path=arriving.replace(folder / name), name=name, address=shown, size_bytes=size_bytes, sha256=sha256)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FEED_HEAD_BYTES)


def _take(fetched: Fetched, *, limits: SourceLimits) -> bytes:
    """The feed's bytes, and its file removed."""
    if fetched.size_bytes > limits.max_feed_bytes:
        fetched.path.unlink()
        raise SourceTooLarge(
            f"the feed {fetched.address} has {fetched.size_bytes:,} bytes, and the limit is {limits.max_feed_bytes:,}; "
            "name the recording's own address"
        )
    feed = fetched.path.read_bytes()
    fetched.path.unlink()
    return feed


def _enclosure(found: str, feed: Address, *, limits: SourceLimits) -> Address:
    """Where a feed says its recording is: on the web, for a stranger's feed may not name our own files or buckets."""
    absolute = urljoin(feed.location, found) if feed.kind == "http" else found
    address = classify(absolute, limits=limits)
    if address.kind != "http":
        raise SourceRefused(f"the feed names {redact(absolute)}, which is not on the web; name the recording itself")
    return address
