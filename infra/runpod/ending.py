"""Ending a pod, and seeing that it is gone: RunPod has been seen to answer, and not to do."""

from __future__ import annotations

import time
from typing import Protocol

import structlog

from infra.runpod.api import RunPodApi
from infra.runpod.pods import ENDED
from infra.runpod.verdict import GONE_AFTER
from infra.runpod.watch import Watch
from tasks.errors import RunPodError

log = structlog.get_logger(__name__)

AGAIN_S = 8.0
"""A pod that is still listed so long after its deletion is deleted again; 404 comes within 2 s (gpuc, fv-control)."""
LONGEST_S = 60.0
"""Then the reaper goes on, so that a run's end is not held up."""


class Sees(Protocol):
    """Whoever can ask RunPod for something, and see whether it was done."""

    @property
    def api(self) -> RunPodApi:
        """Asks."""
        ...

    @property
    def watch(self) -> Watch:
        """Sees."""
        ...


async def end_pod(desk: Sees, pod_id: str, *, ends_itself: bool = False) -> bool:
    """Whether the pod is gone: not in two lists in a row. Raises nothing of RunPod's.

    ends_itself: so that it is asked for only where a list still shows it; two hundred questions are saved by that when
    two hundred runs end at once, and the rate limit has better use for them.
    """
    until_s, asked_at_s, absences = time.monotonic() + LONGEST_S, float("-inf"), 0
    is_there = not ends_itself
    while time.monotonic() < until_s:
        if is_there and time.monotonic() - asked_at_s > AGAIN_S:
            asked_at_s = time.monotonic()
            try:
                await desk.api.delete(pod_id)
            except RunPodError as error:
                log.warning("pod.not_ended", pod=pod_id, reason=str(error))
        look = await desk.watch.next(hurry=True)
        if look.pods is None:
            continue
        pod = look.pods.get(pod_id)
        is_there = pod is not None and pod.status not in ENDED
        absences = 0 if is_there else absences + 1
        if absences >= GONE_AFTER:
            return True
    return False
