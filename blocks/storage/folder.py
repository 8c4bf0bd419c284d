"""A shelf that is a folder of this machine, or of a network file system."""

from __future__ import annotations

import fcntl
import os
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from blocks.failures import translated
from blocks.storage.payload import Headers, Payload, chunks_of
from blocks.storage.shelf import CONFLICT_PATIENCE_S
from tasks.errors import ObjectDamaged, WriteConflict

_PART = ".part-"
"""How the name of an unfinished file begins. Its writer holds a lock on it, so whoever gets the lock may remove it."""


@dataclass(frozen=True)
class FolderShelf:
    """Objects are files; `parts` is a folder for unfinished ones, empty where they lie beside the finished."""

    root: Path
    parts: str = ""

    def uri(self, name: str) -> str:
        """Give the path."""
        return str(self.root / name)

    def size(self, name: str) -> int | None:
        """Give the size of a file in bytes; None where there is none."""
        with translated(self.uri(name)):
            try:
                return (self.root / name).stat().st_size
            except FileNotFoundError:
                return None

    def put(self, name: str, payload: Payload, headers: Headers) -> None:
        """Write a file under another name, check it, and put it in its place; a file has no headers."""
        with translated(self.uri(name)):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if not _holds(path, payload):
                self._replace(path, payload)

    def update(self, name: str, render: Callable[[], bytes], headers: Headers) -> None:
        """Render and write while the folder is locked."""
        with translated(self.uri(name)):
            folder = (self.root / name).parent
            folder.mkdir(parents=True, exist_ok=True)
            with _locked(folder):
                self.put(name, Payload.of(render()), headers)

    def read(self, name: str) -> bytes | None:
        """Give the bytes of a file; None where there is none."""
        with translated(self.uri(name)):
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                return None

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a file."""
        source = self.root / name
        with translated(self.uri(name)):
            if not source.is_file():
                return False
            with path.open("wb") as copy:
                copy.writelines(chunks_of(source))
            return True

    def names(self, prefix: str) -> list[str]:
        """Give the files below a folder, without unfinished ones."""
        with translated(self.uri(prefix)):
            return sorted(
                file.relative_to(self.root).as_posix()
                for file in (self.root / prefix).rglob("*")
                if not file.name.startswith(_PART) and file.is_file()
            )

    def delete(self, name: str) -> None:
        """Remove a file if it is there."""
        with translated(self.uri(name)):
            (self.root / name).unlink(missing_ok=True)

    def sweep(self, prefix: str) -> None:
        """Remove unfinished files of dead writers, in the folder and in those that it lies in."""
        folder = self.root / self.parts if self.parts else self.root / prefix
        with translated(str(folder)):
            leftovers = list(folder.rglob(f"{_PART}*"))
            for above in folder.parents:
                if above.is_relative_to(self.root):
                    leftovers.extend(above.glob(f"{_PART}*"))
            for leftover in leftovers:
                _remove_if_dead(leftover)

    def _replace(self, path: Path, payload: Payload) -> None:
        folder = self.root / self.parts if self.parts else path.parent
        folder.mkdir(parents=True, exist_ok=True)
        with _unfinished(folder) as (descriptor, part):
            for chunk in chunks_of(payload.source):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
            if not _holds(part, payload):
                raise ObjectDamaged(
                    f"{path}: the bytes on disk are not those that were written; check the disk, try again"
                )
            part.replace(path)
        _sync_folder(path.parent)


def _holds(path: Path, payload: Payload) -> bool:
    try:
        return path.stat().st_size == payload.size_bytes and Payload.of(path).sha256 == payload.sha256
    except FileNotFoundError:
        return False


@contextmanager
def _unfinished(folder: Path) -> Iterator[tuple[int, Path]]:
    """Open a new file that is locked as long as its writer lives, and removed when it has not been renamed."""
    while True:
        part = folder / f"{_PART}{uuid.uuid4().hex}"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            break
        os.close(descriptor)  # swept between its making and its locking
    try:
        yield descriptor, part
    finally:
        part.unlink(missing_ok=True)
        os.close(descriptor)


def _remove_if_dead(part: Path) -> None:
    with suppress(FileNotFoundError):
        descriptor = os.open(part, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            part.unlink(missing_ok=True)
        except BlockingIOError:
            pass  # its writer lives
        finally:
            os.close(descriptor)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder: on the folder itself, so that no lock file is left to be seen."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    deadline = time.monotonic() + CONFLICT_PATIENCE_S
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as busy:
                if time.monotonic() > deadline:
                    raise WriteConflict(
                        f"{folder}: locked by another publisher for {CONFLICT_PATIENCE_S:.0f} s; try again later"
                    ) from busy
                time.sleep(random.uniform(0.01, 0.05))
        yield
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
