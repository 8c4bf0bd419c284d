"""One text read aloud over OpenAI's Realtime interface: a WebSocket, a session, an answer, and what it says it said.

Each text has a connection of its own: nothing said before is in the model's mind, and a lost one costs one clip.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from tasks.errors import AnswerUnfinished, EngineError, EngineUnreachable, RequestRefused, SpokeOtherwise
from tasks.tts.openai.account import meaning
from tasks.tts.openai.verbatim import says_the_same
from tasks.tts.vendors.http import CONNECT_S
from tasks.tts.vendors.refusal import ADVICE, Refusal, asked_wait_s, kind_of, one_line, read_refusal
from tasks.tts.vendors.sound_answer import LONGEST_ANSWER_S, pcm_pieces

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SAMPLE_RATE_HZ = 24_000  # the interface knows no other rate for plain samples
CLOSE_S = 2.0
MOST_EVENT_BYTES = 16 << 20
# A model that talks on is stopped: a character needs two tokens, and 4,096 is the most that the interface takes.
TOKENS_AT_LEAST, TOKENS_PER_CHARACTER, MOST_TOKENS = 200, 6, 4_096


@dataclass(frozen=True)
class Call:
    """Whom to ask, for what, and how long to wait for the next word."""

    url: str
    """ws:// or wss://, with the model in its query."""
    key: str = field(repr=False)
    source: str
    """Where key and address come from."""
    asked: str
    """Who was asked for what, in words."""
    text: str
    language: str
    session: Mapping[str, Any]
    """As `session.update` takes it."""
    patience_s: float


class Reading:
    """The answer to one call: its sound as it comes, and at its end the proof that it is the text. Good for one use."""

    def __init__(self, call: Call) -> None:
        """Nothing is asked before the first piece is taken."""
        self._call = call
        self._transcript = ""
        self.usage: Mapping[str, Any] = {}
        """What the vendor counts, in tokens, once the last piece is there; empty where it does not say."""

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """The sound as it comes: float32, shape (n_samples,), 24 kHz.

        Raises: SpokeOtherwise at its end; EngineDenied, QuotaExceeded, UnknownVoice, TextTooLong, RequestRefused,
        EngineBusy, EngineUnreachable, AnswerUnfinished.
        """
        call = self._call
        chunks = self._chunks()
        yield from pcm_pieces(chunks, asked=call.asked, sample_rate_hz=SAMPLE_RATE_HZ, characters=len(call.text))
        if not says_the_same(call.text, self._transcript, call.language):
            heard = one_line(self._transcript[:120])
            raise SpokeOtherwise(f"{call.asked}: it said {heard!r} instead; try again, or cast another voice")

    def _chunks(self) -> Iterator[bytes]:
        with self._connection() as websocket:
            try:
                yield from self._conversation(websocket)
            except ConnectionClosed as closed:
                raise self._hung_up(closed) from closed

    def _connection(self) -> Connection:
        call = self._call
        try:
            return connect(
                call.url,
                additional_headers={"Authorization": f"Bearer {call.key}"},
                user_agent_header="hladvarp",
                compression=None,  # sound in base64 gains little, and costs time
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                max_size=MOST_EVENT_BYTES,
            )
        except InvalidStatus as error:
            raise self._turned_away(error) from error
        except (OSError, InvalidHandshake, InvalidURI, EOFError, UnicodeError) as error:
            reason = one_line(str(error), secrets=(call.key,)) or type(error).__name__
            raise EngineUnreachable(
                f"{call.asked}: no answer ({reason}); try again later, or check the address in {call.source}"
            ) from error

    def _conversation(self, websocket: Connection) -> Iterator[bytes]:
        """Everything after the handshake; a wrong key is let in there, and told first here."""
        begun_s = time.monotonic()
        self._event(websocket)
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": self._call.text}]}
        response = {
            "conversation": "none",
            "output_modalities": ["audio"],
            "input": [item],
            "max_output_tokens": min(MOST_TOKENS, TOKENS_AT_LEAST + TOKENS_PER_CHARACTER * len(self._call.text)),
        }
        with suppress(ConnectionClosed):  # why it was closed may have come before, and is read first
            websocket.send(json.dumps({"type": "session.update", "session": self._call.session}))
            websocket.send(json.dumps({"type": "response.create", "response": response}))
        while time.monotonic() - begun_s < LONGEST_ANSWER_S:
            event = self._event(websocket)
            match event.get("type"):
                case "response.output_audio.delta":
                    yield self._decoded(event.get("delta"))
                case "response.output_audio_transcript.done":
                    self._transcript += str(event.get("transcript") or "") + " "
                case "response.done":
                    return self._finish(event.get("response"))
        raise AnswerUnfinished(f"{self._call.asked}: no end after {LONGEST_ANSWER_S:.0f} s; try again")

    def _event(self, websocket: Connection) -> Mapping[str, Any]:
        """The next event, unless it is an error."""
        call = self._call
        try:
            message = websocket.recv(timeout=call.patience_s)
        except TimeoutError as error:
            raise AnswerUnfinished(f"{call.asked}: nothing came for {call.patience_s:.0f} s; try again") from error
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            began = one_line(str(message)[:200], secrets=(call.key,))
            raise AnswerUnfinished(f"{call.asked}: what came is no event: {began!r}; try again")
        if event.get("type") == "error":
            raise self._failure(event.get("error"), otherwise=RequestRefused)
        return event

    def _decoded(self, delta: object) -> bytes:
        try:
            return base64.b64decode(str(delta), validate=True)
        except ValueError as error:
            raise AnswerUnfinished(f"{self._call.asked}: the sound that came can't be decoded; try again") from error

    def _finish(self, response: object) -> None:
        """Keep what the vendor counted, or say why the answer is none."""
        done = response if isinstance(response, dict) else {}
        details = done.get("status_details")
        details = details if isinstance(details, dict) else {}
        match done.get("status"):
            case "completed":
                self.usage = done.get("usage") or {}
            case "failed":
                raise self._failure(details.get("error"), otherwise=EngineUnreachable)
            case "incomplete" if details.get("reason") == "content_filter":
                raise RequestRefused(f"{self._call.asked}: its safety filter broke the answer off; change the text")
            case status:
                reason = one_line(str(details.get("reason") or status))
                raise AnswerUnfinished(f"{self._call.asked}: the answer broke off ({reason}); try again")

    def _failure(self, error: object, *, otherwise: type[EngineError]) -> EngineError:
        """What an error means; `otherwise` where its words are not known."""
        words = error if isinstance(error, dict) else {}
        told = words.get("message") or words.get("code") or words.get("type") or "no reason is given"
        said = one_line(str(told), secrets=(self._call.key,))
        kind = meaning(Refusal(0, {"error": words}, said)) or otherwise
        return kind(f"{self._call.asked}: the answer is an error, {said!r}; {self._advice(kind)}")

    def _turned_away(self, error: InvalidStatus) -> EngineError:
        """What a refused handshake means."""
        response = error.response
        document, said = read_refusal(bytes(response.body or b""), secrets=(self._call.key,))
        wait_s = asked_wait_s(next(iter(response.headers.get_all("Retry-After")), ""))
        refusal = Refusal(response.status_code, document, said, wait_s=wait_s)
        kind = meaning(refusal) or kind_of(refusal.status)
        answered = f"{refusal.status} {response.reason_phrase}".strip() + (f", {said!r}" if said else "")
        return kind(f"{self._call.asked}: the answer is {answered}; {self._advice(kind)}").after(wait_s)

    def _hung_up(self, closed: ConnectionClosed) -> EngineError:
        """What a connection means that was closed before the answer's end; it may say why."""
        reason = closed.rcvd.reason if closed.rcvd else ""
        error = {"code": reason.rpartition(".")[2], "message": reason or "the connection broke before the answer's end"}
        return self._failure(error, otherwise=AnswerUnfinished)

    def _advice(self, kind: type[EngineError]) -> str:
        return ADVICE[kind].format(source=self._call.source)
