"""Clips: which lines were said before, and where their sound is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog
from pydantic import ValidationError

from blocks.places import audio_store
from blocks.storage import Store
from tasks.schemas import Clip, PlannedLine

log = structlog.get_logger(__name__)

LOOKUPS_AT_ONCE = 16


def missing_clips(lines: Sequence[PlannedLine]) -> tuple[int, ...]:
    """The indices of lines whose clips no store holds; a line that stands in a script twice is made once."""
    first: dict[str, int] = {}
    for index, line in enumerate(lines):
        first.setdefault(line.key, index)
    return tuple(index for index, clip in zip(first.values(), stored_clips(first), strict=True) if clip is None)


def stored_clips(keys: Iterable[str]) -> tuple[Clip | None, ...]:
    """The clips that were made under these keys, in their order; a bucket is asked for many at once."""
    store = audio_store()
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        return tuple(pool.map(partial(stored_clip, store), keys))


def stored_clip(store: Store, key: str) -> Clip | None:
    """The clip that was made under a key; None where there is none, or its sound was removed from the store."""
    kept = store.recall(key)
    if kept is None:
        return None
    try:
        clip = Clip.model_validate_json(kept)
    except ValidationError:
        log.warning("clip.unreadable", key=key)
        return None
    return clip if store.exists(clip.audio.uri) else None
