"""The sockets below the stand-in vendors: what was asked, what is answered, and how an answer goes wrong."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from voice_services_book import REFUSALS, Book, Fault, Request
from voice_services_vendor import Answer, Asked, Refusal, Vendor, body_under

PIECE_BYTES = 4096
BREAKS = frozenset({"stall", "stall_midway", "cut", "truncated"})
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 on one connection of one vendor."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener  # type: ignore[assignment]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests read `requests`."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        vendor, book = self.server.vendor, self.server.book
        asked = self._asked()
        request = Request(
            vendor=vendor.name,
            operation=vendor.operation(asked),
            method=asked.method,
            path=asked.path,
            headers=asked.headers,
            at_s=time.time(),
            fields={**asked.query, **asked.json},
        )
        book.write(request)
        fault = None
        try:
            answer = vendor.answer(asked, request)
            fault = book.fault_for(vendor.name, request.operation)
        except Refusal as refusal:
            answer = refusal.answer
        if fault is not None:
            request.fault = fault.kind
            if fault.kind in REFUSALS:
                answer = vendor.refusal(fault.kind, request)
        if fault is not None and fault.kind == "busy_with_wait":
            answer = Answer(
                answer.status, answer.content_type, answer.body, {**answer.headers, "Retry-After": f"{fault.wait_s:g}"}
            )
        try:
            self._deliver(answer, fault, request)
        except OSError:
            request.complete = False
            self.close_connection = True
        if not request.complete:
            request.until_s = time.time()

    def _asked(self) -> Asked:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if "chunked" in headers.get("transfer-encoding", ""):
            body = self._chunks()
        else:
            body = self.rfile.read(int(headers.get("content-length") or 0))
        return Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body, self.path)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return body

    def _deliver(self, answer: Answer, fault: Fault | None, request: Request) -> None:
        kind = fault.kind if fault is not None else ""
        body, request.status = body_under(kind, answer), answer.status
        content_type = "text/html; charset=utf-8" if kind == "wrong_type" else answer.content_type
        self.send_response(answer.status)
        self.send_header("Content-Type", content_type)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        streamed = answer.sound is not None and kind != "truncated"
        self.send_header(*(("Transfer-Encoding", "chunked") if streamed else ("Content-Length", str(len(body)))))
        self.end_headers()
        if fault is not None and kind in BREAKS:
            self._break_off(body, fault, streamed=streamed)
            return
        if request.status == 200:
            self.server.vendor.charge(request)
        pieces = [body[start : start + PIECE_BYTES] for start in range(0, len(body), PIECE_BYTES)]
        for piece in pieces if streamed else [body]:
            if not streamed:
                request.end()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if streamed else piece)
            if self.server.book.pace_s:
                self.server.book.stopped.wait(self.server.book.pace_s)
        request.end()
        if streamed:
            self.wfile.write(b"0\r\n\r\n")

    def _break_off(self, body: bytes, fault: Fault, *, streamed: bool) -> None:
        self.close_connection = True
        if fault.kind != "stall":
            half = body[: max(1, len(body) // 2)]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(half), half) if streamed else half)
        if fault.kind.startswith("stall"):
            wait_until_gone(self.connection, fault, self.server.book)
        if fault.kind == "cut":
            time.sleep(0.05)  # what was sent is read before the reset throws it away
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)


def wait_until_gone(connection: socket.socket, fault: Fault, book: Book) -> None:
    """Send nothing until the client hangs up, the fault is taken back or the server stops."""
    while not (fault.over.is_set() or book.stopped.is_set()):
        ready, _, _ = select.select([connection], [], [], 0.05)
        with suppress(BlockingIOError):
            if ready and not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT):
                return


class Listener:
    """One port of 127.0.0.1 on which one vendor listens, and can stop to."""

    def __init__(self, vendor: Vendor, book: Book, upgrade: Callable[[socket.socket], None] | None = None) -> None:
        """`upgrade` takes over the connections that ask for the vendor's WebSocket."""
        self.vendor, self.book, self._upgrade = vendor, book, upgrade
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._socket = _bound(0)
        self.port: int = self._socket.getsockname()[1]
        self.listen()

    def listen(self) -> None:
        """Let clients in, if they are kept out."""
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return
        self._socket.listen(128)
        threading.Thread(target=self._accept, args=(self._socket,), daemon=True).start()

    def refuse(self) -> None:
        """Close, but keep the port."""
        self.close()
        self._socket = _bound(self.port)

    def hang_up(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let nobody in, and hang up on whoever is."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.hang_up()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, address = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection, address), daemon=True).start()

    def _talk(self, connection: socket.socket, address: object) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            if self._upgrade is not None and connection.recv(64, socket.MSG_PEEK).startswith(b"GET /v1/realtime"):
                self._upgrade(connection)
            else:
                Handler(connection, address, self)  # type: ignore[arg-type]
        except OSError:
            pass  # the client is gone
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
