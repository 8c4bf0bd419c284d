"""The content-addressed store: what the stages hand each other, and what need not be made again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from blocks.scratch import scratch_folder
from blocks.storage.access import S3Access
from blocks.storage.address import BucketAddress, parse_address
from blocks.storage.bucket import BucketShelf
from blocks.storage.folder import FolderShelf
from blocks.storage.payload import Headers, Payload
from blocks.storage.shelf import Shelf
from tasks.errors import InvalidRequest, ObjectDamaged, ObjectMissing, StorageDenied
from tasks.schemas import FileRef

_OBJECT = re.compile(r"objects/[0-9a-f]{2}/([0-9a-f]{64})(\.[a-z0-9]{1,8})*")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8})*")
_KEY = re.compile(r"[0-9a-f]{16,128}")


@dataclass(frozen=True)
class Store:
    """Files by the digest of their content, and small records by a key of the caller's."""

    shelf: Shelf
    scratch: Path | None = None
    """Where remote files are put while they are read; None: where temporary files lie on this machine."""

    def put_file(self, path: Path, suffix: str) -> FileRef:
        """Keep a file; its uri is a function of its bytes and `suffix` (".flac"). Nothing is written twice."""
        return self._put(path, suffix)

    def put_bytes(self, data: bytes, suffix: str) -> FileRef:
        """Keep bytes; their uri is a function of them and `suffix` (".json"). Nothing is written twice."""
        return self._put(data, suffix)

    def exists(self, uri: str) -> bool:
        """Say whether an object is there; what lies outside this store is not."""
        name = self._name_in(uri)
        return bool(name) and self.shelf.size(name) is not None

    def read_bytes(self, uri: str) -> bytes:
        """Give the bytes of an object.

        Raises: ObjectMissing when it was removed; StorageDenied when `uri` lies outside this store.
        """
        data = self.shelf.read(self._name(uri))
        if data is None:
            raise _missing(uri)
        if Payload.of(data).sha256 != _digest_in(uri):
            raise ObjectDamaged(f"{uri}: its bytes are not what its name says; remove it and run again")
        return data

    @contextmanager
    def local(self, uri: str) -> Iterator[Path]:
        """Give a path to read an object from; a remote one is downloaded, checked, and removed afterwards.

        Raises: as `read_bytes`.
        """
        name = self._name(uri)
        if isinstance(self.shelf, FolderShelf):
            if self.shelf.size(name) is None:
                raise _missing(uri)
            yield self.shelf.root / name
            return
        with scratch_folder(directory=self.scratch) as folder:
            path = folder / name.rsplit("/", 1)[1]
            if not self.shelf.fetch(name, path):
                raise _missing(uri)
            if Payload.of(path).sha256 != _digest_in(uri):
                raise ObjectDamaged(f"{uri}: other bytes arrived than its name says; run again, or remove it first")
            yield path

    def recall(self, key: str) -> bytes | None:
        """Give what was remembered under a key; None where nothing was."""
        return self.shelf.read(_record(key))

    def remember(self, key: str, data: bytes) -> None:
        """Keep a small record under a hexadecimal key; a later one takes its place."""
        self.shelf.put(_record(key), Payload.of(data), Headers("application/json"))

    def sweep(self) -> None:
        """Remove what killed writers left."""
        self.shelf.sweep("")

    def _put(self, source: Path | bytes, suffix: str) -> FileRef:
        if not _SUFFIX.fullmatch(suffix):
            raise InvalidRequest(f"{suffix!r} is not a file name suffix; write it as .flac")
        payload = Payload.of(source)
        name = f"objects/{payload.sha256[:2]}/{payload.sha256}{suffix}"
        if self.shelf.size(name) != payload.size_bytes:
            self.shelf.put(name, payload, Headers())
        return FileRef(uri=self.shelf.uri(name), sha256=payload.sha256, size_bytes=payload.size_bytes)

    def _name(self, uri: str) -> str:
        name = self._name_in(uri)
        if not name:
            raise StorageDenied(f"{uri!r} is not an object of the store {self._root}; run again, and it is made anew")
        return name

    def _name_in(self, uri: str) -> str:
        """Give the name of an object of this store; empty for what is none."""
        name = uri.removeprefix(self._root)
        return name if name != uri and _OBJECT.fullmatch(name) else ""

    @property
    def _root(self) -> str:
        return self.shelf.uri("x")[:-1]


def open_store(address: str | Path, s3: S3Access | None = None, *, scratch: Path | None = None) -> Store:
    """Open the store in a folder or below an s3:// uri; nothing is touched before the first object.

    Raises: InvalidRequest when the address is neither.
    """
    match parse_address(address):
        case BucketAddress(bucket, prefix):
            return Store(BucketShelf(bucket, prefix, s3 or S3Access()), scratch)
        case folder:
            return Store(FolderShelf(folder.path, parts="parts"), scratch)


def _record(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise InvalidRequest(f"{key!r} cannot be the key of a record; give 16 to 128 hexadecimal digits")
    return f"records/{key[:2]}/{key}"


def _digest_in(uri: str) -> str:
    return uri.rsplit("/", 1)[1][:64]


def _missing(uri: str) -> ObjectMissing:
    return ObjectMissing(f"{uri} was removed from the store; run again, and it is made anew")
