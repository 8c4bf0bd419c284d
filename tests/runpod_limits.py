"""RunPod's rate limit: three windows per user, counted and enforced."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Window:
    """So many requests in so many seconds, from the first one on."""

    name: str
    quota: int
    length_s: float
    used: int = 0
    began_s: float = -math.inf

    @property
    def left(self) -> int:
        return max(0, self.quota - self.used)

    def resets_in_s(self, now_s: float) -> int:
        """Whole seconds, as the headers have it; never too few."""
        return max(0, math.ceil(self.began_s + self.length_s - now_s))


def as_in_the_specification(speed: float = 1.0) -> list[Window]:
    """The numbers of the specification's example, 60 a minute, 3000 an hour, 50000 a day, on a clock so fast."""
    return _windows(speed, 60, 3_000, 50_000)


def as_observed(speed: float = 1.0) -> list[Window]:
    """About what one account was seen to have left: 176 of a minute, 7193 of an hour; of a day nothing is known."""
    return _windows(speed, 180, 7_200, 100_000)


def _windows(speed: float, minute: int, hour: int, day: int) -> list[Window]:
    return [
        Window("minute", minute, 60 / speed),
        Window("hour", hour, 3_600 / speed),
        Window("day", day, 86_400 / speed),
    ]


class RateLimits:
    """All windows of the account, whichever of its keys is used."""

    def __init__(self, windows: Sequence[Window]) -> None:
        self._windows = list(windows)
        self._lock = threading.Lock()

    def replace(self, windows: Sequence[Window]) -> None:
        """Begin anew with other windows."""
        with self._lock:
            self._windows = list(windows)

    def exhaust(self, wait_s: float) -> tuple[dict[str, str], int]:
        """Headers and Retry-After as if the first window were used up for `wait_s`; nothing is counted."""
        with self._lock:
            headers = self._headers(time.monotonic())
        seconds = math.ceil(wait_s)
        headers["RateLimit"] = f'"{self._windows[0].name}";r=0;t={seconds}'
        return headers, seconds

    def count(self) -> tuple[dict[str, str], Window | None, int]:
        """Count a request. The headers of its answer, the window that refuses it, and that window's Retry-After.

        A refused request is not counted. When several windows are exhausted the first one is named, and
        Retry-After is its own: only RateLimit tells that a longer wait is due.
        """
        with self._lock:
            now_s = time.monotonic()
            for window in self._windows:
                if now_s >= window.began_s + window.length_s:
                    window.began_s, window.used = now_s, 0
            exhausted = next((window for window in self._windows if not window.left), None)
            if exhausted is None:
                for window in self._windows:
                    window.used += 1
            retry_after_s = exhausted.resets_in_s(now_s) if exhausted else 0
            return self._headers(now_s), exhausted, retry_after_s

    def _headers(self, now_s: float) -> dict[str, str]:
        left = ", ".join(f'"{w.name}";r={w.left};t={w.resets_in_s(now_s)}' for w in self._windows)
        policy = ", ".join(f'"{w.name}";q={w.quota};w={math.ceil(w.length_s)}' for w in self._windows)
        return {"RateLimit": left, "RateLimit-Policy": policy}
