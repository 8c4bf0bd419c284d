"""What a studio has saved as blocks and calls by names of its own, whatever the blocks are called."""

from __future__ import annotations

from typing import TypeVar

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from prefect.utilities.asyncutils import run_coro_as_sync
from pydantic import ValidationError

from tasks.errors import InvalidSettings
from tasks.schemas import EpisodeTemplate, VoicePreset

Entry = TypeVar("Entry", VoicePreset, EpisodeTemplate)


def saved(kind: type[Block], field: str, schema: type[Entry], failure: type[InvalidSettings]) -> dict[str, Entry]:
    """What the blocks of a kind hold in a field, by its own name.

    Raises: `failure` when two blocks hold things of one name, or one no longer fits.
    """
    found: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    documents: list[tuple[str, dict[str, object]]] = run_coro_as_sync(_documents(kind))
    for block_name, data in documents:
        try:
            entry = schema.model_validate(data.get(field))
        except ValidationError as error:
            raise failure(f"the block {block_name!r} holds no {field}: {error.errors()[0]['msg']}") from None
        if entry.name in entries:
            raise failure(
                f"the blocks {found[entry.name]!r} and {block_name!r} both hold a {field} called {entry.name!r}; "
                "rename one of them"
            )
        found[entry.name], entries[entry.name] = block_name, entry
    return entries


async def _documents(kind: type[Block]) -> list[tuple[str, dict[str, object]]]:
    async with get_client() as client:
        try:
            documents = await client.read_block_documents_by_type(
                block_type_slug=kind._block_type_slug or "", include_secrets=False
            )
        except ObjectNotFound:
            return []
    return sorted((document.name or "", dict(document.data)) for document in documents)
