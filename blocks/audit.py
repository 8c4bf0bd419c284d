"""Audit: who cloned, used, heard and revoked which voice; entries are added to the store, and none is ever changed."""

from __future__ import annotations

import getpass
import platform
import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Literal, TypedDict, Unpack

import structlog
from prefect.runtime import flow_run
from pydantic import AwareDatetime, Field, ValidationError

from blocks.places import audio_store
from blocks.storage.payload import Headers
from tasks.errors import WriteConflict
from tasks.schemas.frozen import Frozen

log = structlog.get_logger(__name__)

FOLDER = "audit"
READS_AT_ONCE = 16
"""Entries read side by side; on S3 each costs a round trip."""

AuditEvent = Literal[
    "voice.asked",
    "voice.cloned",
    "voice.deleted",
    "voice.previewed",
    "voice.used",
    "consent.revoked",
    "episode.approved",
    "episode.rejected",
]


class AuditDetails(TypedDict, total=False):
    """What an event may be told by: names, never keys, texts or samples."""

    preset: str
    engine: str
    voice: str
    account: str
    consent: str
    person: str
    show: str
    episode: str
    reason: str


class AuditEntry(Frozen):
    """One event. Names that are empty do not belong to its kind."""

    event: AuditEvent
    at: AwareDatetime = Field(description="UTC.")
    by: str = Field(description="The account of the operating system, and its machine.")
    run: str = Field(default="", description="Prefect's id of the flow run, where there is one.")
    preset: str = ""
    engine: str = ""
    voice: str = Field(default="", description="The vendor's own name for the voice.")
    account: str = Field(default="", description="Name of the block with the account.")
    consent: str = Field(default="", description="Name of the block with the consent.")
    person: str = ""
    show: str = ""
    episode: str = ""
    reason: str = Field(default="", max_length=500)


def record(event: AuditEvent, **details: Unpack[AuditDetails]) -> AuditEntry:
    """Add an entry to the log; when this returns, it is kept.

    Raises: StorageError when it cannot be kept, and then nothing should be done that must be in it.
    """
    now = datetime.now(UTC)
    entry = AuditEntry(event=event, at=now, by=_person(), run=str(flow_run.id or ""), **details)
    name = f"{FOLDER}/{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(8)}.json"
    shelf = audio_store().shelf

    def only_if_new() -> bytes:
        if shelf.read(name) is not None:
            raise WriteConflict(f"{shelf.uri(name)} is there already, and no entry is ever changed; try again")
        return entry.model_dump_json(exclude_defaults=True).encode()

    shelf.update(name, only_if_new, Headers("application/json"))
    log.info("audit.recorded", audit_event=event, **details)
    return entry


def read_all() -> tuple[AuditEntry, ...]:
    """Every entry, the oldest first; one that cannot be read is told of in the log.

    Raises: StorageError.
    """
    shelf = audio_store().shelf
    names = [name for name in shelf.names(FOLDER) if name.endswith(".json")]
    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        found = [_parsed(name, data) for name, data in zip(names, pool.map(shelf.read, names), strict=True)]
    return tuple(entry for entry in found if entry is not None)


def _parsed(name: str, data: bytes | None) -> AuditEntry | None:
    try:
        return AuditEntry.model_validate_json(data or b"")
    except ValidationError:
        log.warning("audit.unreadable", name=name)
        return None


def _person() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        user = "?"
    return f"{user}@{platform.node()}"
