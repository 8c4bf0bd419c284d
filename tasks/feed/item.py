"""What a feed says of one episode; kept as `item.json` in the episode's folder, so that a feed can be made anew."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from pydantic import AwareDatetime, Field, field_validator

from tasks.schemas.frozen import Frozen

_EPISODES = uuid.uuid5(uuid.NAMESPACE_URL, "hladvarp:episode")


class FeedFile(Frozen):
    """A file beside the item, as a feed announces it."""

    name: str = Field(min_length=1)
    content_type: str
    size_bytes: int = Field(default=0, ge=0)
    bit_rate_bps: int = Field(default=0, ge=0, description="Of sound, on average.")
    codecs: str = Field(default="", description="What is in the container, as RFC 6381 names it.")


class FeedPerson(Frozen):
    """Somebody who can be heard. An item's persons replace those of the show, so the hosts belong here too."""

    name: str = Field(min_length=1, max_length=128)
    role: str = "host"


class FeedItem(Frozen):
    """One episode. File names are those in the episode's folder; `guid` and `episode` are filled in by publishing."""

    title: str
    published_at: AwareDatetime
    audio: FeedFile
    alternates: tuple[FeedFile, ...] = Field(default=(), description="The same sound in other formats.")
    duration_s: float = Field(ge=0)
    guid: str = ""
    episode: str = Field(default="", description="The episode's folder name.")
    description: str = ""
    language: str = "is"
    transcripts: tuple[FeedFile, ...] = ()
    chapters: str = ""
    image: str = ""
    page: str = ""
    persons: tuple[FeedPerson, ...] = ()
    explicit: bool = False
    synthetic_speech: bool = Field(default=False, description="The voices are made by a machine; listeners are told.")

    @field_validator("published_at")
    @classmethod
    def _whole_seconds_in_utc(cls, moment: datetime) -> datetime:
        return moment.astimezone(UTC).replace(microsecond=0)  # a feed knows no finer time


def episode_guid(show_slug: str, episode_slug: str) -> str:
    """Give the identity of an episode: apps that have seen it once must know it again, whatever else changes."""
    return str(uuid.uuid5(_EPISODES, f"{show_slug}/{episode_slug}"))
