"""Where things lie: the store and the publishing target, opened from settings and blocks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar, TypeVar

import structlog
from fsspec import AbstractFileSystem
from prefect.blocks.core import Block
from prefect.utilities.asyncutils import run_coro_as_sync
from pydantic import Field, HttpUrl

from blocks.credentials import S3Credentials
from blocks.scratch import remove_stale_scratch, scratch_folder
from blocks.settings import load_settings
from blocks.storage import S3Access, Store, Target, open_source_filesystem, open_store, open_target
from tasks.errors import InvalidRequest
from tasks.schemas import DocumentRef
from tasks.schemas.frozen import Frozen

D = TypeVar("D", bound=Frozen)
log = structlog.get_logger(__name__)


class StorageTarget(Block):
    """Where finished episodes go, and the address under which listeners reach them."""

    _block_type_name: ClassVar[str] = "Storage Target (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-storage-target"
    # Prefect's own picture of a file system.
    _logo_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://raw.githubusercontent.com/PrefectHQ/prefect/"
        "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/filesystem.png"
    )
    _description: ClassVar[str] = "A folder or bucket for published episodes. A request names it as `block:name`."
    _code_example: ClassVar[str] = """
```python
from blocks import StorageTarget

StorageTarget(uri="s3://hladvarp/thaettir", public_url="https://hladvarp.example.is").save("BLOCK_NAME")
target = StorageTarget.load("BLOCK_NAME")
```
"""

    uri: str = Field(title="Folder or uri", description="Such as /srv/podcasts or s3://bucket/podcasts.")
    public_url: str = Field(
        default="", title="Public address", description="Where listeners reach it, such as https://hladvarp.example.is."
    )
    credentials: S3Credentials = Field(
        default_factory=S3Credentials,
        title="S3 credentials",
        description="Empty: those of the block named hladvarp, or of the settings.",
    )


def s3_access() -> S3Access:
    """Keys to S3: of the saved block that the settings name, otherwise of the settings themselves."""
    settings = load_settings().s3
    if settings.block:
        try:
            block: S3Credentials = run_coro_as_sync(S3Credentials.aload(settings.block))
            return block.access()
        except ValueError:  # Prefect says with a ValueError that there is no such block
            log.debug("block.absent", block=settings.block)
    return S3Access(
        endpoint_url=settings.endpoint_url,
        region=settings.region,
        access_key_id=settings.access_key_id,
        secret_access_key=settings.secret_access_key,
    )


def _access_for(uri: str) -> S3Access | None:
    return s3_access() if uri.startswith("s3://") else None


def audio_store() -> Store:
    """The content-addressed store of clips, recordings, masters and documents."""
    uri = load_settings().store_uri
    return open_store(uri, _access_for(uri))


def publishing_target(publish_to: str) -> tuple[Target, str]:
    """The target that a request names, and the public address that belongs to it; an empty one if none is known.

    Raises: InvalidRequest when it names a block that is not saved.
    """
    settings = load_settings()
    if publish_to.startswith("block:"):
        name = publish_to.removeprefix("block:")
        try:
            block: StorageTarget = run_coro_as_sync(StorageTarget.aload(name))
        except ValueError:
            raise InvalidRequest(
                f"publish_to names the storage target {name!r}, and no such block is saved; "
                "save one under Blocks in the Prefect UI, or give a folder or an s3:// uri"
            ) from None
        keys = block.credentials.access()
        return open_target(block.uri, keys if keys.is_set else _access_for(block.uri)), block.public_url
    uri = publish_to or settings.target_uri
    return open_target(uri, _access_for(uri)), settings.public_url if uri == settings.target_uri else ""


def scratch(bytes_needed: int = 0) -> AbstractContextManager[Path]:
    """An empty folder for intermediates, removed at the end; on a rented machine in memory, where they fit."""
    in_memory = load_settings().profile == "runpod" and bytes_needed > 0
    return scratch_folder(directory=_scratch_home(), bytes_needed=bytes_needed, in_memory=in_memory)


def clear_stale_scratch() -> None:
    """Remove what killed runs have left."""
    remove_stale_scratch(_scratch_home())


def _scratch_home() -> Path | None:
    where = load_settings().scratch
    return Path(where) if where else None


def open_source(uri: str) -> tuple[AbstractFileSystem, str]:
    """The filesystem that holds a source, and the path in it."""
    return open_source_filesystem(uri, _access_for(uri))


def keep_document(document: Frozen) -> DocumentRef:
    """Keep a document in the store."""
    stored = audio_store().put_bytes(document.model_dump_json().encode(), ".json")
    return DocumentRef(uri=stored.uri, sha256=stored.sha256)


def read_document(reference: DocumentRef, schema: type[D]) -> D:
    """Read a document from the store."""
    return schema.model_validate_json(audio_store().read_bytes(reference.uri))
