"""What a folder and a bucket have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from blocks.storage.payload import Headers, Payload

CONFLICT_PATIENCE_S = 60.0
"""How long a writer waits for its turn at an object that everybody writes."""


class Shelf(Protocol):
    """Named objects below one root. A name that is written is whole at once; whoever reads it meets no half."""

    def uri(self, name: str) -> str:
        """Give the address of `name`: a path, or an s3:// uri."""
        ...

    def size(self, name: str) -> int | None:
        """Give the size of an object in bytes; None where there is none."""
        ...

    def put(self, name: str, payload: Payload, headers: Headers) -> None:
        """Write an object and check what arrived; nothing happens where the same bytes lie already."""
        ...

    def update(self, name: str, render: Callable[[], bytes], headers: Headers) -> None:
        """Write what `render` makes of the newest state; nobody else's update is lost.

        Raises: WriteConflict when others were first for a minute.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """Give the bytes of an object; None where there is none."""
        ...

    def fetch(self, name: str, path: Path) -> bool:
        """Download an object; False where there is none."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Give the names that begin with the folder `prefix`, sorted."""
        ...

    def delete(self, name: str) -> None:
        """Remove an object if it is there."""
        ...

    def sweep(self, prefix: str) -> None:
        """Remove what killed writers left under the folder `prefix`."""
        ...
