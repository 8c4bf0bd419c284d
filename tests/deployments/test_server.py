"""`make server` as a user runs it: what it starts, where it listens, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from ports import free_port

ROOT = Path(__file__).parents[2]


class Server:
    """`python -m deployments.server` with a home of its own, started as from a shell's background."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "log.txt"
        self.ports = (free_port(), free_port())
        self.environment = {
            **os.environ,
            "PREFECT_HOME": str(home / "prefect"),
            "HLADVARP_DATA": str(home / "data"),
            "HLADVARP_PUBLISH_TO": str(home / "published"),
            "HLADVARP_INBOX__FOLDER": str(home / "inbox"),
        }

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "deployments.server"]
            + [str(port) for port in self.ports],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log.open("wb"),
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 240
        while "Worker" not in self.log.read_text():
            assert process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.5)
        return process

    def processes(self) -> list[int]:
        """Those that were told of this home."""
        told = f"PREFECT_HOME={self.environment['PREFECT_HOME']}".encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if told in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
        return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    for pid in server.processes():
        os.kill(pid, signal.SIGKILL)


def test_server_names_the_port_that_is_taken(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.ports[1]))
        taken.listen()
        done = subprocess.run(
            [sys.executable, "-m", "deployments.server", *map(str, server.ports)],
            cwd=ROOT,
            env=server.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert f"port {server.ports[1]}" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_server_leaves_no_process_behind_and_starts_again(server, ending):
    for _ in range(2):
        process = server.start()
        api = f"http://127.0.0.1:{server.ports[0]}/api"
        found = httpx.post(f"{api}/deployments/filter", json={}).json()
        assert {"produce-episode", "sweep-inbox"} <= {deployment["name"] for deployment in found}
        assert len(server.processes()) >= 4

        process.send_signal(ending)

        assert process.wait(60) == 0, server.log.read_text()
        assert server.processes() == []
