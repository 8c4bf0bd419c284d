"""What becomes of a run, and of its pod: one table over what Prefect says of the run and RunPod of the pod.

    Prefect's state         pod                                      verdict
    deleted                 any                                      over: end the pod
    Completed, Failed,
    Cancelled, Crashed      any                                      over: end the pod
    any other               the server names another one that lives  follow: end this pod, go on with that one
    Cancelling              any, for longer than the grace; or gone  cancel
    Paused, Scheduled       gone, or stopped                         over: the queue brings it again
    Pending                 gone, stopped, can't start, or too late  replace it by another pod
    Pending, Running        container started again                  crash
    Running                 gone, or stopped                         crash
    Pending, Running        older than the run may be                crash
    any                     nobody could be asked                    wait

A pod is gone when two lists in a row lack it, as RunPod's lists have been seen to miss new pods for a moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from infra.runpod.pods import ENDED, STOPPED, Pod

UP_BY_S = 180.0
"""A pod that is RUNNING for so long, and whose container never was, can't start it; one is seen to bill so for ever."""
GONE_AFTER = 2
"""Absences in a row."""

FALLEN_S = 1
"""An uptime that is shorter by more is of another start; by so much it may be rounded otherwise."""

TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED"})


class Fate(Enum):
    """What to do."""

    WAIT = "wait"
    OVER = "over"
    CANCEL = "cancel"
    CRASH = "crash"
    REPLACE = "replace"
    FOLLOW = "follow"


@dataclass(frozen=True)
class Verdict:
    """What to do, and why in a sentence."""

    fate: Fate
    reason: str = ""


@dataclass
class Sight:
    """What has been seen of one run and one pod so far; times are of one clock that only rises."""

    pod_id: str
    made_at_s: float
    state: str = "PENDING"
    """Prefect's type of state; empty for a run that was deleted."""
    status: str = ""
    absences: int = 0
    was_up: bool = False
    """Whether its container ever ran."""
    restarted: bool = False
    uptime_s: int = 0
    """The longest that was seen."""
    falls: int = 0
    """Looks in a row with less; one that tells of no container at all may have missed it for a moment."""
    running_since_s: float | None = None
    """Since when RunPod says RUNNING."""
    cancelling_since_s: float | None = None
    trouble: str = ""
    """What the pod's log says that keeps its container from starting."""
    successor: str = ""
    """Another pod, which lives, and to which the run belongs by the server's word."""

    def look(self, pod: Pod | None, now_s: float) -> None:
        """The pod in a list that RunPod gave; None where the list lacks it."""
        if pod is None or pod.status in ENDED:
            self.absences += 1
            # Its launcher ends a pod whose container was started again, maybe before the next look.
            self.restarted = self.restarted or (self.is_gone and self.falls > 0)
            return
        self.absences, self.status = 0, pod.status
        if pod.status != "RUNNING":
            return
        self.running_since_s = now_s if self.running_since_s is None else self.running_since_s
        has_fallen = pod.uptime_s < self.uptime_s - (FALLEN_S if pod.uptime_s else 0)
        self.falls = self.falls + 1 if has_fallen else 0
        self.restarted = self.restarted or self.falls >= (1 if pod.uptime_s else GONE_AFTER)
        self.uptime_s = max(self.uptime_s, pod.uptime_s)
        self.was_up = self.was_up or pod.uptime_s > 0

    def hear(self, state: str, now_s: float) -> None:
        """What Prefect says of the run."""
        self.state = state
        if state != "CANCELLING":
            self.cancelling_since_s = None
        elif self.cancelling_since_s is None:
            self.cancelling_since_s = now_s

    @property
    def is_gone(self) -> bool:
        """Whether RunPod knows the pod no more."""
        return self.absences >= GONE_AFTER


@dataclass(frozen=True)
class Patience:
    """How long what may take, in seconds."""

    start_s: float
    run_s: float
    """From the pod's creation, by time or money."""
    cancel_s: float = 12.0
    """The run's own process ends in 10 s where it can (measured)."""


def judge(sight: Sight, patience: Patience, now_s: float) -> Verdict:
    """What to do now."""
    if sight.state in ("", *TERMINAL):
        return Verdict(Fate.OVER)
    if sight.successor:
        return Verdict(Fate.FOLLOW, f"the run belongs to pod {sight.successor}, and pod {sight.pod_id} is ended")
    is_lost = sight.is_gone or sight.status in STOPPED
    if sight.state == "CANCELLING":
        since_s = sight.cancelling_since_s
        is_due = since_s is not None and now_s - since_s >= patience.cancel_s
        return Verdict(Fate.CANCEL) if is_lost or is_due else Verdict(Fate.WAIT)
    if sight.state in ("PAUSED", "SCHEDULED"):
        return Verdict(Fate.OVER) if is_lost else _if_late(sight, patience, now_s)
    if sight.restarted:
        return Verdict(
            Fate.CRASH,
            "RunPod started the pod's container again, so its first process had ended: "
            "most likely it ran out of memory, or the image does not start; see the pod's log",
        )
    if is_lost:
        what = "vanished" if sight.is_gone else f"stopped by itself ({sight.status})"
        return Verdict(Fate.REPLACE if _is_unused(sight) else Fate.CRASH, f"pod {sight.pod_id} {what}")
    if sight.state == "PENDING" and not sight.was_up and (reason := _cannot_start(sight, patience, now_s)):
        return Verdict(Fate.REPLACE, reason)
    return _if_late(sight, patience, now_s)


def _is_unused(sight: Sight) -> bool:
    """Whether no part of the flow can have run in it: only then may another pod take its place."""
    return sight.state == "PENDING" and not sight.was_up


def _cannot_start(sight: Sight, patience: Patience, now_s: float) -> str:
    if sight.trouble:
        return f"pod {sight.pod_id} cannot start its container: {sight.trouble}"
    if sight.running_since_s is not None and now_s - sight.running_since_s > UP_BY_S:
        return f"pod {sight.pod_id} runs for {UP_BY_S:.0f} s, and its container never did"
    if now_s - sight.made_at_s > patience.start_s:
        return f"pod {sight.pod_id} did not start within {patience.start_s:.0f} s ({sight.status or 'never listed'})"
    return ""


def _if_late(sight: Sight, patience: Patience, now_s: float) -> Verdict:
    if now_s - sight.made_at_s > patience.run_s:
        return Verdict(Fate.CRASH, f"the pod reached its deadline of time or money after {patience.run_s:.0f} s")
    return Verdict(Fate.WAIT)
