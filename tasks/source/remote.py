"""One object from a store that fsspec knows: S3 and its kin."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from tasks.errors import SourceNotFound, SourceRefused, SourceUnreachable
from tasks.schemas import SourceLimits
from tasks.source.address import redact
from tasks.source.landing import CHUNK_BYTES, Landing


class FileSystem(Protocol):
    """What is asked of an fsspec file system."""

    def info(self, path: str) -> dict[str, object]:
        """At least `type` and `size`."""

    def open(self, path: str, mode: str) -> IO[bytes]:
        """The object's bytes."""


OpenFilesystem = Callable[[str], tuple[FileSystem, str]]
"""Gives the file system of a uri, with the keys that belong to it, and the path in it."""


def copy_remote(uri: str, target: Path, *, limits: SourceLimits, open_filesystem: OpenFilesystem) -> Landing:
    """Copy the object at `uri`.

    Raises: SourceNotFound, SourceRefused, SourceTooLarge, SourceUnreachable, EmptySource, StorageFull.
    """
    shown = redact(uri)
    deadline_s = time.monotonic() + limits.timeout_s
    with _translated(shown):
        filesystem, path = open_filesystem(uri)
        about = filesystem.info(path)
        source = filesystem.open(path, "rb") if about["type"] == "file" else None
    if source is None:
        raise SourceRefused(f"{shown} is a folder; name the object in it")
    size = about["size"]
    size_bytes = size if isinstance(size, int) else None
    with source, Landing(target, address=shown, max_bytes=limits.max_bytes, expected_bytes=size_bytes) as landing:
        while chunk := _read(source, shown):
            landing.write(chunk)
            if time.monotonic() > deadline_s:
                raise SourceUnreachable(f"{shown} took longer than {limits.timeout_s:.0f} s; try again later")
        if size_bytes is not None and landing.size_bytes != size_bytes:
            raise SourceUnreachable(
                f"{shown} should have {size_bytes:,} bytes and gave {landing.size_bytes:,}; try again later"
            )
    return landing


def _read(source: IO[bytes], shown: str) -> bytes:
    with _translated(shown):
        return source.read(CHUNK_BYTES)


@contextmanager
def _translated(shown: str) -> Iterator[None]:
    # Late: whoever fetches no object need not wait for the cloud's libraries.
    from aiohttp import ClientError as ConnectionBroken
    from botocore.exceptions import (  # type: ignore[import-untyped]
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        ParamValidationError,
    )

    try:
        yield
    except FileNotFoundError as error:
        raise SourceNotFound(f"there is no object {shown}; check its name") from error
    except (PermissionError, NoCredentialsError, ClientError) as error:
        raise SourceRefused(f"{shown} may not be read ({error}); check the keys of this storage") from error
    except (ImportError, ValueError, ParamValidationError, IsADirectoryError) as error:
        raise SourceRefused(f"{shown} cannot be opened: {error}") from error
    except (OSError, TimeoutError, BotoCoreError, ConnectionBroken) as error:
        raise SourceUnreachable(f"{shown} cannot be fetched ({error}); try again later") from error
