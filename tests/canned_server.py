"""A web server that gives the answers that it was told to give: for what no vendor's stand-in says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONGEST_WAIT_S = 10.0


@dataclass
class Canned:
    """Answers by method and path, in turn; the last one is given again and again."""

    url: str = ""
    answers: dict[str, list[tuple[int, str, list[bytes | threading.Event]]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def answer(self, request: str, body: object, *, status: int = 200, content_type: str = "application/json") -> None:
        """`request` is a method and a path without query; a body that is not bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.setdefault(request, []).append((status, content_type, [sent]))

    def stream(self, request: str, *pieces: bytes | threading.Event, content_type: str) -> None:
        """Answer with these pieces, one after another; at an event, wait until it is set before the next is sent."""
        self.answers.setdefault(request, []).append((200, content_type, list(pieces)))


@contextmanager
def canned_server() -> Iterator[Canned]:
    """Listens on 127.0.0.1 until the block ends; what was not told is answered with 404."""
    canned = Canned()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def _answer(self) -> None:
            request = f"{self.command} {self.path.partition('?')[0]}"
            canned.asked.append(request)
            canned.bodies.append(self.rfile.read(int(self.headers.get("content-length") or 0)))
            waiting = canned.answers.get(request) or [(404, "application/json", [b'{"detail":"Not Found"}'])]
            status, content_type, pieces = waiting[0] if len(waiting) == 1 else waiting.pop(0)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(sum(len(piece) for piece in pieces if isinstance(piece, bytes))))
            self.end_headers()
            for piece in pieces:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                elif not piece.wait(LONGEST_WAIT_S):
                    self.close_connection = True
                    return

        do_GET = do_POST = do_DELETE = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    canned.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield canned
    finally:
        server.shutdown()
        server.server_close()
