"""Publishing: what a listener meets at every moment, and what is left when it is disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import feedparser
import pytest
from publishing import command, edition, keys_of, sound
from s3_server import S3Server

from blocks.storage import S3Access, Target, open_target
from tasks.errors import StorageFull
from tasks.feed.episode_folder import Content, publish_episode, published_item, settle

FEED = "thatturinn/feed.xml"


@dataclass(frozen=True)
class Place:
    """Where to publish, and the keys to it."""

    address: str
    access: S3Access | None

    @property
    def target(self) -> Target:
        return open_target(self.address, self.access)


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return Place(str(tmp_path / "published"), None)
    server: S3Server = request.getfixturevalue("s3_server")
    return Place(f"s3://{server.fresh_folder()}", server.access)


def entries(target: Target) -> dict[str, dict[str, str]]:
    """What the feed offers: name of the sound file below the target, and what is said of it."""
    read = feedparser.parse(target.read(FEED) or b"")
    offered = {}
    for entry in read.entries:
        name = unquote(entry.enclosures[0].href).partition("/þættir/")[2]
        offered[name] = {"length": entry.enclosures[0].length, "guid": entry.id, "published": entry.published}
    return offered


def tree(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything below a folder: when it was changed, which inode, which bytes."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_ino, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_publishing_puts_an_episode_into_its_folder_and_the_feed(place: Place):
    made = publish_episode(place.target, edition(1))
    folder = "thatturinn/thattur-1"
    assert made.folder == place.target.uri(folder)
    assert made.feed == place.target.uri(FEED)
    names = {name.removeprefix(f"{folder}/") for name in place.target.names(folder)}
    assert names == {*edition(1).files, "item.json"}
    assert place.target.read(f"{folder}/episode.mp3") == sound(1, 2000)
    assert entries(place.target)[f"{folder}/episode.mp3"]["length"] == "2000"


def test_publishing_again_changes_nothing(tmp_path: Path):
    target = open_target(tmp_path)
    publish_episode(target, edition(1))
    before = tree(tmp_path)
    publish_episode(target, edition(1))
    assert tree(tmp_path) == before


def test_publishing_again_changes_no_object(s3_server: S3Server):
    folder = s3_server.fresh_folder()
    target = open_target(f"s3://{folder}", s3_server.access)

    def state() -> dict[str, object]:
        found = s3_server.filesystem().find(folder, detail=True)
        return {name: (entry["ETag"], entry["LastModified"]) for name, entry in found.items()}

    publish_episode(target, edition(1))
    before = state()
    time.sleep(1.1)  # S3 counts in whole seconds
    publish_episode(target, edition(1))
    assert len(before) == 9
    assert state() == before


def test_publishing_anew_keeps_guid_and_first_date_and_removes_what_is_left_over(place: Place):
    first = publish_episode(place.target, edition(1)).item
    later = edition(1, audio=b"a longer cut of the same talk")
    later = replace(
        later,
        item=later.item.model_copy(
            update={"published_at": later.item.published_at + timedelta(days=9), "transcripts": ()}
        ),
        files={name: content for name, content in later.files.items() if not name.startswith("transcript")},
    )
    settled = settle(place.target, later.item, show_slug="thatturinn", episode_slug="thattur-1")
    again = publish_episode(place.target, later).item
    assert (again.guid, again.published_at) == (first.guid, first.published_at)
    assert again == settled == published_item(place.target, "thatturinn", "thattur-1")
    [(name, entry)] = entries(place.target).items()
    assert place.target.read(name) == b"a longer cut of the same talk"
    assert entry["length"] == str(len(b"a longer cut of the same talk"))
    assert not [name for name in place.target.names("thatturinn") if "transcript" in name]


def test_publishing_keeps_the_show_picture_for_later_episodes(tmp_path: Path):
    target = open_target(tmp_path)
    publish_episode(target, replace(edition(1), cover=("cover.jpg", Content(b"a picture"))))
    publish_episode(target, edition(2))
    read = feedparser.parse(target.read(FEED) or b"")
    assert read.feed.image.href == "https://hladvarp.example.is/%C3%BE%C3%A6ttir/thatturinn/cover.jpg"


def test_publishing_without_a_web_address_makes_a_feed_of_this_machine(tmp_path: Path):
    target = open_target(tmp_path)
    publish_episode(target, replace(edition(1), base_url=""))
    read = feedparser.parse(target.read(FEED) or b"")
    sound_file = Path(unquote(read.entries[0].enclosures[0].href.removeprefix("file://")))
    assert sound_file.read_bytes() == sound(1, 2000)


def test_publishing_survives_a_record_that_somebody_spoiled(tmp_path: Path):
    target = open_target(tmp_path)
    publish_episode(target, edition(1))
    (tmp_path / "thatturinn/thattur-1/item.json").write_text("{not json")
    publish_episode(target, edition(2))
    assert list(entries(target)) == ["thatturinn/thattur-2/episode.mp3"]
    publish_episode(target, edition(1))
    assert len(entries(target)) == 2


class Cut(BaseException):
    """Power fails."""


class CutTarget:
    """A real target on which the power fails before a write, counted from 0; `look` looks at it before each."""

    def __init__(self, target: Target, writes: int, look: Callable[[], None]) -> None:
        self.target, self.left, self.look = target, writes, look

    def __getattr__(self, operation: str) -> Callable[..., object]:
        if operation in ("put_file", "put_bytes", "update", "delete"):
            self.look()
            self.left -= 1
            if self.left < 0:
                raise Cut
        found: Callable[..., object] = getattr(self.target, operation)
        return found


@pytest.mark.parametrize("writes", range(12))
def test_a_listener_meets_whole_episodes_whenever_the_power_fails(tmp_path: Path, writes: int):
    target = open_target(tmp_path)
    publish_episode(target, edition(1))
    old = edition(2, audio=b"old sound")
    publish_episode(target, replace(old, files=old.files | {"extra.txt": Content(b"left over")}))
    whole = {
        "thatturinn/thattur-1/episode.mp3": {sound(1, 2000)},
        "thatturinn/thattur-2/episode.mp3": {b"old sound", sound(2, 2000)},
        "thatturinn/thattur-3/episode.mp3": {sound(3, 2000)},
    }

    def listen() -> None:
        for name in entries(target):
            assert target.read(name) in whole[name]
            folder = name.rpartition("/")[0]
            assert {f"{folder}/{file}" for file in edition(1).files} <= set(target.names(folder))

    for number in (3, 2):
        cut = CutTarget(target, writes, listen)
        try:
            publish_episode(cut, edition(number))
        except Cut:
            listen()
            publish_episode(target, edition(number))
        listen()
    other = open_target(tmp_path / "undisturbed")
    for number in (1, 2, 3):
        publish_episode(other, edition(number))
    undisturbed = {name: content for name, (_, _, content) in tree(tmp_path / "undisturbed").items()}
    disturbed = {
        name: content for name, (_, _, content) in tree(tmp_path).items() if not name.startswith("undisturbed")
    }
    assert disturbed == undisturbed


def start(place: Place, *numbers: int) -> subprocess.Popen[str]:
    """Publish in a process of its own: first number, how many at once, bytes of sound."""
    started = subprocess.Popen(command(place.address, "thatturinn", *numbers), stdin=subprocess.PIPE, text=True)
    assert started.stdin
    started.stdin.write(keys_of(place.access))
    started.stdin.close()
    return started


def test_twelve_publishers_at_once_end_up_in_one_feed(place: Place):
    running = [start(place, first, 6, 50_000) for first in (1, 7)]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert set(entries(place.target)) == {f"thatturinn/thattur-{number}/episode.mp3" for number in range(1, 13)}


def test_a_full_disk_leaves_the_feed_as_it_was_and_nothing_half_published(small_disk: Path):
    target = open_target(small_disk)
    publish_episode(target, edition(1))
    before = target.read(FEED)
    with pytest.raises(StorageFull, match="no room left"):
        publish_episode(target, edition(2, size_bytes=4 << 20))
    assert target.read(FEED) == before
    assert not list(small_disk.rglob(".part-*"))
    assert target.read("thatturinn/thattur-2/item.json") is None
    publish_episode(target, edition(2))
    assert len(entries(target)) == 2


@pytest.mark.slow
def test_kill_at_any_moment_leaves_whole_episodes_and_no_debris(tmp_path: Path):
    place = Place(str(tmp_path / "published"), None)
    size_bytes = 150_000_000
    publish_episode(place.target, edition(1))
    dice, parts_seen = random.Random(7), 0
    for _ in range(8):
        process = start(place, 2, 1, size_bytes)
        root = tmp_path / "published"
        while process.poll() is None and not list(root.rglob(".part-*")):
            time.sleep(0.005)
        time.sleep(dice.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        parts_seen += len(list(root.rglob(".part-*")))
        for name in entries(place.target):
            expected = 2000 if "thattur-1" in name else size_bytes
            assert os.path.getsize(place.target.uri(name)) == expected
    assert parts_seen, "no kill came while a file was being written; the test proves nothing"
    publish_episode(place.target, edition(2, size_bytes=size_bytes))
    assert len(entries(place.target)) == 2
    assert list((tmp_path / "published").rglob(".part-*")) == []


@pytest.mark.slow
def test_kill_in_the_middle_of_an_upload_leaves_no_object_and_no_upload(s3_server: S3Server):
    folder = s3_server.fresh_folder()
    place = Place(f"s3://{folder}", s3_server.access)
    process = start(place, 1, 1, 400_000_000)
    while not s3_server.uploads(folder):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert s3_server.uploads(folder)
    assert place.target.names("") == []
    publish_episode(place.target, edition(1))
    assert s3_server.uploads(folder) == []
    assert len(entries(place.target)) == 1
