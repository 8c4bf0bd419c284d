"""Publishing an episode: its files first, then its record, then the feed; listeners meet it whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import ValidationError

from tasks.feed.address import ShowAddress, address_of_uri
from tasks.feed.claim import CLAIM
from tasks.feed.item import FeedItem, episode_guid
from tasks.feed.render import render_feed
from tasks.schemas import Show

RECORD = "item.json"
FEED = "feed.xml"
RECORDS_AT_ONCE = 8
"""Records read side by side when a feed is made; on S3 each costs a round trip."""

log = structlog.get_logger(__name__)


class PublishingTarget(Protocol):
    """What publishing needs of a place; `blocks.storage.Target` is one."""

    def put_file(self, path: Path, name: str, content_type: str = "") -> None:
        """Publish a file, whole at once, unless the same bytes are there."""
        ...

    def put_bytes(self, data: bytes, name: str, content_type: str = "") -> None:
        """Publish bytes, whole at once, unless the same are there."""
        ...

    def update(self, name: str, render: Callable[[], bytes], content_type: str = "") -> None:
        """Write what `render` makes of the newest state, losing nobody's update."""
        ...

    def read(self, name: str) -> bytes | None:
        """Give published bytes; None where there are none."""
        ...

    def names(self, prefix: str) -> list[str]:
        """Give the names below a folder."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file if it is there."""
        ...

    def uri(self, name: str) -> str:
        """Give the path or uri of a name; of the root for ""."""
        ...

    def sweep(self, prefix: str) -> None:
        """Remove what killed publishers left below a folder."""
        ...


@dataclass(frozen=True)
class Content:
    """What a file holds, and what a web server says it is; empty: by its name."""

    source: Path | bytes
    content_type: str = ""


@dataclass(frozen=True)
class Edition:
    """One episode as it is to be published now. `files` are those of the episode's folder."""

    show: Show
    show_slug: str
    episode_slug: str
    item: FeedItem
    files: Mapping[str, Content]
    base_url: str = ""
    """Web address of the target's root; empty: listeners are on this machine, and the feed says file://."""
    cover: tuple[str, Content] | None = None
    """Name and content of the show's picture, kept in the show's folder."""


@dataclass(frozen=True)
class Published:
    """Where an episode is now."""

    item: FeedItem
    folder: str
    """Path or uri of the episode's folder."""
    feed: str
    """Path or uri of the feed."""
    address: ShowAddress = field(repr=False)


def published_item(target: PublishingTarget, show_slug: str, episode_slug: str) -> FeedItem | None:
    """Give the record of an episode that is published already; None before the first time."""
    return _parsed(target.read(f"{show_slug}/{episode_slug}/{RECORD}"))


def settle(target: PublishingTarget, item: FeedItem, *, show_slug: str, episode_slug: str) -> FeedItem:
    """Give the item with what never changes once listeners have seen it: its guid, and when it was first published."""
    before = published_item(target, show_slug, episode_slug)
    return item.model_copy(
        update={
            "episode": episode_slug,
            "guid": before.guid if before else episode_guid(show_slug, episode_slug),
            "published_at": before.published_at if before else item.published_at,
        }
    )


def publish_episode(target: PublishingTarget, edition: Edition) -> Published:
    """Publish an episode, or publish it again: guid and first date stay, and equal content changes nothing at all.

    Raises: StorageError when the target cannot take it; what listeners met before is then still what they meet.
    """
    folder = f"{edition.show_slug}/{edition.episode_slug}"
    target.sweep(folder)
    for name, content in edition.files.items():
        put_content(target, f"{folder}/{name}", content)
    if edition.cover:
        put_content(target, f"{edition.show_slug}/{edition.cover[0]}", edition.cover[1])
    item = settle(target, edition.item, show_slug=edition.show_slug, episode_slug=edition.episode_slug)
    # From here on the episode may be in the feed: everything that the record names is there, and whole.
    target.put_bytes(item.model_dump_json(indent=1).encode(), f"{folder}/{RECORD}")
    address = update_feed(target, edition)
    for leftover in set(target.names(folder)) - {f"{folder}/{name}" for name in (*edition.files, CLAIM, RECORD)}:
        target.delete(leftover)
    return Published(item, target.uri(folder), target.uri(f"{edition.show_slug}/{FEED}"), address)


def update_feed(target: PublishingTarget, edition: Edition) -> ShowAddress:
    """Make the show's feed anew from the records of all its episodes."""
    address = ShowAddress(edition.base_url or address_of_uri(target.uri("")), edition.show_slug)

    def render() -> bytes:
        names = target.names(edition.show_slug)
        records = [name for name in names if name.count("/") == 2 and name.endswith(f"/{RECORD}")]
        with ThreadPoolExecutor(RECORDS_AT_ONCE) as pool:
            items = [item for item in map(_parsed, pool.map(target.read, records)) if item]
        return render_feed(edition.show, items, address=address, cover=_cover(names, edition))

    target.update(f"{edition.show_slug}/{FEED}", render)
    return address


def put_content(target: PublishingTarget, name: str, content: Content) -> None:
    """Publish what a file holds, whole at once."""
    if isinstance(content.source, bytes):
        target.put_bytes(content.source, name, content.content_type)
    else:
        target.put_file(content.source, name, content.content_type)


def _parsed(record: bytes | None) -> FeedItem | None:
    if record is None:
        return None
    try:
        return FeedItem.model_validate_json(record)
    except ValidationError as error:
        # A record that somebody edited must not keep every other episode out of the feed.
        log.warning("record.unreadable", problems=error.error_count())
        return None


def _cover(names: list[str], edition: Edition) -> str:
    """The show's picture: this edition's, otherwise the one that an earlier episode left."""
    if edition.cover:
        return edition.cover[0]
    start = f"{edition.show_slug}/"
    return next((name.removeprefix(start) for name in names if name.startswith(f"{start}cover.")), "")
