"""Prefect's results in our store, so that what a stage returns on another machine can be read on this one."""

from __future__ import annotations

import asyncio
import re
from typing import ClassVar

from prefect.filesystems import WritableFileSystem
from pydantic import HttpUrl

from blocks.places import audio_store
from blocks.storage.payload import Headers, Payload
from tasks.errors import InvalidRequest, ObjectMissing

RESULTS = "hladvarp"
"""Name of the one block of this type, which bootstrap saves."""
RESULTS_SLUG = f"hladvarp-result-storage/{RESULTS}"
_KEY = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)*")


class ResultStorage(WritableFileSystem):
    """Keeps what flows and tasks return in `results` of the store. Which store that is, each machine's settings say."""

    _block_type_name: ClassVar[str] = "Result Storage (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-result-storage"
    # Prefect's own picture of a file system.
    _logo_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://raw.githubusercontent.com/PrefectHQ/prefect/"
        "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/filesystem.png"
    )
    _description: ClassVar[str] = (
        "Results of stages that run on rented machines, in the store that the settings name. "
        "Holds no key and nothing to fill in; bootstrap saves the one that is needed."
    )

    # Prefect calls the plain form with `_sync` from threads, and the form with `a` from event loops.
    def read_path(self, path: str, _sync: bool = True) -> bytes:  # type: ignore[override]
        """The bytes of a result. Raises: ObjectMissing, StorageError."""
        data = audio_store().shelf.read(_name(path))
        if data is None:
            raise ObjectMissing(f"the result {path} is not in the store; run again, and it is made anew")
        return data

    def write_path(self, path: str, content: bytes, _sync: bool = True) -> None:  # type: ignore[override]
        """Keep the bytes of a result; whoever reads it meets no half. Raises: StorageError."""
        audio_store().shelf.put(_name(path), Payload.of(content), Headers("application/json"))

    async def aread_path(self, path: str) -> bytes:
        """As `read_path`, beside the event loop."""
        return await asyncio.to_thread(self.read_path, path)

    async def awrite_path(self, path: str, content: bytes) -> None:
        """As `write_path`, beside the event loop."""
        await asyncio.to_thread(self.write_path, path, content)


def _name(path: str) -> str:
    if not _KEY.fullmatch(path):
        raise InvalidRequest(f"{path!r} cannot be the key of a result; give letters, digits, dots and dashes")
    return f"results/{path}"
