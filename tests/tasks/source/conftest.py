"""A web server on the loopback that misbehaves to order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.schemas import SourceLimits


class Exchange(BaseHTTPRequestHandler):
    """One request; `reply` answers it as it should, and the socket is there for those who should not."""

    server: StandIn
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append(self)
        route = self.server.routes.get(self.path.partition("?")[0])
        if route is None:
            self.reply(b"nothing here", status=404)
        else:
            route(self)

    def reply(self, body: bytes = b"", *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.routes: dict[str, Callable[[Exchange], None]] = {}
        self.seen: list[Exchange] = []
        self.ended = threading.Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is what many of these tests are about."""


@pytest.fixture
def web() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def limits() -> SourceLimits:
    """Small bounds, and only 127.0.0.1 of all private addresses: 127.0.0.2 and ::1 stay forbidden."""
    return SourceLimits(
        max_bytes=100_000, timeout_s=5.0, connect_timeout_s=2.0, stall_timeout_s=2.0, max_wait_s=3.0, max_retries=2,
        allowed_networks=("127.0.0.1/32",),
    )  # fmt: skip


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "source"
