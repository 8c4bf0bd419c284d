"""Where bytes from outside come down: bounded, hashed on the way, and in place only when they are all there."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from tasks.errors import EmptySource, SourceTooLarge, StorageFull

log = structlog.get_logger(__name__)

CHUNK_BYTES = 2**20
PROGRESS_EVERY_S = 10.0


class Landing:
    """A file under construction; leaving its `with` renames it into place, or removes it when something failed.

    Raises: SourceTooLarge, EmptySource, StorageFull.
    """

    def __init__(self, target: Path, *, address: str, max_bytes: int, expected_bytes: int | None = None) -> None:
        self._target = target
        self._address = address
        self._max_bytes = max_bytes
        self._expected_bytes = expected_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hex."""
        return self._hash.hexdigest()

    def __enter__(self) -> Self:
        if self._expected_bytes is not None and self._expected_bytes > self._max_bytes:
            raise self._too_large(f"has {self._expected_bytes:,} bytes")
        handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._target.parent)
        self._part = Path(name)
        self._file = os.fdopen(handle, "wb")
        self._spoke_at_s = time.monotonic()
        return self

    def write(self, chunk: bytes) -> None:
        """Append `chunk`."""
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise self._too_large("goes on")
        self._hash.update(chunk)
        try:
            self._file.write(chunk)
        except OSError as error:
            raise _full_or(error, self._target) from error
        if time.monotonic() - self._spoke_at_s >= PROGRESS_EVERY_S:
            self._spoke_at_s = time.monotonic()
            log.info(
                "source.progressed",
                address=self._address,
                size_bytes=self.size_bytes,
                expected_bytes=self._expected_bytes,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._close(keep=kind is None)
        finally:
            self._part.unlink(missing_ok=True)

    def _close(self, *, keep: bool) -> None:
        try:
            self._file.close()
        except OSError as error:
            if keep:
                raise _full_or(error, self._target) from error
        if not keep:
            return
        if self.size_bytes == 0:
            raise EmptySource(f"{self._address} is empty: it has no bytes; check the file, or wait until it is there")
        self._part.replace(self._target)

    def _too_large(self, how: str) -> SourceTooLarge:
        return SourceTooLarge(
            f"{self._address} {how}, and the limit is {self._max_bytes:,} bytes; give a smaller file or raise max_bytes"
        )


def _full_or(error: OSError, target: Path) -> OSError | StorageFull:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return StorageFull(f"no room left in {target.parent} for a source; free some, or set another scratch folder")
    return error
