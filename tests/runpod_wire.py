"""The sockets below the stand-in RunPod: what was asked, what is answered, and how an answer goes wrong."""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from runpod_book import LOST, REFUSED, UNHEARD, Book, Fault, Json, Request

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>cloudflare</body></html>"
CAPACITY = (
    "There are no longer any instances available with the requested specifications. Please refresh and try again."
)


@dataclass(frozen=True)
class Answer:
    """What is answered: a body, or a stream that ends when its frames do; an empty frame sends nothing."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    frames: Iterator[bytes] | None = None

    @classmethod
    def of_json(cls, body: object, *, status: int = 200) -> Answer:
        return cls(status, json.dumps(body, ensure_ascii=False).encode())


class Problem(Exception):
    """RunPod does not do what it was asked: RFC 9457, as the specification's ErrorResponse."""

    def __init__(self, status: int, detail: str, *errors: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status} {detail}")
        body: Json = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail}
        if status == 422:
            body["title"] = "Unprocessable Entity"  # Python 3.13 says "Unprocessable Content"
        if errors:
            body["errors"] = list(errors)
        self.answer = Answer(status, json.dumps(body).encode(), "application/problem+json", headers or {})


class Api(Protocol):
    """The protocol, as far as it is not about sockets."""

    book: Book

    def admit(self, request: Request, body: bytes) -> None:
        """Find the operation and whose key it is, and count it against the limits. Raises: Problem."""
        ...

    def answer(self, request: Request) -> Answer:
        """Do what is asked. Raises: Problem."""
        ...

    def busy(self, request: Request, wait_s: float) -> Problem:
        """The refusal of a request too many."""
        ...


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 on one connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests read `requests`."""

    def _serve(self) -> None:
        request, body = self._asked()
        self.server.api.book.write(request)
        fault: Fault | None = None
        try:
            answer, fault = self._answer(request, body)
        except Problem as problem:
            answer = problem.answer
        try:
            self._deliver(answer, fault, request)
        except OSError:
            self.close_connection = True
        request.until_s = time.time()

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _serve

    def _asked(self) -> tuple[Request, bytes]:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            fields = json.loads(body or b"{}")
        except ValueError:
            fields = {}
        request = Request(
            method=self.command,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=fields if isinstance(fields, dict) else {},
            at_s=time.time(),
        )
        return request, body

    def _answer(self, request: Request, body: bytes) -> tuple[Answer, Fault | None]:
        api = self.server.api
        api.admit(request, body)
        fault = api.book.fault_for(request.operation)
        if fault is None:
            return api.answer(request), None
        request.fault = fault.kind
        if fault.kind == "busy":
            raise api.busy(request, fault.wait_s)
        if fault.kind in REFUSED:
            return refusal(fault.kind), fault
        if fault.kind in UNHEARD:
            return Answer(0), fault
        return api.answer(request), fault

    def _deliver(self, answer: Answer, fault: Fault | None, request: Request) -> None:
        kind = fault.kind if fault is not None else ""
        if fault is not None and kind in ("hang", "hang_after", "slow"):
            self._wait_until_gone(fault, fault.wait_s if kind == "slow" else None)
        if kind.startswith(("reset", "hang")):
            self.close_connection = True
            if kind.startswith("reset"):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            return
        if kind == "broken_after":
            answer = refusal("broken")
        if kind == "wrong_type":
            answer = Answer(200, HTML, "text/html")
        request.status = answer.status
        self._send_head(answer, request)
        if answer.frames is not None:
            self._stream(answer.frames, cut=kind == "cut")
        elif kind == "cut":
            self.close_connection = True
            self.wfile.write(answer.body[: len(answer.body) // 2])
        elif self.command != "HEAD":
            self.wfile.write(answer.body)

    def _send_head(self, answer: Answer, request: Request) -> None:
        self.send_response(answer.status)
        if answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", answer.content_type)
            streamed = answer.frames is not None
            self.send_header(*(("Transfer-Encoding", "chunked") if streamed else ("Content-Length", len(answer.body))))
        for name, value in {**request.limits, **answer.headers, "x-request-id": str(uuid.uuid4())}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self, frames: Iterator[bytes], *, cut: bool) -> None:
        for frame in frames:
            if self.server.api.book.stopped.is_set() or self._is_gone():
                self.close_connection = True
                return
            if frame:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            elif cut:  # the backlog is sent, and then the line goes dead
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def _wait_until_gone(self, fault: Fault, longest_s: float | None) -> None:
        """Send nothing until the client hangs up, the time is over, the fault is taken back or the server stops."""
        until_s = time.monotonic() + longest_s if longest_s is not None else float("inf")
        while not (fault.over.is_set() or self.server.api.book.stopped.is_set() or time.monotonic() > until_s):
            if self._is_gone():
                return
            time.sleep(0.02)

    def _is_gone(self) -> bool:
        ready, _, _ = select.select([self.connection], [], [], 0)
        with suppress(BlockingIOError):
            return bool(ready) and not self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        return False


REFUSALS = {
    "no_capacity": (400, CAPACITY),
    "no_balance": (402, "insufficient balance"),
    "no_access": (403, "access denied"),
    "not_found": (404, "resource not found"),
    "broken": (500, "internal server error"),
    "unavailable": (503, "upstream unavailable"),
}
assert set(REFUSALS) | {"busy", "bad_gateway"} == REFUSED
assert LOST.isdisjoint(REFUSED)


def refusal(kind: str) -> Answer:
    """One of REFUSED; `busy` is the limits' own. The edge before the API answers in HTML."""
    return Answer(502, HTML, "text/html") if kind == "bad_gateway" else Problem(*REFUSALS[kind]).answer


class Listener(ThreadingHTTPServer):
    """One port of 127.0.0.1; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.api = api
        self._connections: set[socket.socket] = set()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Talk on one connection; that a client is gone is nobody's mistake."""
        self._connections.add(request)
        with suppress(ConnectionError, TimeoutError):
            super().finish_request(request, client_address)
        self._connections.discard(request)

    def close(self) -> None:
        """Let nobody in, and hang up on whoever is."""
        self.shutdown()
        self.server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
