"""Episodes for tests to publish; run as a program it publishes some, so that a test can kill it or run many at once.

Usage: publishing.py TARGET SHOW FIRST COUNT SIZE_BYTES   (S3 keys come as JSON on standard input)
"""

from __future__ import annotations

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from blocks.storage import S3Access, Target, open_target
from tasks.feed.episode_folder import Content, Edition, publish_episode
from tasks.feed.item import FeedFile, FeedItem
from tasks.schemas import Show

SHOW = Show(title="Þátturinn", description="Um allt & ekkert <i>", author="Stofan", email="stofan@example.is")
FIRST_DAY = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)


def sound(number: int, size_bytes: int) -> bytes:
    """Bytes that differ from those of every other number."""
    block = hashlib.sha256(f"episode {number}".encode()).digest()
    return (block * (size_bytes // len(block) + 1))[:size_bytes]


def edition(
    number: int, *, show_slug: str = "thatturinn", size_bytes: int = 2000, audio: bytes | None = None
) -> Edition:
    data = sound(number, size_bytes) if audio is None else audio
    item = FeedItem(
        title=f"{number}. þáttur: hraun & „mosi“",
        published_at=FIRST_DAY + timedelta(days=number),
        audio=FeedFile(name="episode.mp3", content_type="audio/mpeg", size_bytes=len(data)),
        duration_s=61.4 + number,
        description="Fyrsta efnisgrein.\n\nÖnnur <b>efnisgrein</b>.",
        transcripts=(
            FeedFile(name="transcript.vtt", content_type="text/vtt"),
            FeedFile(name="transcript.srt", content_type="application/x-subrip"),
            FeedFile(name="transcript.json", content_type="application/json"),
        ),
        chapters="chapters.json",
        image="cover.jpg",
        page="index.html",
        synthetic_speech=True,
    )
    files = {
        "episode.mp3": Content(data),
        "transcript.vtt": Content(f"WEBVTT\n\n{number}\n".encode()),
        "transcript.srt": Content(b"1\n"),
        "transcript.json": Content(b"{}"),
        "chapters.json": Content(b'{"version": "1.2.0", "chapters": []}'),
        "cover.jpg": Content(b"a picture"),
        "index.html": Content(b"<!DOCTYPE html>"),
    }
    return Edition(
        show=SHOW,
        show_slug=show_slug,
        episode_slug=f"thattur-{number}",
        item=item,
        files=files,
        base_url="https://hladvarp.example.is/þættir",
    )


def main(address: str, show_slug: str, first: int, count: int, size_bytes: int) -> None:
    keys = json.loads(sys.stdin.read() or "{}")
    access = S3Access(**keys | {"secret_access_key": SecretStr(keys["secret_access_key"])}) if keys else None
    target: Target = open_target(address, access)

    def publish(number: int) -> None:
        publish_episode(target, edition(number, show_slug=show_slug, size_bytes=size_bytes))

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(publish, range(first, first + count)))


def keys_of(access: S3Access | None) -> str:
    """What the program reads from its standard input."""
    if access is None:
        return ""
    return json.dumps(
        {
            "endpoint_url": access.endpoint_url,
            "region": access.region,
            "access_key_id": access.access_key_id,
            "secret_access_key": access.secret_access_key.get_secret_value(),
        }
    )


def command(address: str, show_slug: str, *numbers: int) -> list[str]:
    """The command line that publishes: first number, how many at once, bytes of sound."""
    return [sys.executable, str(Path(__file__)), address, show_slug, *map(str, numbers)]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *(int(argument) for argument in sys.argv[3:6]))
