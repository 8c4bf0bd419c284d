"""The place to listen, as `make server` starts it: a process of its own, met over HTTP."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from ports import free_port

ROOT = Path(__file__).parents[2]
SOUND = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("published")
    episode = folder / "hladvarp" / "surtsey"
    episode.mkdir(parents=True)
    (episode / "episode.mp3").write_bytes(SOUND)
    (episode / "index.html").write_text("<!doctype html><title>Surtsey</title>")
    (folder.parent / "secret.txt").write_text("not published")
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "deployments.listen", str(port)],
        cwd=ROOT,
        env={**os.environ, "HLADVARP_PUBLISH_TO": str(folder)},
    )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            wait_until_up(client)
            yield client
        finally:
            process.terminate()
            assert process.wait(10) is not None


def wait_until_up(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            client.get("/")
            return
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_listen_sends_the_part_that_a_player_seeks(listener):
    part = listener.get("/hladvarp/surtsey/episode.mp3", headers={"Range": "bytes=1000-1999"})

    assert part.status_code == 206
    assert part.content == SOUND[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(SOUND)}"
    assert part.headers["content-type"] == "audio/mpeg"


def test_listen_refuses_a_part_behind_the_end(listener):
    assert listener.get("/hladvarp/surtsey/episode.mp3", headers={"Range": "bytes=99999-"}).status_code == 416


def test_listen_lets_players_on_other_sites_read(listener):
    answer = listener.get("/hladvarp/surtsey/episode.mp3", headers={"Origin": "https://app.example"})

    assert answer.headers["access-control-allow-origin"] == "*"


def test_listen_shows_the_page_of_an_episode_folder(listener):
    assert "Surtsey" in listener.get("/hladvarp/surtsey/").text


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/hladvarp/..%2f..%2f..%2fsecret.txt"])
def test_listen_stays_inside_the_published_folder(listener, path):
    assert listener.get(path).status_code == 404
