"""Bytes that are to be written, with what proves that they arrived."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Headers:
    """What a web server tells about a file."""

    content_type: str = "application/octet-stream"
    cache_control: str = ""


@dataclass(frozen=True)
class Payload:
    """The content of a file on disk, or bytes in memory."""

    source: Path | bytes
    size_bytes: int
    sha256: str

    @staticmethod
    def of(source: Path | bytes) -> Payload:
        """Read `source` once, for its size and digest."""
        digest, size_bytes = hashlib.sha256(), 0
        for chunk in chunks_of(source):
            digest.update(chunk)
            size_bytes += len(chunk)
        return Payload(source, size_bytes, digest.hexdigest())

    def read(self) -> bytes:
        """Give the content at once."""
        return self.source if isinstance(self.source, bytes) else self.source.read_bytes()


def chunks_of(source: Path | bytes) -> Iterator[bytes]:
    """Give the content piece by piece, each at most `CHUNK_BYTES` long."""
    if isinstance(source, bytes):
        yield from (source[start : start + CHUNK_BYTES] for start in range(0, len(source), CHUNK_BYTES))
        return
    with source.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def multipart_etag(payload: Payload, part_bytes: int) -> str:
    """Give what S3 calls an object that came in parts: the MD5 of the parts' MD5s, and how many they were.

    part_bytes: a multiple of `CHUNK_BYTES`.
    """
    parts = [hashlib.md5(usedforsecurity=False)]
    for number, chunk in enumerate(chunks_of(payload.source)):
        if number and number % (part_bytes // CHUNK_BYTES) == 0:
            parts.append(hashlib.md5(usedforsecurity=False))
        parts[-1].update(chunk)
    digests = b"".join(part.digest() for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
