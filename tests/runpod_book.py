"""What the stand-in RunPod remembers: every request, and every fault that still waits."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

REFUSED = frozenset(
    {"no_capacity", "no_balance", "no_access", "not_found", "busy", "broken", "bad_gateway", "unavailable"}
)
"""Answered with an error, and nothing was done."""

UNHEARD = frozenset({"reset", "hang"})
"""Nothing was done, and nothing is answered: the connection is reset, or stays open and silent."""

LOST = frozenset({"broken_after", "reset_after", "hang_after", "cut"})
"""What was asked for was done, and whoever asked can't know: 500, a reset, silence, half an answer."""

ODD = frozenset({"slow", "wrong_type", "not_done", "omits"})
"""`slow`: the answer comes after `wait_s`. `wrong_type`: a page of HTML with status 200. `not_done`: a deletion is
accepted and does not happen. `omits`: a list without any pod."""

FAULTS = REFUSED | UNHEARD | LOST | ODD

FATES = frozenset(
    {
        "stuck_provisioning",
        "stuck_starting",
        "never_starts",
        "pull_error",
        "no_driver",
        "crash_loop",
        "wrong_architecture",
        "exits",
        "out_of_memory",
        "freezes",
        "vanishes",
        "host_lost",
        "error",
        "dearer",
        "unknown_status",
    }
)
"""What becomes of a pod. From the start: those up to `exits`, and `dearer`. Some time after RUNNING: the others."""


@dataclass
class Request:
    """One request as RunPod understood it, and what became of it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Json
    at_s: float
    """Seconds since the epoch."""
    operation: str = ""
    """The vendor's operationId (`createPod`, `listPods` …); empty where there is none at this path."""
    key: str = ""
    """Whose key: `account`, the name given to `new_key`, `pod <id>`; empty where nobody was let in."""
    pod_id: str = ""
    """The pod that it was about, also when it was made by this request."""
    status: int = 0
    """The status that was sent; 0 where none was."""
    fault: str = ""
    limits: Mapping[str, str] = field(default_factory=dict)
    """The headers RateLimit and RateLimit-Policy of the answer."""
    until_s: float = 0.0


@dataclass
class Fault:
    """A switch: what goes wrong, for which requests, and how often still."""

    kind: str
    on: str
    times: int | None
    after: int
    wait_s: float
    over: threading.Event = field(default_factory=threading.Event)


@dataclass
class Fate:
    """What becomes of the next pods, and how many seconds after RUNNING."""

    kind: str
    times: int | None = 1
    after_s: float = 0.0


class Book:
    """Every request, every fault and fate that still waits; for all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._faults: list[Fault] = []
        self._fates: list[Fate] = []
        self.stopped = threading.Event()

    @property
    def requests(self) -> list[Request]:
        with self._lock:
            return list(self._requests)

    def write(self, request: Request) -> None:
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()

    def add(self, happening: Fault | Fate) -> None:
        with self._lock:
            if isinstance(happening, Fault):
                self._faults.append(happening)
            else:
                self._fates.append(happening)

    def forget(self) -> None:
        """Take all faults and fates back; whoever is held up by one is let go."""
        with self._lock:
            faults, self._faults, self._fates = self._faults, [], []
        for fault in faults:
            fault.over.set()

    def fault_for(self, operation: str) -> Fault | None:
        """The fault that meets this request, if any; it counts."""
        with self._lock:
            for fault in self._faults:
                if fault.on not in ("any", operation) or fault.times == 0:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    return None
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def fate_for_next_pod(self) -> Fate | None:
        """The fate of the pod that is being made, if any; it counts."""
        with self._lock:
            for fate in self._fates:
                if fate.times == 0:
                    continue
                if fate.times is not None:
                    fate.times -= 1
                return fate
        return None
