"""A pod's log in the run's log, while it is written: what the host does with the pod, and what runs in it."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass, field

from infra.runpod.api import RunPodApi
from infra.runpod.launcher import MARK
from infra.runpod.pods import LogLine
from infra.runpod.problems import one_line
from tasks.errors import RunPodError

PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0

_PREFECT = re.compile(r"^\d\d:\d\d:\d\d\.\d+ \| \w+ +\| (Flow|Task) run ")
"""Prefect's own lines of the run: they reach its server by themselves."""
_CANNOT_START = re.compile(r"error (starting container|pulling image)|exec format error")

_BEGINS = re.compile(r"^start container ")
MOST_STARTS = 3
"""A container that is started so often, and whose launcher never said a word, can't start."""


@dataclass
class PodLog:
    """One pod's log, written into the log of its run."""

    log: logging.LoggerAdapter[logging.Logger]
    trouble: str = ""
    """What keeps the container from starting, as far as the log tells."""
    has_spoken: bool = False
    """Whether the launcher has said anything."""
    _starts: int = field(default=0)

    async def follow(self, api: RunPodApi, pod_id: str) -> None:
        """Write the pod's lines until the pod is gone, or this is cancelled. Raises nothing.

        RunPod ends the stream whenever it likes; it is taken up where it was left.
        """
        after, pause_s = "", PAUSE_S
        while True:
            try:
                async for event_id, line in api.log(pod_id, after=after):
                    after, pause_s = event_id, PAUSE_S
                    self.write(line)
            except RunPodError as error:
                if "answered 404" in str(error):
                    return
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, pause_s * 2)

    def write(self, line: LogLine) -> None:
        """One line: what the host does, what the launcher says, and the rest as the pod's output."""
        text = one_line(line.line)
        if not text or _PREFECT.match(text):
            return
        if line.source == "system" or text.startswith("exec "):
            self._write_of_host(text)
        elif text.startswith(MARK):
            self.has_spoken = True
            self.log.info("Pod: %s", text.removeprefix(MARK))
        else:
            self.log.info("Pod | %s", text)

    def _write_of_host(self, text: str) -> None:
        self._starts += bool(_BEGINS.match(text))
        if _CANNOT_START.search(text):
            self.trouble = text
        elif self._starts >= MOST_STARTS and not self.has_spoken:
            self.trouble = f"it was started {self._starts} times, and ended each time before the launcher said a word"
        self.log.log(logging.WARNING if _CANNOT_START.search(text) else logging.INFO, "RunPod: %s", text)
