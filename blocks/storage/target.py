"""The publishing target: what listeners read, whole at every moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blocks.storage.access import S3Access
from blocks.storage.address import BucketAddress, checked_name, parse_address
from blocks.storage.bucket import BucketShelf
from blocks.storage.folder import FolderShelf
from blocks.storage.payload import Headers, Payload
from blocks.storage.shelf import Shelf

# Python's own table calls .srt text/plain and .opus audio/ogg, and does not know the others everywhere.
CONTENT_TYPES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".opus": "audio/opus",
    ".flac": "audio/flac",
    ".wav": "audio/wav",
    ".vtt": "text/vtt",
    ".srt": "application/x-subrip",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".xml": "application/rss+xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
}
_BY_NAME = {"chapters.json": "application/json+chapters"}
_CHANGING = (".xml", ".json", ".html")
"""What changes when an episode is published again, or a new one comes; podcast apps ask every few minutes."""


@dataclass(frozen=True)
class Target:
    """Files below one root, each replaced at once and only when its bytes change."""

    shelf: Shelf

    def put_file(self, path: Path, name: str, content_type: str = "") -> None:
        """Publish a file under a name such as "show/episode/episode.mp3"."""
        self.shelf.put(checked_name(name), Payload.of(path), _headers(name, content_type))

    def put_bytes(self, data: bytes, name: str, content_type: str = "") -> None:
        """Publish bytes under a name."""
        self.shelf.put(checked_name(name), Payload.of(data), _headers(name, content_type))

    def update(self, name: str, render: Callable[[], bytes], content_type: str = "") -> None:
        """Write what `render` makes of the newest state; an update by somebody else at the same moment is not lost.

        `render` may be called again and again, and must look at the target each time.

        Raises: WriteConflict when others were first for a minute.
        """
        self.shelf.update(checked_name(name), render, _headers(name, content_type))

    def read(self, name: str) -> bytes | None:
        """Give what is published under a name; None where nothing is."""
        return self.shelf.read(checked_name(name))

    def names(self, prefix: str) -> list[str]:
        """Give the names below a folder, sorted; "" is all of them."""
        return self.shelf.names(checked_name(prefix.rstrip("/")) if prefix else "")

    def delete(self, name: str) -> None:
        """Remove a file if it is there."""
        self.shelf.delete(checked_name(name))

    def uri(self, name: str) -> str:
        """Give the path or s3:// uri of a name; of the root for ""."""
        return self.shelf.uri(checked_name(name)) if name else self.shelf.uri("").rstrip("/")

    def sweep(self, prefix: str) -> None:
        """Remove what killed publishers left in a folder that only this publisher writes now."""
        self.shelf.sweep(checked_name(prefix.rstrip("/")))


def open_target(address: str | Path, s3: S3Access | None = None) -> Target:
    """Open a folder or an s3:// uri to publish to; nothing is touched before the first file.

    Raises: InvalidRequest when the address is neither.
    """
    match parse_address(address):
        case BucketAddress(bucket, prefix):
            return Target(BucketShelf(bucket, prefix, s3 or S3Access()))
        case folder:
            return Target(FolderShelf(folder.path))


def content_type_of(name: str) -> str:
    """Give the content type of a published file by its name."""
    path = PurePosixPath(name)
    return _BY_NAME.get(path.name) or CONTENT_TYPES.get(path.suffix.lower(), "application/octet-stream")


def _headers(name: str, content_type: str) -> Headers:
    patience_s = 300 if name.endswith(_CHANGING) else 3600
    return Headers(content_type or content_type_of(name), f"public, max-age={patience_s}")
