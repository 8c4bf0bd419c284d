"""What the stand-in vendors remember: every request, and every fault that still waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

REFUSALS = frozenset({"wrong_key", "busy", "busy_with_wait", "quota", "broken", "unavailable"})
"""Each in the vendor's own status and shape; `busy_with_wait` with Retry-After."""

DELIVERIES = frozenset({"stall", "stall_midway", "cut", "truncated", "wrong_type", "silence", "garbage", "empty"})
"""Status 200, and then: nothing after the headers; nothing after half the sound; half of it and a reset; half of the
Content-Length and an orderly end (of Realtime: an answer that says it is incomplete); HTML; as much silence; as many
random bytes; no byte at all."""

SPOKEN = frozenset({"paraphrase", "closed"})
"""Only a model that converses can say something else, and only a WebSocket can close politely."""

FAULTS = REFUSALS | DELIVERIES | SPOKEN | {"refused"}
Json = dict[str, Any]


@dataclass
class Request:
    """One request as the vendor understood it, and what became of it."""

    vendor: str
    operation: str
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    at_s: float
    """Seconds since the epoch."""
    key: str = ""
    voice: str = ""
    text: str = ""
    """What the vendor heard: without markup, aliases instead of what they stand for."""
    model: str = ""
    fields: Json = field(default_factory=dict)
    """The query, and the fields of the body."""
    fault: str = ""
    status: int = 0
    complete: bool = False
    """Whether the whole answer was sent; it is set just before its last byte."""
    until_s: float = 0.0

    def end(self) -> None:
        """The last bytes go out now: a client that has them may ask anew before the sender knows that they left."""
        self.complete, self.until_s = True, time.time()

    @property
    def spoken(self) -> bool:
        """Whether the client holds the speech that it asked for."""
        return self.operation == "speech" and self.status == 200 and self.complete and not self.fault


@dataclass
class Fault:
    """A switch: what goes wrong, for which requests, and how often still."""

    vendor: str
    kind: str
    times: int | None
    after: int
    on: str
    wait_s: float
    over: threading.Event = field(default_factory=threading.Event)


class Book:
    """Every request, and every fault that still waits; for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faults: list[Fault] = []
        self.stopped = threading.Event()
        self.pace_s = 0.0

    @property
    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def write(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def forget(self, vendor: str | None) -> None:
        """Take faults back; whoever is stalled by one is let go."""
        with self._lock:
            gone = [fault for fault in self._faults if vendor in (None, fault.vendor)]
            self._faults = [fault for fault in self._faults if fault not in gone]
        for fault in gone:
            fault.over.set()

    def fault_for(self, vendor: str, operation: str) -> Fault | None:
        """The fault that meets this request, if any; it counts."""
        with self._lock:
            for fault in self._faults:
                if fault.vendor != vendor or fault.on not in ("any", operation) or fault.times == 0:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    return None
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None
