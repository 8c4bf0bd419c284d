"""What a vendor's refusal means, and what a message says of it: its own words, shortened, without our secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from httpx_retries import Retry

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)

SHORTEST_SECRET = 6  # fewer characters of a key in a row say nothing about it, and stand in many words
LONGEST_QUOTE = 300
ADVICE: Mapping[type[EngineError], str] = {
    EngineDenied: "check the key and the address in {source}",
    QuotaExceeded: "what the account of {source} may use is used up: add to it, or cast another voice",
    TextTooLong: "break the line into shorter ones, or lower `max_characters` of the preset",
    UnknownVoice: "check voice and model of the preset, and that the account of {source} has them",
    RequestRefused: "change the text, the preset, or the address in {source}",
    EngineBusy: "try again later, or ask for fewer at once",
    EngineUnreachable: "try again later",
    AnswerUnfinished: "try again",
}
"""What to do about each kind of failure; `source` is where account and address come from."""


@dataclass(frozen=True)
class Refusal:
    """What a vendor answered instead of what it was asked for."""

    status: int
    document: Any
    """The body as JSON; None where it is none."""
    said: str
    """The vendor's own words, shortened, on one line, without our key."""
    wait_s: float = 0.0
    """How long it asks us to wait; 0 where it does not say."""


def kind_of(status: int) -> type[EngineError]:
    """What a status of HTTP means, where the vendor's own words do not say otherwise."""
    if status in (401, 403, 407):
        return EngineDenied
    if status in (408, 425) or status >= 500:
        return EngineUnreachable
    return {402: QuotaExceeded, 413: TextTooLong, 429: EngineBusy}.get(status, RequestRefused)


def asked_wait_s(retry_after: str) -> float:
    """What a `Retry-After` says, in seconds or as a date; 0 where it says nothing. A day at the most."""
    try:
        return min(Retry().parse_retry_after(retry_after), 86_400.0)
    except (ValueError, OverflowError):
        return 0.0


def asked_for(text: str, voice: str) -> str:
    """What a voice was asked to say, for the message of a failure: its first 40 characters."""
    return f"asked for {one_line(text[:40])!r}{' …' if len(text) > 40 else ''} with voice {voice!r}"


def one_line(text: str, *, secrets: Iterable[str] = ()) -> str:
    """`text` without control characters and secrets, shortened: fit for a message.

    A vendor may quote a key in part (`sk-ab12…`): a word that shares a few characters in a row with it goes as a whole.
    """
    shown = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    for secret in filter(None, secrets):
        shown = shown.replace(secret, "***")
        runs = {secret[at : at + SHORTEST_SECRET] for at in range(len(secret) - SHORTEST_SECRET + 1)}
        shown = " ".join("***" if any(run in word for run in runs) else word for word in shown.split(" "))
    return shown if len(shown) <= LONGEST_QUOTE else shown[: LONGEST_QUOTE - 1] + "…"


def read_refusal(body: bytes, *, secrets: Iterable[str] = ()) -> tuple[Any, str]:
    """A refusal's body as JSON (None where it is none), and the sentence in it that a person can read."""
    text = body.decode(errors="replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        plain = re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text)
        return None, one_line(plain, secrets=secrets)
    return document, one_line(_sentence(document) or text, secrets=secrets)


def _sentence(document: Any) -> str:
    """Vendors wrap their sentence in error, detail or message, one inside another."""
    while isinstance(document, dict):
        inner = (document.get(name) for name in ("error", "detail", "message", "Message"))
        document = next((value for value in inner if value), None)
    return document if isinstance(document, str) else ""
