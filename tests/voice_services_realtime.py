"""OpenAI's Realtime interface: the handshake of its WebSocket, and who is let in."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from voice_services_book import Book, Fault, Request
from voice_services_conversation import REALTIME_VOICES, Session
from voice_services_openai import KEY, bearer, refusal
from voice_services_speech import Mouth, Timbre
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection


@dataclass
class Realtime:
    """GET /v1/realtime?model=…, upgraded."""

    mouth: Mouth
    book: Book
    name: str = "realtime"
    key: str = KEY

    @property
    def voices(self) -> dict[str, Timbre]:
        return REALTIME_VOICES

    def serve(self, connection: socket.socket) -> None:
        """Talk on a connection whose handshake has not been read yet, until it closes."""
        websocket = ServerConnection(connection, ServerProtocol(max_size=None), ping_interval=None, close_timeout=1)
        request = Request(self.name, "handshake", "GET", "/v1/realtime", {}, time.time())
        self.book.write(request)
        faults: list[Fault] = []
        try:
            websocket.handshake(lambda _, handshake: self._admit(websocket, handshake, request, faults), timeout=10)
            if websocket.protocol.state is not State.OPEN:
                websocket.recv_events_thread.join(2)
                return
            request.status, request.complete = 101, True
            session = Session(self.mouth, self.book, websocket, request)
            if faults or request.key != self.key:
                request.fault = faults[0].kind if faults else ""
                body = json.loads(refusal("wrong_key", request).body)["error"]
                session.fail(body["message"], code=body["code"])
                websocket.close(3000, "invalid_request_error.invalid_api_key")
            else:
                session.run()
        except (ConnectionClosed, InvalidHandshake, TimeoutError, OSError):
            pass  # the client is gone, or was none
        finally:
            request.until_s = time.time()
            with suppress(OSError):
                websocket.close_socket()

    def _admit(
        self, websocket: ServerConnection, handshake: Handshake, request: Request, faults: list[Fault]
    ) -> Response | None:
        """A refusal in HTTP, or None; a key that is wrong is let in first and then told, as OpenAI does."""
        request.headers = {name.lower(): value for name, value in handshake.headers.raw_items()}
        request.key = bearer(request.headers)
        request.model = parse_qs(urlsplit(handshake.path).query).get("model", [""])[0]
        fault = self.book.fault_for(self.name, "handshake")
        if request.key and (fault is None or fault.kind == "wrong_key"):
            faults += [fault] if fault else []
            return None
        request.fault = fault.kind if fault else ""
        answer = refusal(fault.kind if fault else "wrong_key", request)
        request.status = answer.status
        response = websocket.respond(answer.status, answer.body.decode())
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = answer.content_type
        if fault is not None and fault.kind == "busy_with_wait":
            response.headers["Retry-After"] = f"{fault.wait_s:g}"
        return response
