"""What can go wrong at RunPod, one switch each, and what a run's user has to see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from runpod_server import L40, L40S, RunPodServer, Window
from runpod_studio import Studio

Switch = Callable[[RunPodServer, Studio], None]
Strike = Callable[[RunPodServer, Studio], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """One fault, and the right outcome."""

    name: str
    switch: Switch
    state: str = "COMPLETED"
    pods: int = 1
    says: str = ""
    """A part of what the state, or the run's log, has to say."""
    fate: str = ""
    """Of the pod that runs the body, which hangs until then."""
    strike: Strike | None = None
    """Whatever else comes while the body runs."""
    bodies: int = 1
    """How often the flow's body has to run."""
    variables: dict[str, object] = field(default_factory=dict)


def fails(kind: str, *, on: str = "createPod", times: int | None = 1, after: int = 0, wait_s: float = 1.0) -> Switch:
    """An answer goes wrong."""
    return lambda runpod, _: runpod.fail(kind, on=on, times=times, after=after, wait_s=wait_s)


def doomed(kind: str) -> Switch:
    """The first pod has this fate."""
    return lambda runpod, _: runpod.doom(kind)


def both(*switches: Switch) -> Switch:
    def switch(runpod: RunPodServer, studio: Studio) -> None:
        for each in switches:
            each(runpod, studio)

    return switch


def nothing(runpod: RunPodServer, studio: Studio) -> None:
    """Until something comes under the run."""


async def key_taken(runpod: RunPodServer, studio: Studio) -> None:
    """The account's key is let in no longer, while the run goes on and ends."""
    runpod.expire(runpod.key)
    await asyncio.sleep(3)
    studio.hangs.clear()


def pods_key_refused(runpod: RunPodServer, studio: Studio) -> None:
    """As REST v1 did it: a pod cannot end itself."""
    runpod.api.admits_pods = False


def hidden(runpod: RunPodServer, studio: Studio) -> None:
    """Lists lack a new pod, of whose creation nobody heard."""
    runpod.cloud.hides_new_for_s = 2.5
    runpod.fail("broken_after")


def sold_out(runpod: RunPodServer, studio: Studio) -> None:
    """Of the first type, though the catalogue shows it."""
    runpod.catalog.stock("NONE", gpu=L40, hidden=True)


def two_windows(runpod: RunPodServer, studio: Studio) -> None:
    """Several windows of the rate limit are soon used up at once."""
    runpod.limits.replace([Window("minute", 8, 2.0), Window("hour", 12, 6.0)])


def leaves(runpod: RunPodServer, studio: Studio) -> None:
    """The container's process ends, and RunPod does not start it again."""
    studio.leaves = True
    runpod.doom("exits")


def ends_as(outcome: str) -> Switch:
    """No fault of RunPod's: Prefect's own word on the run has to stand."""

    def switch(runpod: RunPodServer, studio: Studio) -> None:
        studio.outcome = outcome

    return switch


TWO_TYPES: dict[str, object] = {"gpu_types": [L40, L40S]}
FAULTS = (
    Fault("createPod: no capacity for a moment", fails("no_capacity"), says="asking for NVIDIA L40S"),
    Fault("createPod: no capacity for the first type", sold_out, variables=TWO_TYPES, says="asking for NVIDIA L40S"),
    Fault("createPod: 402 no balance", fails("no_balance"), "CRASHED", 0, "put credit on the account", bodies=0),
    Fault("createPod: 403 no access", fails("no_access", times=None), "CRASHED", 0, "rights to read", bodies=0),
    Fault("createPod: 404 unknown part", fails("not_found"), "CRASHED", 0, "correct the pool's", bodies=0),
    Fault("createPod: 429 with Retry-After", fails("busy", times=2)),
    Fault("all: two windows used up at once", two_windows),
    Fault("createPod: 500, nothing done", fails("broken"), says="did not say"),
    Fault("createPod: 502 of the edge, HTML", fails("bad_gateway"), says="did not say"),
    Fault("createPod: 503", fails("unavailable"), says="did not say"),
    Fault("createPod: connection reset, nothing done", fails("reset"), says="did not say"),
    Fault("createPod: silence, nothing done", fails("hang"), says="did not say"),
    Fault("createPod: pod made, 500", fails("broken_after"), says="did not say"),
    Fault("createPod: pod made, connection reset", fails("reset_after"), says="did not say"),
    Fault("createPod: pod made, silence", fails("hang_after"), says="did not say"),
    Fault("createPod: pod made, half an answer", fails("cut"), says="did not say"),
    Fault("createPod: pod made, HTML and 200", fails("wrong_type"), says="did not say"),
    Fault("createPod: pod made, 500, and lists hide it", hidden, says="did not say"),
    Fault("createPod: slow", fails("slow", wait_s=3)),
    Fault("listPods: lacks the pod for two looks", fails("omits", on="listPods", times=2, after=2), pods=1),
    Fault("listPods: 500 for a while", fails("broken", on="listPods", times=12, after=2)),
    Fault("listPods: HTML and 200", fails("wrong_type", on="listPods", times=2, after=2)),
    Fault("listPods: half an answer", fails("cut", on="listPods", times=2, after=2)),
    Fault("catalogue: 500", fails("broken", on="listGpuTypes", times=None)),
    Fault("log: 500", fails("broken", on="getPodLogs", times=None)),
    Fault("log: breaks off", fails("cut", on="getPodLogs", times=2)),
    Fault("end: the pod's own key is refused", pods_key_refused),
    Fault("end: accepted and not done", both(pods_key_refused, fails("not_done", on="deletePod"))),
    Fault("end: 500 for a while", both(pods_key_refused, fails("broken", on="deletePod", times=6))),
    Fault("pod: stuck PROVISIONING", doomed("stuck_provisioning"), pods=2, says="did not start within"),
    Fault("pod: stuck STARTING", doomed("stuck_starting"), pods=2, says="did not start within"),
    Fault("pod: RUNNING, and never up", doomed("never_starts"), pods=2, says="trying another pod"),
    Fault("pod: image can't be pulled", doomed("pull_error"), pods=2, says="error pulling image"),
    Fault("pod: driver too old for CUDA", doomed("no_driver"), pods=2, says="unsatisfied condition: cuda"),
    Fault("pod: wrong architecture", doomed("wrong_architecture"), pods=2, says="exec format error"),
    Fault("pod: crash loop", doomed("crash_loop"), pods=2, says="before the launcher said a word"),
    Fault("pod: dearer than the catalogue", doomed("dearer"), pods=2, says="would have cost"),
    Fault("pod: a status that nobody knows", doomed("unknown_status")),
    Fault("pod: container ends, EXITED", leaves),
    Fault("under the run: pod vanishes", nothing, "CRASHED", 1, "vanished", fate="vanishes"),
    Fault("under the run: host lost, EXITED", nothing, "CRASHED", 1, "EXITED", fate="host_lost"),
    Fault("under the run: ERROR", nothing, "CRASHED", 1, "ERROR", fate="error"),
    Fault("under the run: out of memory, restart", nothing, "CRASHED", 1, "ran out of memory", fate="out_of_memory"),
    Fault(
        "under the run: everything in the pod freezes",
        nothing,
        "CRASHED",
        1,
        "deadline of time or money",
        fate="freezes",
        variables={"start_deadline_s": 8, "run_deadline_s": 4},
    ),
    Fault("under the run: the account's key is taken away", nothing, strike=key_taken),
    Fault("none: the flow fails", ends_as("FAILED"), "FAILED"),
    Fault("none: the flow says that it crashed", ends_as("CRASHED"), "CRASHED"),
    Fault("none: the flow says that it was cancelled", ends_as("CANCELLED"), "CANCELLED"),
    Fault("none: strangers' pods in the account", lambda runpod, _: runpod.cloud.foreign("a notebook") and None),
)
