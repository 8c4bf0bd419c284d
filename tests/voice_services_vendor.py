"""What a stand-in vendor is, apart from its sockets: a request is understood, and answered or refused."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from voice_services_book import Json, Request
from voice_services_speech import Sound, Timbre


@dataclass(frozen=True)
class Asked:
    """An HTTP request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    target: str
    """Path and query as they were sent, for signatures."""

    @property
    def json(self) -> Json:
        """The body as an object; empty where it is none."""
        try:
            body = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


@dataclass(frozen=True)
class Answer:
    """What a vendor answers: a body, or sound in an encoding."""

    status: int
    content_type: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sound: Sound | None = None
    wrapped: Callable[[bytes], bytes] = bytes
    """What the encoded sound is sent in."""

    @classmethod
    def of_json(cls, body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """An answer in JSON."""
        return cls(status, "application/json", json.dumps(body, ensure_ascii=False).encode(), headers or {})


class Refusal(Exception):
    """A vendor does not do what it was asked; it carries the answer that says so."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Vendor(Protocol):
    """One vendor's protocol, as far as it is not about sockets."""

    name: str

    @property
    def voices(self) -> dict[str, Timbre]:
        """Who can speak."""
        ...

    def operation(self, asked: Asked) -> str:
        """Which operation this is; empty where there is none at this path."""
        ...

    def answer(self, asked: Asked, request: Request) -> Answer:
        """The answer; `request` is filled with what the vendor understood. Raises: Refusal."""
        ...

    def refusal(self, kind: str, request: Request) -> Answer:
        """One of REFUSALS in this vendor's own shape; the wait is a header that the wire adds."""
        ...

    def charge(self, request: Request) -> None:
        """The answer went out: count what it cost."""
        ...


def body_under(kind: str, answer: Answer) -> bytes:
    """The body that goes out under this fault; under none when it is empty."""
    if kind == "wrong_type":
        return b"<!DOCTYPE html><html><body><h1>Sign in to this network</h1></body></html>"
    if kind == "empty":
        return b""
    if answer.sound is None:
        return answer.body
    body = (answer.sound.silenced if kind == "silence" else answer.sound).encoded()
    if kind == "garbage":
        body = random.Random(len(body)).randbytes(len(body))
    return answer.wrapped(body)
