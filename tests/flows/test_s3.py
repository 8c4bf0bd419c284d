"""The whole flow on a real S3 server: as the store, and as the place where listeners read."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import feedparser
import numpy as np
import pytest
from pydantic import SecretStr
from s3_server import KEY, SECRET, S3Server
from signals import babble, write

from blocks import S3Credentials, StorageTarget
from blocks.places import audio_store
from blocks.settings import load_settings
from blocks.storage import Target, open_target
from tasks.errors import StorageDenied, StorageFull, StorageMissing, StorageUnreachable

PRODUCING = Path(__file__).parents[1] / "producing.py"


def use(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"HLADVARP_{name.upper()}", value)
    load_settings.cache_clear()


def use_server(monkeypatch: pytest.MonkeyPatch, server: S3Server, folder: str, **others: str) -> Target:
    """Keep and publish below "bucket/prefix"; gives the target, to look at."""
    keys = {"s3__endpoint_url": server.endpoint_url, "s3__access_key_id": KEY, "s3__secret_access_key": SECRET}
    places = {"store": f"s3://{folder}/store", "publish_to": f"s3://{folder}/published"}
    use(monkeypatch, **({"s3__region": "us-east-1"} | keys | places | others))
    return open_target(f"s3://{folder}/published", server.access)


def versions(server: S3Server, folder: str) -> dict[str, tuple[str, object]]:
    """Every object below "bucket/prefix": what it holds, and when it was written."""
    bucket, _, prefix = folder.partition("/")
    answer = server.filesystem().call_s3("list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/")
    return {entry["Key"]: (entry["ETag"], entry["LastModified"]) for entry in answer.get("Contents", ())}


def entries(target: Target) -> list[str]:
    """The titles in the feed; each recording that it names is there, as long as it says."""
    feed = feedparser.parse(target.read("hladvarp/feed.xml") or b"")
    root = target.uri("").removeprefix("s3://")
    for entry in feed.entries:
        name = entry.enclosures[0].href.partition(root)[2].lstrip("/")
        assert len(target.read(name) or b"") == int(entry.enclosures[0].length)
    return sorted(entry.title for entry in feed.entries)


def test_produce_episode_keeps_and_publishes_all_on_s3(studio, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch):
    folder = s3_server.fresh_folder()
    target = use_server(monkeypatch, s3_server, folder)

    first = studio.produce(studio.script())

    assert first.published_to == f"s3://{folder}/published/hladvarp/surtsey"
    assert (first.clips_made, first.clips_reused) == (3, 0)
    assert entries(target) == ["Surtsey"]
    assert not (studio.folder / "data" / "store").exists()
    assert not studio.published.exists()


@pytest.mark.slow
def test_produce_episode_again_changes_no_object_on_s3_and_an_edit_makes_one_clip(
    studio, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
):
    folder, source = s3_server.fresh_folder(), studio.script()
    target = use_server(monkeypatch, s3_server, folder)
    first = studio.produce(source)
    before = versions(s3_server, f"{folder}/published")

    again = studio.produce(source)

    assert (again.clips_made, again.clips_reused) == (0, 3)
    assert versions(s3_server, f"{folder}/published") == before

    studio.script(source.read_text().replace("Takk fyrir, og bless.", "Takk fyrir komuna."))
    edited = studio.produce(source)

    assert (edited.clips_made, edited.clips_reused) == (1, 2)
    assert edited.guid == first.guid
    assert "Takk fyrir komuna." in (target.read("hladvarp/surtsey/transcript.txt") or b"").decode()
    assert entries(target) == ["Surtsey"]


@pytest.fixture
def saved_blocks(prefect_server: None, s3_server: S3Server) -> Iterator[str]:
    """Keys under the name that the settings look for, and a target; gives the folder that the target is."""
    folder = s3_server.fresh_folder()
    keys = S3Credentials(
        endpoint_url=s3_server.endpoint_url,
        region="us-east-1",
        access_key_id=KEY,
        secret_access_key=SecretStr(SECRET),
    )
    keys.save("hladvarp")
    StorageTarget(uri=f"s3://{folder}", public_url="https://hladvarp.example.is").save("fotan")
    yield folder
    S3Credentials.delete("hladvarp")
    StorageTarget.delete("fotan")


@pytest.mark.slow
def test_produce_episode_takes_its_keys_and_its_target_from_blocks(
    studio, s3_server: S3Server, saved_blocks: str, monkeypatch: pytest.MonkeyPatch
):
    use(monkeypatch, store=f"s3://{saved_blocks}-store")

    manifest = studio.produce(studio.script(), publish_to="block:fotan")

    assert manifest.page == "https://hladvarp.example.is/hladvarp/surtsey/index.html"
    target = open_target(f"s3://{saved_blocks}", s3_server.access)
    feed = feedparser.parse(target.read("hladvarp/feed.xml"))
    assert feed.entries[0].enclosures[0].href == "https://hladvarp.example.is/hladvarp/surtsey/episode.mp3"
    assert versions(s3_server, f"{saved_blocks}-store")


@pytest.mark.parametrize(
    ("where", "wrong", "error"),
    [
        ("store", {"s3__secret_access_key": "rangt"}, StorageDenied),
        ("publish_to", {"s3__access_key_id": "enginn"}, StorageDenied),
        ("store", {"store": "s3://engin-slik-fata/x"}, StorageMissing),
        ("publish_to", {"publish_to": "s3://engin-slik-fata/x"}, StorageMissing),
    ],
)
def test_produce_episode_says_at_once_what_is_wrong_with_a_bucket(
    studio,
    s3_server: S3Server,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    wrong: dict[str, str],
    error: type[Exception],
):
    folder = s3_server.fresh_folder()
    other = {"store": "publish_to", "publish_to": "store"}[where]
    use_server(monkeypatch, s3_server, folder, **wrong, **{other: str(studio.folder / "annars")})
    began_s = time.monotonic()

    with pytest.raises(error, match="s3://"):
        studio.produce(studio.script())

    assert time.monotonic() - began_s < 4 + 10, "no attempt after the first, and no patience: 4 s is the first pause"
    assert versions(s3_server, folder) == {}


def kill_when(server: S3Server, has_come: Callable[[], bool]) -> threading.Thread:
    """Kill the server at that moment, and start it again."""

    def watch() -> None:
        deadline = time.monotonic() + 120
        while not has_come() and time.monotonic() < deadline:
            time.sleep(0.01)
        server.kill()
        server.start()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[S3Server]:
    server = S3Server(tmp_path / "weed")
    server.start()
    yield server
    server.kill()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["upload of the source", "first published file"])
def test_server_killed_and_started_again_the_episode_is_published_whole(
    studio, own_server: S3Server, monkeypatch: pytest.MonkeyPatch, moment: str
):
    folder = own_server.fresh_folder()
    target = use_server(monkeypatch, own_server, folder)
    samples = np.tile(babble(20.0), (2, 9))
    source = write(studio.folder / "langt.wav", samples, subtype="FLOAT")
    has_come = {
        "upload of the source": lambda: bool(own_server.uploads(folder)),
        "first published file": lambda: bool(versions(own_server, f"{folder}/published")),
    }[moment]
    thread = kill_when(own_server, has_come)

    try:
        manifest = studio.produce(source, production="enhance", language="is")
    except StorageUnreachable:  # a machine that is so busy that the server took longer than all attempts
        thread.join()
        manifest = studio.produce(source, production="enhance", language="is")
    thread.join()

    assert manifest.duration_s == pytest.approx(180.0, abs=0.1)
    assert entries(target) == ["langt"]
    # An upload that could not be called off before the server was back is called off by a sweep, a day later.
    monkeypatch.setattr("blocks.storage.bucket.ABANDONED_AFTER", timedelta(0))
    audio_store().sweep()
    assert own_server.uploads(folder) == []
    for entry in manifest.files:
        assert len(target.read(f"hladvarp/langt/{entry.name}") or b"") == entry.size_bytes


@pytest.mark.slow
def test_full_disk_stops_publishing_and_leaves_what_was_published(
    studio, small_disk: Path, monkeypatch: pytest.MonkeyPatch
):
    studio.produce(studio.script(), publish_to=str(small_disk))
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    source = write(studio.folder / "langt.wav", np.tile(babble(20.0), (1, 6)))

    with pytest.raises(StorageFull, match="no room left"):
        studio.produce(source, production="enhance", language="is", publish_to=str(small_disk))

    after = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    assert {path: data for path, data in after.items() if path in before} == before
    assert {path.parent.name for path in after.keys() - before.keys()} <= {"langt"}
    assert not [path for path in after if path.name.startswith(".")]
    assert entries(open_target(small_disk)) == ["Surtsey"]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["store", "scratch"])
def test_full_disk_under_the_work_is_said_and_nothing_is_published(
    studio, small_disk: Path, monkeypatch: pytest.MonkeyPatch, what: str
):
    use(monkeypatch, **{what: str(small_disk)})
    source = write(studio.folder / "langt.wav", np.tile(babble(20.0), (1, 3)))

    with pytest.raises(StorageFull, match="no room left"):
        studio.produce(source, production="enhance", language="is")

    assert not studio.published.exists()
    assert not [path for path in small_disk.rglob("*") if path.is_file() and path.name.startswith(".")]


@pytest.mark.slow
def test_six_episodes_published_at_once_by_three_processes_are_all_in_the_feed(
    studio, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
):
    target = use_server(monkeypatch, s3_server, s3_server.fresh_folder())
    sources = [str(studio.script(f"Þetta er þáttur {n}.", f"thattur-{n}.txt")) for n in range(1, 7)]
    # A server for each, as for three people: SQLite under one server stalls when many runs write to it at once.
    environment = {key: value for key, value in os.environ.items() if key != "PREFECT_API_URL"}
    homes = [
        {"PREFECT_HOME": str(home), "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(home / "results")}
        for home in (studio.folder / f"home-{n}" for n in range(3))
    ]
    command, root = [sys.executable, str(PRODUCING)], Path(__file__).parents[2]

    with ExitStack() as processes:
        running = [subprocess.Popen([*command, *sources[n::3]], cwd=root, env=environment | homes[n]) for n in range(3)]
        for process in running:
            processes.callback(process.kill)
        assert [process.wait(timeout=400) for process in running] == [0, 0, 0]
    assert entries(target) == sorted(f"thattur-{n}" for n in range(1, 7))
