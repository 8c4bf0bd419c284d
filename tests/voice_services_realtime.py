"""OpenAI's Realtime interface: one WebSocket, one session, one answer after another."""

from __future__ import annotations

import base64
import json
import math
import random
import socket
import time
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from voice_services_book import Book, Fault, Json, Request
from voice_services_openai import KEY, VOICES, bearer, refusal
from voice_services_speech import SAMPLE_RATE_HZ, Encoding, Mouth, Samples, Sound
from voice_services_wire import RESET_ON_CLOSE
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.http11 import Request as Handshake
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.sync.server import ServerConnection

REALTIME_VOICES = {name: timbre for name, timbre in VOICES.items() if name not in ("fable", "nova", "onyx")}
MODELS = frozenset({"gpt-realtime", "gpt-realtime-2.1", "gpt-realtime-2.1-mini"})
PCM = {"type": "audio/pcm", "rate": 24_000}
DELTA_BYTES = 9_600
"""A fifth of a second."""
TOKEN_S = 0.05
"""What the assistant says costs a token for every 50 ms (developers.openai.com, "Managing costs")."""


def identity(kind: str) -> str:
    """A new id, as OpenAI writes them."""
    return f"{kind}_{uuid.uuid4().hex[:21]}"


@dataclass
class Realtime:
    """GET /v1/realtime?model=…, upgraded."""

    mouth: Mouth
    book: Book
    name: str = "realtime"
    key: str = KEY

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
            session = Session(self, websocket, request)
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


@dataclass
class Said:
    """One answer: what it says, in which voice, and where it stands in the conversation."""

    request: Request
    text: str
    params: Json
    fault: Fault | None
    response_id: str = field(default_factory=lambda: identity("resp"))
    item_id: str = field(default_factory=lambda: identity("item"))

    @property
    def kind(self) -> str:
        return self.fault.kind if self.fault is not None else ""

    @property
    def place(self) -> Json:
        return {"response_id": self.response_id, "item_id": self.item_id, "output_index": 0, "content_index": 0}


class Session:
    """One conversation."""

    def __init__(self, vendor: Realtime, websocket: ServerConnection, handshake: Request) -> None:
        self.vendor, self.websocket, self.handshake = vendor, websocket, handshake
        self.waiting: deque[Json] = deque()
        self.items: list[Json] = []
        self.has_spoken = False
        self.session: Json = {
            "type": "realtime",
            "object": "realtime.session",
            "id": identity("sess"),
            "model": handshake.model,
            "output_modalities": ["audio"],
            "instructions": "You are a helpful, witty, and friendly AI.",
            "tools": [],
            "tool_choice": "auto",
            "max_output_tokens": "inf",
            "expires_at": int(time.time()) + 3600,
            "audio": {"input": {"format": PCM}, "output": {"format": PCM, "voice": "alloy", "speed": 1.0}},
        }

    def run(self) -> None:
        """Answer events until the client closes."""
        if self.handshake.model not in MODELS:
            self.fail(f"Model {self.handshake.model!r} is not supported in realtime mode.", code="invalid_model")
            self.websocket.close(4000, "invalid_request_error.invalid_model")
            return
        self.send("session.created", session=self.session)
        while True:
            event = self.waiting.popleft() if self.waiting else self._next(None)
            match (event or {}).get("type"):
                case "session.update":
                    self._update(event)
                case "conversation.item.create":
                    self.items.append({"id": identity("item"), **event.get("item", {})})
                    self.send("conversation.item.added", previous_item_id=None, item=self.items[-1])
                    self.send("conversation.item.done", previous_item_id=None, item=self.items[-1])
                case "response.create":
                    self._respond(event.get("response") or {})
                case "response.cancel":
                    self.fail("Cancellation failed: no active response found", code="response_cancel_not_active")
                case kind:
                    self.fail(f"Invalid value: {kind!r}.", code="invalid_value", param="type", event=event)

    def send(self, kind: str, **members: Any) -> None:
        """Send one event."""
        self.websocket.send(json.dumps({"type": kind, "event_id": identity("event"), **members}, ensure_ascii=False))

    def fail(self, message: str, *, code: str, param: str | None = None, event: Json | None = None) -> None:
        """Send an error; the session goes on."""
        details = {"type": "invalid_request_error", "code": code, "message": message, "param": param}
        self.send("error", error={**details, "event_id": (event or {}).get("event_id")})

    def _next(self, timeout_s: float | None) -> Json:
        try:
            event = json.loads(self.websocket.recv(timeout_s))
        except TimeoutError:
            return {}
        except ValueError:
            event = None
        return event if isinstance(event, dict) else {"type": None}

    def _update(self, event: Json) -> None:
        update = event.get("session") or {}
        output = (update.get("audio") or {}).get("output") or {}
        now = self.session["audio"]["output"]
        if update.get("type") != "realtime":
            self.fail("Missing required parameter: 'session.type'.", code="missing_required_parameter",
                      param="session.type", event=event)  # fmt: skip
        elif "modalities" in update or "voice" in update:
            self.fail("Unknown parameter: 'session.voice'.", code="unknown_parameter", param="session.voice",
                      event=event)  # fmt: skip
        elif output.get("voice", now["voice"]) not in REALTIME_VOICES:
            self.fail(f"Invalid value: {output['voice']!r}.", code="invalid_value", param="session.audio.output.voice",
                      event=event)  # fmt: skip
        elif self.has_spoken and output.get("voice", now["voice"]) != now["voice"]:
            self.fail("Cannot update a conversation's voice if assistant audio is present.",
                      code="cannot_update_voice", event=event)  # fmt: skip
        elif output.get("format", PCM) != PCM or not 0.25 <= output.get("speed", 1.0) <= 1.5:
            self.fail("Invalid value in 'session.audio.output'.", code="invalid_value", param="session.audio.output",
                      event=event)  # fmt: skip
        else:
            now.update(output)
            self.session.update({name: value for name, value in update.items() if name != "audio"})
            self.send("session.updated", session=self.session)

    def _respond(self, params: Json) -> None:
        items = params.get("input") if params.get("input") is not None else self.items
        texts = [
            " ".join(part.get("text", "") for part in item.get("content", ()) if part.get("type") == "input_text")
            for item in items or ()
            if item.get("role") == "user"
        ]
        voice = ((params.get("audio") or {}).get("output") or {}).get("voice", self.session["audio"]["output"]["voice"])
        fields = {"session": self.session, "response": params}
        request = Request("realtime", "speech", "GET", "/v1/realtime", self.handshake.headers, time.time())
        request.key, request.model, request.voice = self.handshake.key, self.handshake.model, voice
        request.text, request.fields, request.status = (texts[-1] if texts else ""), fields, 200
        self.vendor.book.write(request)
        if voice not in REALTIME_VOICES:
            request.status = 400
            self.fail(f"Invalid value: {voice!r}.", code="invalid_value", param="response.audio.output.voice")
            return
        fault = self.vendor.book.fault_for("realtime", "speech")
        request.fault = fault.kind if fault else ""
        text = paraphrased(request.text) if request.fault == "paraphrase" else request.text
        self._speak(Said(request, text, params, fault))
        request.until_s = time.time()

    def _speak(self, said: Said) -> None:
        self.send("response.created", response=self._response(said, "in_progress", []))
        if said.kind in ("quota", "broken"):
            code = "insufficient_quota" if said.kind == "quota" else "server_error"
            error = {"type": code, "code": code}
            said.request.status = 429 if said.kind == "quota" else 500
            self._done(said, "failed", {"type": "failed", "error": error}, 0)
            return
        if said.kind == "stall":
            self._stall(said)
            return
        item = {"id": said.item_id, "object": "realtime.item", "type": "message", "role": "assistant"}
        self.send("response.output_item.added", response_id=said.response_id, output_index=0,
                  item={**item, "status": "in_progress", "content": []})  # fmt: skip
        self.send("response.content_part.added", **said.place, part={"type": "audio", "transcript": ""})
        samples, reason = self._samples(said)
        if said.kind == "wrong_type":
            self.websocket.send("<!DOCTYPE html><html><body><h1>Sign in to this network</h1></body></html>")
            return
        self.has_spoken = True
        tokens = math.ceil(len(samples) / SAMPLE_RATE_HZ / TOKEN_S)
        if not self._stream(said, samples):
            reason = "client_cancelled"
        status = {"": "completed", "client_cancelled": "cancelled"}.get(reason, "incomplete")
        transcript = said.text if status == "completed" else ""
        part = {"type": "audio", "transcript": transcript}
        self.send("response.output_audio.done", **said.place)
        self.send("response.output_audio_transcript.done", **said.place, transcript=transcript)
        self.send("response.content_part.done", **said.place, part=part)
        whole = {**item, "status": "completed" if status == "completed" else "incomplete"}
        whole["content"] = [{"type": "output_audio", "transcript": transcript}]
        self.send("response.output_item.done", response_id=said.response_id, output_index=0, item=whole)
        self._done(said, status, {"type": status, "reason": reason} if reason else None, tokens, [whole])

    def _samples(self, said: Said) -> tuple[Samples, str]:
        """What is said, and why it ends early if it does."""
        timbre, output = REALTIME_VOICES[said.request.voice], self.session["audio"]["output"]
        samples = self.vendor.mouth.say(said.text, timbre, rate=float(output.get("speed", 1.0)))
        most = said.params.get("max_output_tokens", self.session["max_output_tokens"])
        if said.kind == "empty":
            return samples[:0], ""
        if said.kind == "truncated":
            return samples[: len(samples) // 2], "max_output_tokens"
        if isinstance(most, int) and len(samples) > (longest := round(most * TOKEN_S * SAMPLE_RATE_HZ)):
            return samples[:longest], "max_output_tokens"
        return samples, ""

    def _stream(self, said: Said, samples: Samples) -> bool:
        """Send the sound and its words; False when the client cancels.

        Raises: ConnectionClosed when a fault ends the connection.
        """
        sound = Sound(samples, Encoding("pcm", 24_000))
        data = (sound.silenced if said.kind == "silence" else sound).encoded()
        if said.kind == "garbage":
            data = random.Random(len(data)).randbytes(len(data))
        pieces = [data[start : start + DELTA_BYTES] for start in range(0, len(data), DELTA_BYTES)]
        words = deque(said.text.split(" "))
        for index, piece in enumerate(pieces):
            if said.kind in ("cut", "closed") and index >= len(pieces) // 2:
                self._end(said.kind)
            while words and len(words) * len(pieces) > (len(pieces) - index - 1) * (said.text.count(" ") + 1):
                word = words.popleft() + (" " if words else "")
                self.send("response.output_audio_transcript.delta", **said.place, delta=word)
            self.send("response.output_audio.delta", **said.place, delta=base64.b64encode(piece).decode())
            self.vendor.book.stopped.wait(self.vendor.book.pace_s)
            for event in self._arrived():
                if event.get("type") == "response.cancel":
                    return False
                self.waiting.append(event)
        return True

    def _arrived(self) -> Iterator[Json]:
        while event := self._next(0):
            yield event

    def _end(self, kind: str) -> None:
        if kind == "closed":
            self.websocket.close(1001, "going away")
        else:
            time.sleep(0.05)  # what was sent is read before the reset throws it away
            self.websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.websocket.socket.shutdown(socket.SHUT_RDWR)
        raise ConnectionClosed(None, None)

    def _stall(self, said: Said) -> None:
        while not (said.fault is None or said.fault.over.is_set() or self.vendor.book.stopped.is_set()):
            self._next(0.05)
        self.websocket.close(1001, "going away")

    def _done(
        self, said: Said, status: str, details: Json | None, tokens: int, output: list[Json] | None = None
    ) -> None:
        response = self._response(said, status, output or [])
        spoken = len(said.text) // 4
        response |= {"status_details": details, "usage": _usage(len(said.request.text) // 4, spoken, tokens)}
        said.request.complete = status == "completed"
        self.send("response.done", response=response)

    def _response(self, said: Said, status: str, output: list[Json]) -> Json:
        return {
            "object": "realtime.response",
            "id": said.response_id,
            "status": status,
            "status_details": None,
            "output": output,
            "conversation_id": None if said.params.get("conversation") == "none" else "conv_1",
            "output_modalities": ["audio"],
            "max_output_tokens": said.params.get("max_output_tokens", "inf"),
            "audio": {"output": {"format": PCM, "voice": said.request.voice}},
            "usage": None,
            "metadata": said.params.get("metadata"),
        }


def _usage(heard: int, text: int, audio: int) -> Json:
    details = {"text_tokens": heard, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 0}
    return {
        "total_tokens": heard + text + audio,
        "input_tokens": heard,
        "output_tokens": text + audio,
        "input_token_details": details,
        "output_token_details": {"text_tokens": text, "audio_tokens": audio},
    }


def paraphrased(text: str) -> str:
    """What a model says that would rather talk than read."""
    words = text.split()
    return f"Já, ég get lesið þetta: {' '.join(word for at, word in enumerate(words) if at % 3 != 2)}."
