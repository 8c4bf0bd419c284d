"""The publishing target, in a folder and in a bucket."""

from __future__ import annotations

import fcntl
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from s3_server import SECRET, S3Server

from blocks.storage import S3Access, Target, open_target
from tasks.errors import (
    InvalidRequest,
    InvalidSettings,
    StorageDenied,
    StorageFull,
    StorageMissing,
    StorageUnreachable,
    WriteConflict,
)


@pytest.fixture(params=["folder", "bucket"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    if request.param == "folder":
        return open_target(tmp_path / "published")
    server: S3Server = request.getfixturevalue("s3_server")
    return open_target(f"s3://{server.fresh_folder()}", server.access)


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "a\0b", "a//b", "./a", "a/", "", "a\nb"])
def test_target_refuses_a_name_that_climbs_out(tmp_path: Path, name: str):
    target = open_target(tmp_path / "published")
    with pytest.raises(InvalidRequest):
        target.put_bytes(b"x", name)
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize(
    "address", ["ftp://host/x", "memory://x", "http://host/x", "", "s3://", "s3:///x", "s3://b/../x"]
)
def test_open_target_says_which_addresses_are_possible(address: str):
    with pytest.raises(InvalidRequest, match=r"s3://bucket|name below"):
        open_target(address)


def test_open_target_does_not_repeat_keys_that_stand_in_an_address():
    with pytest.raises(InvalidRequest) as caught:
        open_target("s3://AKIA123:sesam@bucket/x")
    assert "sesam" not in str(caught.value)


def test_access_shows_its_secret_to_nobody(s3_server: S3Server):
    assert SECRET not in repr(s3_server.access)
    assert SECRET not in str(s3_server.access)


@pytest.mark.parametrize("values", [{"endpoint_url": "127.0.0.1:8333"}, {"access_key_id": "alone"}])
def test_access_refuses_half_a_configuration(values: dict[str, str]):
    with pytest.raises(InvalidSettings):
        S3Access(**values)  # type: ignore[arg-type]


def test_target_takes_a_file_uri_with_escapes(tmp_path: Path):
    folder = tmp_path / "þættir og fleira"
    open_target(folder.as_uri()).put_bytes(b"x", "a.txt")
    assert (folder / "a.txt").read_bytes() == b"x"


def test_target_lists_and_reads_what_it_holds(target: Target):
    target.put_bytes(b"1", "show/episode/transcript.vtt")
    target.put_bytes(b"2", "show/feed.xml")
    target.put_bytes(b"3", "show-2/feed.xml")
    assert target.names("") == ["show-2/feed.xml", "show/episode/transcript.vtt", "show/feed.xml"]
    assert target.names("show") == ["show/episode/transcript.vtt", "show/feed.xml"]
    assert target.names("nothing") == []
    assert target.read("show/feed.xml") == b"2"
    assert target.read("show/none.xml") is None
    target.delete("show/feed.xml")
    target.delete("show/feed.xml")
    assert target.read("show/feed.xml") is None


def test_target_tells_apps_what_the_files_are(s3_server: S3Server):
    folder = s3_server.fresh_folder()
    target = open_target(f"s3://{folder}", s3_server.access)
    wanted = {
        "episode.mp3": "audio/mpeg",
        "transcript.vtt": "text/vtt",
        "transcript.srt": "application/x-subrip",
        "transcript.json": "application/json",
        "transcript.txt": "text/plain; charset=utf-8",
        "chapters.json": "application/json+chapters",
        "index.html": "text/html; charset=utf-8",
        "feed.xml": "application/rss+xml; charset=utf-8",
        "cover.jpg": "image/jpeg",
    }
    for name in wanted:
        target.put_bytes(name.encode(), name)
    heads = {name: s3_server.head(f"{folder}/{name}") for name in wanted}
    assert {name: head["ContentType"] for name, head in heads.items()} == wanted
    assert heads["feed.xml"]["CacheControl"] == "public, max-age=300"


def test_target_changes_nothing_where_the_bytes_are_the_same(target: Target, s3_server: S3Server, tmp_path: Path):
    source = tmp_path / "sound"
    source.write_bytes(b"z" * 3_000_000)

    def publish() -> None:
        target.put_file(source, "show/episode.mp3")
        target.update("show/feed.xml", lambda: b"<rss/>")

    def state(name: str) -> object:
        if target.uri("").startswith("s3://"):
            info = s3_server.filesystem().info(target.uri(name))
            return info["ETag"], info["LastModified"]
        return Path(target.uri(name)).stat().st_mtime_ns, Path(target.uri(name)).stat().st_ino

    publish()
    before = [state("show/episode.mp3"), state("show/feed.xml")]
    time.sleep(1.1)  # S3 counts in whole seconds
    publish()
    assert [state("show/episode.mp3"), state("show/feed.xml")] == before


def test_target_lets_a_listener_finish_the_version_that_they_began(tmp_path: Path):
    target = open_target(tmp_path)
    target.put_bytes(b"old sound", "episode.mp3")
    with (tmp_path / "episode.mp3").open("rb") as listener:
        target.put_bytes(b"new", "episode.mp3")
        target.update("episode.mp3", lambda: b"newer")
        assert listener.read() == b"old sound"
    assert target.read("episode.mp3") == b"newer"


def test_update_keeps_the_entries_of_twelve_writers_at_once(target: Target):
    def add(number: int) -> None:
        def render() -> bytes:
            entries = json.loads(target.read("show/list.json") or b"[]")
            return json.dumps(sorted([*entries, number])).encode()

        target.update("show/list.json", render)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(add, range(12)))
    assert json.loads(target.read("show/list.json") or b"") == list(range(12))


def test_update_leaves_the_old_bytes_when_rendering_fails(target: Target):
    target.update("feed.xml", lambda: b"old")

    def fail() -> bytes:
        raise InvalidRequest("a show without a name")

    with pytest.raises(InvalidRequest):
        target.update("feed.xml", fail)
    assert target.read("feed.xml") == b"old"
    target.update("feed.xml", lambda: b"new")
    assert target.read("feed.xml") == b"new"


def test_update_gives_up_when_the_folder_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blocks.storage.folder.CONFLICT_PATIENCE_S", 0.2)
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        with pytest.raises(WriteConflict):
            open_target(tmp_path).update("feed.xml", lambda: b"x")
    finally:
        os.close(descriptor)


def test_sweep_removes_files_of_dead_writers_and_no_others(tmp_path: Path):
    target = open_target(tmp_path)
    target.put_bytes(b"x", "show/episode/a.txt")
    dead = [tmp_path / "show/.part-dead", tmp_path / "show/episode/.part-dead"]
    living = tmp_path / "show/episode/.part-living"
    for part in (*dead, living):
        part.write_bytes(b"half")
    with living.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert target.names("") == ["show/episode/a.txt"]
        target.sweep("show/episode")
        assert living.exists()
    assert not any(part.exists() for part in dead)


def test_sweep_ends_abandoned_uploads_of_its_folder_and_leaves_others(s3_server: S3Server):
    folder = s3_server.fresh_folder()
    bucket, _, prefix = folder.partition("/")
    keys = [f"{prefix}/{name}" for name in ("podcasts/show/mine/a.mp3", "podcasts/show/other/a.mp3", "private/x")]
    for key in keys:
        s3_server.filesystem().call_s3("create_multipart_upload", Bucket=bucket, Key=key)
    open_target(f"s3://{folder}/podcasts", s3_server.access).sweep("show/mine")
    assert s3_server.uploads(folder) == keys[1:]


@pytest.mark.parametrize("values", [{"secret_access_key": SecretStr("wrong")}, {"access_key_id": "nobody"}])
def test_target_is_denied_with_wrong_keys(s3_server: S3Server, values: dict[str, object]):
    folder = s3_server.fresh_folder()
    wrong = s3_server.access_with(**values)
    target = open_target(f"s3://{folder}", wrong)
    for attempt in (
        lambda: target.put_bytes(b"x", "a.txt"),
        lambda: target.update("a.txt", lambda: b"x"),
        lambda: target.read("a.txt"),
        lambda: target.names(""),
    ):
        with pytest.raises(StorageDenied, match="access key"):
            attempt()
    assert s3_server.filesystem().find(folder) == []


def test_target_says_that_the_bucket_is_missing(s3_server: S3Server):
    target = open_target("s3://no-such-bucket/x", s3_server.access)
    for attempt in (
        lambda: target.put_bytes(b"x", "a.txt"),
        lambda: target.update("a.txt", lambda: b"x"),
        lambda: target.read("a.txt"),
        lambda: target.names(""),
    ):
        with pytest.raises(StorageMissing, match="no such bucket"):
            attempt()


def test_target_says_that_a_file_stands_where_a_folder_is_needed(tmp_path: Path):
    (tmp_path / "published").write_bytes(b"a file")
    with pytest.raises(StorageMissing, match="file stands where a folder"):
        open_target(tmp_path / "published").put_bytes(b"x", "show/a.txt")


def test_target_says_that_the_disk_is_full_and_keeps_what_was_there(small_disk: Path, tmp_path: Path):
    target = open_target(small_disk)
    target.put_bytes(b"old", "show/episode.mp3")
    (tmp_path / "large").write_bytes(b"z" * (4 << 20))
    with pytest.raises(StorageFull, match="no room left"):
        target.put_file(tmp_path / "large", "show/episode.mp3")
    assert [path.name for path in small_disk.rglob("*") if path.is_file()] == ["episode.mp3"]
    assert target.read("show/episode.mp3") == b"old"
    target.put_bytes(b"new", "show/episode.mp3")


@pytest.mark.slow
def test_target_says_that_nothing_answers_and_that_trying_again_can_help():
    access = S3Access("http://127.0.0.1:9", "us-east-1", "key", SecretStr("secret"))
    with pytest.raises(StorageUnreachable) as caught:
        open_target("s3://bucket/x", access).put_bytes(b"x", "a.txt")
    assert caught.value.retryable


@pytest.mark.slow
def test_upload_cut_off_by_the_server_leaves_the_old_object_and_succeeds_later(tmp_path: Path):
    server = S3Server(tmp_path / "weed")
    server.start()
    try:
        folder = server.fresh_folder()
        target = open_target(f"s3://{folder}", server.access)
        target.put_bytes(b"old", "show/one/episode.mp3")
        large = tmp_path / "large.mp3"
        large.write_bytes(os.urandom(1 << 20) * 400)
        with ThreadPoolExecutor(1) as pool:
            upload = pool.submit(target.put_file, large, "show/one/episode.mp3")
            while not server.uploads(folder):
                assert not upload.done()
                time.sleep(0.05)
            server.kill()
            with pytest.raises(StorageUnreachable):
                upload.result(timeout=120)
        server.start()
        assert target.read("show/one/episode.mp3") == b"old"
        target.sweep("show/one")
        assert server.uploads(folder) == []
        target.put_file(large, "show/one/episode.mp3")
        assert server.filesystem().info(target.uri("show/one/episode.mp3"))["size"] == large.stat().st_size
    finally:
        server.kill()
