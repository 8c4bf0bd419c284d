"""A pod's log, and the stream of server-sent events that RunPod makes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time

from runpod_wire import Problem

LONGEST_TAIL = 5000
DEFAULT_TAIL = 100
TICK_S = 0.05


def rfc3339(at_s: float) -> str:
    """Whole seconds, as the vendor writes time: lines of one second can't be told apart by it."""
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(stamp: str) -> float:
    """Seconds since the epoch. Raises: Problem."""
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        raise Problem(422, "Request validation failed.", f"{stamp!r} is not a date-time") from None


@dataclass(frozen=True)
class Line:
    """One line of one source."""

    number: int
    at_s: float
    source: str
    text: str

    @property
    def frame(self) -> bytes:
        """As an event; its id is the time, and a number that never falls."""
        stamp = rfc3339(self.at_s)
        data = json.dumps({"ts": stamp, "source": self.source, "line": self.text}, ensure_ascii=False)
        return f"id: {stamp}/{self.number:012d}\ndata: {data}\n\n".encode()


class Log:
    """Everything that a pod's container and its host wrote."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._written = threading.Condition()

    @property
    def lines(self) -> list[Line]:
        with self._written:
            return list(self._lines)

    def write(self, source: str, text: str) -> None:
        with self._written:
            self._lines.append(Line(len(self._lines) + 1, time(), source, text))
            self._written.notify_all()

    def frames(self, query: dict[str, str], last_event_id: str, *, is_over: Callable[[], bool]) -> Iterator[bytes]:
        """The backlog that is asked for, and then whatever comes, until `is_over`. Raises: Problem, at once.

        An empty frame after every pause lets the wire see whether anybody still listens.
        """
        source = query.get("source", "")
        if source not in ("", "container", "system"):
            raise Problem(422, "Request validation failed.", f"source: {source!r} is not one of container, system")
        return self._frames(source, self._begin(query, last_event_id, source), is_over)

    def _begin(self, query: dict[str, str], last_event_id: str, source: str) -> int:
        """How many lines to leave out: Last-Event-ID is asked first, then `since`, then `tail`."""
        lines = self.lines
        if last_event_id:
            stamp, _, number = last_event_id.partition("/")
            from_s = seconds(stamp)
            if number.isdigit():
                return int(number)
            return sum(line.at_s < from_s for line in lines)
        if "since" in query:
            from_s = seconds(query["since"])
            return sum(line.at_s < from_s for line in lines)
        tail = query.get("tail", str(DEFAULT_TAIL))
        if not tail.isdigit() or int(tail) > LONGEST_TAIL:
            raise Problem(422, "Request validation failed.", f"tail: {tail!r} is not from 0 to {LONGEST_TAIL}")
        asked = [line.number for line in lines if source in ("", line.source)]
        return len(lines) if tail == "0" else (asked[-int(tail) :] or [1])[0] - 1

    def _frames(self, source: str, left_out: int, is_over: Callable[[], bool]) -> Iterator[bytes]:
        while True:
            over = is_over()  # asked before the lines are read: what is written until then is still sent
            with self._written:
                if len(self._lines) <= left_out and not over:
                    self._written.wait(TICK_S)
                fresh, left_out = self._lines[left_out:], max(left_out, len(self._lines))
            for line in fresh:
                if source in ("", line.source):
                    yield line.frame
            if over:
                return
            if not fresh:
                yield b""
