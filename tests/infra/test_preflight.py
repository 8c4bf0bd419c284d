"""The preflight, at real boundaries: a driver's tool on PATH, mounted file systems, a server on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from gpu_tools import fake_smi
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from blocks.storage import open_store
from infra.preflight import __main__ as preflight
from infra.preflight.finding import Finding, table
from infra.preflight.gpu import check_gpu
from infra.preflight.places import check_disk, check_models, check_shared_memory, check_store
from infra.preflight.server import check_server

SHARES = {"tts_percent": 45.0, "asr_percent": 35.0}


def gpu(*, wanted_cuda: str = "12.6.3") -> list[Finding]:
    return list(check_gpu(**SHARES, wanted_cuda=wanted_cuda))


@pytest.fixture
def smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function: an `nvidia-smi` on PATH that says so."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return lambda **said: fake_smi(tmp_path, **said)


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A function: a tmpfs with these options."""
    folders: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"mounted-{len(folders)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("mounting a tmpfs is not permitted here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", str(folder)], check=True)


def test_an_l40_with_a_new_driver_is_well(smi):
    smi(cuda="12.8")
    memory, cuda = gpu()
    assert [memory.verdict, cuda.verdict] == ["ok", "ok"]
    assert memory.said == "NVIDIA L40, 48.3 GB, 47.2 of them free; 21.7 GB for voices, 16.9 GB for hearing"
    assert "driver 550.90.07, which takes CUDA 12.8" in cuda.said


@pytest.mark.parametrize(("cuda", "verdict"), [("11.8", "fail"), ("12.1", "warn"), ("12.6", "ok"), ("13.0", "ok")])
def test_a_drivers_cuda_is_held_against_what_the_image_was_made_with(smi, cuda: str, verdict: str):
    smi(cuda=cuda)
    found = gpu()[1]
    assert found.verdict == verdict
    assert (verdict == "ok") == (not found.advice)


def test_a_small_or_busy_gpu_is_warned_of_and_none_is_a_failure(smi, tmp_path: Path):
    smi(total_mib=8_192, free_mib=8_000)
    assert gpu()[0].verdict == "warn"
    smi(free_mib=20_000)
    assert "another process holds some of it" in gpu()[0].advice
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    (found,) = gpu()
    assert found.verdict == "fail"
    assert "nvidia.com/gpu" in found.advice


def test_shared_memory_below_forty_gigabytes_is_a_warning_and_no_more(mounted):
    assert check_shared_memory(mounted("size=41g")).verdict == "ok"
    small = check_shared_memory(mounted("size=64m"))
    assert small.verdict == "warn"
    assert "has 0.1 GB" in small.said
    assert "RunPod lets nobody set it" in small.advice
    assert check_shared_memory(Path("/no/such/folder")).verdict == "warn"


def test_a_disk_without_room_or_right_stops_the_run(mounted):
    assert check_disk(mounted("size=20g")).verdict == "ok"
    assert check_disk(mounted("size=5g")).verdict == "warn"
    assert check_disk(mounted("size=2m")).verdict == "fail"
    read_only = check_disk(mounted("ro"))
    assert read_only.verdict == "fail"
    assert "Read-only file system" in read_only.said


def test_models_belong_on_a_volume_of_their_own(mounted, tmp_path: Path):
    volume = mounted("size=20g")
    assert check_models(volume / "models").verdict == "ok"
    assert list((volume / "models").iterdir()) == []
    own_disk = check_models(tmp_path / "models", root=tmp_path)
    assert own_disk.verdict == "warn"
    assert "network volume" in own_disk.advice
    assert check_models(mounted("size=1g")).verdict == "warn"
    assert check_models(mounted("ro")).verdict == "fail"


def test_the_store_is_written_and_read_and_its_speed_told(tmp_path: Path, mounted):
    assert check_store(lambda: open_store(tmp_path)).verdict == "ok"
    moments = iter([0.0, 4.0, 5.0])
    slow = check_store(lambda: open_store(tmp_path), lambda: next(moments))
    assert slow.verdict == "warn"
    assert slow.said == "1 MB/s up, 4 MB/s down, with 4 MB"
    full = check_store(lambda: open_store(mounted("size=1m")))
    assert full.verdict == "fail"
    assert "no room left" in full.said
    assert len(list(tmp_path.rglob("records/*/*"))) == 1


class Server:
    """Prefect's API as far as the preflight asks it."""

    def __init__(self, *, websockets: bool = True, version: str | None = None, key: str = "") -> None:
        import prefect

        self.websockets, self.version, self.key = websockets, version or prefect.__version__, key

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        if request.path.endswith("/events/in") and self.websockets:
            return None
        if self.key and self.key not in request.headers.get("Authorization", ""):
            status, body = HTTPStatus.UNAUTHORIZED, {"detail": "Unauthorized"}
        elif request.path.endswith("/admin/version"):
            status, body = HTTPStatus.OK, self.version
        else:
            status, body = HTTPStatus.NOT_FOUND, {"detail": "Not Found"}
        data = json.dumps(body).encode()
        headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(data)), "Connection": "close"})
        return Response(status.value, status.phrase, headers, data)

    def ask(self, **settings: str) -> list[Finding]:
        async def talk() -> list[Finding]:
            async def listen(connection: ServerConnection) -> None:
                await connection.wait_closed()

            async with serve(listen, "127.0.0.1", 0, process_request=self.answer) as server:
                port = next(iter(server.sockets)).getsockname()[1]
                chosen = {PREFECT_API_URL: f"http://127.0.0.1:{port}/api"}
                if "auth" in settings:
                    chosen[PREFECT_API_AUTH_STRING] = settings["auth"]
                with temporary_settings(chosen):
                    return [finding async for finding in check_server()]

        return asyncio.run(talk())


def test_a_store_that_hangs_is_given_up_and_does_not_hold_up_the_end(monkeypatch, tmp_path: Path):
    hangs = threading.Event()
    monkeypatch.setenv("HLADVARP_MODELS", str(tmp_path))
    monkeypatch.setattr(preflight, "TRANSFER_DEADLINE_S", 0.1)
    monkeypatch.setattr(preflight, "check_store", lambda _: hangs.wait(20))

    async def all_found() -> list[Finding]:
        with temporary_settings(restore_defaults={PREFECT_API_URL}):
            return [each async for each in preflight.examine("cpu")]

    try:
        began_s = time.monotonic()
        found = asyncio.run(all_found())
        assert time.monotonic() - began_s < 15
    finally:
        hangs.set()

    assert [each.verdict for each in found if each.check == "store"] == ["fail"]


def test_the_way_back_is_open_by_http_and_websocket():
    assert [each.verdict for each in Server().ask()] == ["ok", "ok"]


def test_a_proxy_that_passes_no_websockets_stops_the_run():
    http, socket = Server(websockets=False).ask()
    assert (http.verdict, socket.verdict) == ("ok", "fail")
    assert "/api/events/in cannot be opened" in socket.said
    assert "Upgrade" in socket.advice


def test_a_server_of_another_version_is_warned_of():
    assert Server(version="3.1.0").ask()[0].verdict == "warn"


def test_a_missing_key_is_named():
    (found,) = Server(key="Basic").ask()
    assert found.verdict == "fail"
    assert "answers 401" in found.said
    assert "PREFECT_API_AUTH_STRING" in found.advice
    assert Server(key="Basic").ask(auth="studio:secret")[0].verdict == "ok"


def test_a_server_that_is_not_there_stops_the_run():
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        (found,) = asyncio.run(_all())
    assert found.verdict == "fail"
    assert "127.0.0.1:9/api does not answer" in found.said


async def _all() -> list[Finding]:
    return [finding async for finding in check_server()]


def test_a_table_keeps_its_rows_whatever_was_found():
    shown = table([Finding("store", "fail", "a|b\nc", "d")])
    assert shown.splitlines()[-1] == "| **fail** | store | a/b c | d |"
