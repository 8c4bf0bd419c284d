"""RunPod's rate limit: several windows of time at once, for the whole account, told in every answer's headers.

    RateLimit: "minute";r=0;t=12, "hour";r=2800;t=1812
    RateLimit-Policy: "minute";q=60;w=60, "hour";q=3000;w=3600

The account is shared: with its pods, with other workers, with the console, with whatever else the studio runs. So what
the headers say replaces what we counted, a window that begins anew is tried with a few requests until one of them has
told what the others have used of it, and a 429 is an answer like any other.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_ITEM = re.compile(r'"(?P<name>[^"]+)"(?P<parameters>(?:;\s*\w+=\d+)+)')
_PARAMETER = re.compile(r"(\w+)=(\d+)")

RESERVE = 0.2
"""Of each window, the share that is kept for ending pods and for looking at them, which cannot wait."""

TRIED = 0.1
"""Of a window that has begun anew, the share that may be asked before an answer tells of it; one request at least."""

SAME_S = 1.1
"""Two resets no further apart are one, as the headers tell whole seconds."""


@dataclass
class Window:
    """What we know of one window."""

    left: int = 1
    quota: int = 1
    length_s: float = 60.0
    resets_at_s: float = 0.0
    is_new: bool = False
    """Whether it has begun anew, and no answer has told of it yet."""

    @property
    def reserve(self) -> int:
        """Requests that only urgent ones may use."""
        return 0 if self.is_new else int(self.quota * RESERVE)

    def begin(self, now_s: float) -> None:
        """Begin anew."""
        self.left, self.is_new = max(1, int(self.quota * TRIED)), True
        self.resets_at_s = now_s + self.length_s


class RateLimits:
    """Lets requests through no faster than every window allows; safe for any number of tasks of one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Until the first answer nothing is known, and one request at a time is let through."""
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._in_flight = 0
        self._changed = asyncio.Condition()

    async def enter(self, *, urgent: bool) -> None:
        """Wait until a request may be sent; every `enter` is followed by a `leave`."""
        async with self._changed:
            while True:
                wait_s = self.wait_s(urgent=urgent)
                if wait_s == 0 and (self._windows or not self._in_flight):
                    break
                try:
                    async with asyncio.timeout(wait_s or None):
                        await self._changed.wait()
                except TimeoutError:
                    continue
            self._in_flight += 1
            for window in self._windows.values():
                window.left -= 1

    async def leave(self, headers: Mapping[str, str] | None) -> None:
        """A request has been answered with these headers, or, with None, was not answered."""
        async with self._changed:
            self._in_flight -= 1
            if headers is not None:
                self._read(headers)
            else:
                for window in self._windows.values():
                    window.left += window.is_new  # nobody told, so somebody else has to try
            self._changed.notify_all()

    def wait_s(self, *, urgent: bool) -> float:
        """Seconds until a request may be sent: those of the window that takes longest. 0: now."""
        now_s = self._clock()
        longest_s = 0.0
        for window in self._windows.values():
            if window.resets_at_s <= now_s:
                window.begin(now_s)
            if window.left <= (0 if urgent else window.reserve):
                longest_s = max(longest_s, window.resets_at_s - now_s)
        return longest_s

    def exhaust(self, wait_s: float) -> None:
        """A 429 whose headers name no window: let nothing through for so long."""
        self._windows["asked"] = Window(0, 1 << 30, 1.0, self._clock() + wait_s)

    def _read(self, headers: Mapping[str, str]) -> None:
        policies = _items(headers.get("ratelimit-policy", ""))
        for name, now in _items(headers.get("ratelimit", "")).items():
            known = self._windows.get(name, Window())
            policy = policies.get(name, {})
            resets_at_s = self._clock() + now.get("t", 0)
            # What is still under way was not counted yet when this answer was written.
            left = now.get("r", known.left) - self._in_flight
            if abs(resets_at_s - known.resets_at_s) < SAME_S and not known.is_new:
                left = min(left, known.left)  # answers overtake each other, and an older one knows of less
            self._windows[name] = Window(
                left=left,
                quota=policy.get("q", max(known.quota, now.get("r", 1))),
                length_s=float(policy.get("w", known.length_s)),
                resets_at_s=resets_at_s,
            )


def _items(header: str) -> dict[str, dict[str, int]]:
    return {
        found["name"]: {name: int(value) for name, value in _PARAMETER.findall(found["parameters"])}
        for found in _ITEM.finditer(header)
    }
