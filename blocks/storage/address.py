"""What a user writes to say where things lie, and which names are allowed there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tasks.errors import InvalidRequest

_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*)://")
_BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$")


@dataclass(frozen=True)
class FolderAddress:
    """A folder of this machine."""

    path: Path


@dataclass(frozen=True)
class BucketAddress:
    """A prefix in a bucket; empty, or without slashes at its ends."""

    bucket: str
    prefix: str


def parse_address(address: str | Path) -> FolderAddress | BucketAddress:
    """Read a path, a file:// uri or an s3:// uri.

    Raises: InvalidRequest when it is something else.
    """
    text = str(address)
    if not text or "\0" in text:
        raise InvalidRequest("an empty storage address; give a folder, or a uri such as s3://bucket/prefix")
    scheme = _SCHEME.match(text)
    if scheme is None:
        return FolderAddress(Path(text).expanduser().absolute())
    match scheme[1].lower():
        case "file":
            return FolderAddress(Path(unquote(urlsplit(text).path)).absolute())
        case "s3" | "s3a":
            return _bucket_address(text[scheme.end() :])
        case other:
            raise InvalidRequest(
                f"storage on {other}:// is not possible; give a folder, file:///folder or s3://bucket/prefix"
            )


def _bucket_address(rest: str) -> BucketAddress:
    bucket, _, prefix = rest.partition("/")
    if not _BUCKET.match(bucket):
        # Not echoed: people write keys there (s3://key:secret@bucket).
        raise InvalidRequest("an s3:// uri begins with the name of a bucket, without keys in it: s3://bucket/prefix")
    prefix = prefix.strip("/")
    return BucketAddress(bucket, checked_name(prefix) if prefix else "")


def checked_name(name: str) -> str:
    """Give `name` back if it stays below its root.

    Raises: InvalidRequest when it climbs out, is absolute, or holds what no file name should.
    """
    parts = name.split("/")
    climbs = any(part in ("", ".", "..") for part in parts)
    if climbs or "\\" in name or any(ord(character) < 32 for character in name):
        raise InvalidRequest(
            f"{name!r} is not a name below the storage's root; use letters, digits, '-', '_', '.' and '/'"
        )
    return name
