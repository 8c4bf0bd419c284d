"""One conversation over OpenAI's Realtime interface: what is asked, and how it is said."""

from __future__ import annotations

import base64
import json
import math
import random
import socket
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from voice_services_book import Book, Json, Request
from voice_services_openai import VOICES
from voice_services_said import PCM, Said, identity
from voice_services_speech import SPOKEN_HZ, Encoding, Mouth, Samples, Sound
from voice_services_wire import RESET_ON_CLOSE
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

REALTIME_VOICES = {name: timbre for name, timbre in VOICES.items() if name not in ("fable", "nova", "onyx")}
MODELS = frozenset({"gpt-realtime", "gpt-realtime-2.1", "gpt-realtime-2.1-mini"})
DELTA_BYTES = 9_600
"""A fifth of a second."""
BETA_FIELDS = frozenset({"modalities", "voice", "input_audio_format", "output_audio_format", "temperature"})
"""Of a session before the interface was generally available; refused since."""

TOKEN_S = 0.05
"""What the assistant says costs a token for every 50 ms (developers.openai.com, Realtime, "Managing costs")."""


class Session:
    """One conversation."""

    def __init__(self, mouth: Mouth, book: Book, websocket: ServerConnection, handshake: Request) -> None:
        self.mouth, self.book, self.websocket, self.handshake = mouth, book, websocket, handshake
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
        objection = self._objection(update, output)
        if objection is not None:
            message, code, param = objection
            self.fail(message, code=code, param=param, event=event)
            return
        self.session["audio"]["output"].update(output)
        self.session.update({name: value for name, value in update.items() if name != "audio"})
        self.send("session.updated", session=self.session)

    def _objection(self, update: Json, output: Json) -> tuple[str, str, str] | None:
        """What is wrong with an update: message, code and parameter."""
        now = self.session["audio"]["output"]["voice"]
        voice, at = _name(output.get("voice", now)), "session.audio.output"
        if update.get("type") != "realtime":
            return "Missing required parameter: 'session.type'.", "missing_required_parameter", "session.type"
        for name in sorted(BETA_FIELDS & set(update)):
            return f"Unknown parameter: 'session.{name}'.", "unknown_parameter", f"session.{name}"
        if voice not in REALTIME_VOICES:
            return f"Invalid value: {voice!r}.", "invalid_value", f"{at}.voice"
        if self.has_spoken and voice != now:
            message = "Cannot update a conversation's voice if assistant audio is present."
            return message, "cannot_update_voice", f"{at}.voice"
        if output.get("format", PCM) != PCM or not 0.25 <= output.get("speed", 1.0) <= 1.5:
            return "Invalid format or speed.", "invalid_value", at
        return None

    def _respond(self, params: Json) -> None:
        items = params.get("input") if params.get("input") is not None else self.items
        texts = [
            " ".join(part.get("text", "") for part in item.get("content", ()) if part.get("type") == "input_text")
            for item in items or ()
            if item.get("role") == "user"
        ]
        output = self.session["audio"]["output"] | ((params.get("audio") or {}).get("output") or {})
        voice = _name(output["voice"])
        fields = {"session": self.session, "response": params}
        request = Request("realtime", "speech", "GET", "/v1/realtime", self.handshake.headers, time.time())
        request.key, request.model, request.voice = self.handshake.key, self.handshake.model, voice
        request.text, request.fields, request.status = (texts[-1] if texts else ""), fields, 200
        self.book.write(request)
        if voice not in REALTIME_VOICES:
            request.status = 400
            self.fail(f"Invalid value: {voice!r}.", code="invalid_value", param="response.audio.output.voice")
            return
        fault = self.book.fault_for("realtime", "speech")
        request.fault = fault.kind if fault else ""
        text = paraphrased(request.text) if request.fault == "paraphrase" else request.text
        try:
            self._speak(Said(request, text, params, fault))
        finally:
            if not request.complete:
                request.until_s = time.time()

    def _speak(self, said: Said) -> None:
        self.send("response.created", response=said.response("in_progress"))
        if said.kind in ("quota", "broken"):
            code = "insufficient_quota" if said.kind == "quota" else "server_error"
            said.request.status = 429 if said.kind == "quota" else 500
            failure: Json = {"type": "failed", "error": {"type": code, "code": code}}
            self.send("response.done", response=said.response("failed", failure))
            return
        if said.kind == "stall":
            self._stall(said)
            return
        if said.kind == "wrong_type":
            self.websocket.send("<!DOCTYPE html><html><body><h1>Sign in to this network</h1></body></html>")
            return
        item = said.item("in_progress")
        self.send("response.output_item.added", response_id=said.response_id, output_index=0, item=item)
        self.send("response.content_part.added", **said.place, part={"type": "audio", "transcript": ""})
        samples, reason = self._samples(said)
        self.has_spoken = True
        if not self._stream(said, samples):
            reason = "client_cancelled"
        status = {"": "completed", "client_cancelled": "cancelled"}.get(reason, "incomplete")
        part = {"type": "audio", "transcript": said.told}
        item = said.item("incomplete" if reason else "completed")
        self.send("response.output_audio.done", **said.place)
        self.send("response.output_audio_transcript.done", **said.place, transcript=said.told)
        self.send("response.content_part.done", **said.place, part=part)
        self.send("response.output_item.done", response_id=said.response_id, output_index=0, item=item)
        details = {"type": status, "reason": reason} if reason else None
        done = said.response(status, details, tokens=math.ceil(len(samples) / SPOKEN_HZ / TOKEN_S))
        if not reason:
            said.request.end()
        self.send("response.done", response=done)

    def _samples(self, said: Said) -> tuple[Samples, str]:
        """What is said, and why it ends early if it does."""
        timbre, output = REALTIME_VOICES[said.request.voice], self.session["audio"]["output"]
        samples = self.mouth.say(said.text, timbre, rate=float(output.get("speed", 1.0)))
        most = said.params.get("max_output_tokens", self.session["max_output_tokens"])
        if said.kind == "empty":
            return samples[:0], ""
        if said.kind == "truncated":
            return samples[: len(samples) // 2], "max_output_tokens"
        if isinstance(most, int) and len(samples) > (longest := round(most * TOKEN_S * SPOKEN_HZ)):
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
            if said.kind in ("stall_midway", "cut", "closed") and index >= len(pieces) // 2:
                self._end(said)
            self._tell(said, words, left=round(len(pieces[index + 1 :]) / len(pieces) * said.text.count(" ")))
            self.send("response.output_audio.delta", **said.place, delta=base64.b64encode(piece).decode())
            self.book.stopped.wait(self.book.pace_s)
            for event in self._arrived():
                if event.get("type") == "response.cancel":
                    return False
                self.waiting.append(event)
        self._tell(said, words, left=0)
        return True

    def _tell(self, said: Said, words: deque[str], *, left: int) -> None:
        while len(words) > left:
            word = words.popleft() + (" " if words else "")
            said.told += word
            self.send("response.output_audio_transcript.delta", **said.place, delta=word)

    def _arrived(self) -> Iterator[Json]:
        while event := self._next(0):
            yield event

    def _end(self, said: Said) -> None:
        if said.kind == "stall_midway":
            self._stall(said)
        elif said.kind == "closed":
            self.websocket.close(1001, "going away")
        else:
            time.sleep(0.05)  # what was sent is read before the reset throws it away
            self.websocket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self.websocket.socket.shutdown(socket.SHUT_RDWR)
        raise ConnectionClosed(None, None)

    def _stall(self, said: Said) -> None:
        while not (said.fault is None or said.fault.over.is_set() or self.book.stopped.is_set()):
            self._next(0.05)
        self.websocket.close(1001, "going away")


def _name(voice: object) -> str:
    """A voice's name, or the id of a custom one."""
    return str(voice.get("id", "") if isinstance(voice, dict) else voice)


def paraphrased(text: str) -> str:
    """What a model says that would rather talk than read."""
    words = text.split()
    return f"Já, ég get lesið þetta: {' '.join(word for at, word in enumerate(words) if at % 3 != 2)}."
