"""A stand-in for RunPod: its API v2 on 127.0.0.1, and pods that are real processes of this machine.

    with RunPodServer(speed=20) as runpod:
        runpod.images["hladvarp/gpu:1"] = Image(("python", "-m", "launcher"), env={"PYTHONPATH": str(checkout)})
        runpod.url, runpod.key                              # http://127.0.0.1:40123 and rpa_…
        runpod.fail("broken_after")                         # the next createPod makes a pod, and answers 500
        runpod.doom("out_of_memory", after_s=1)             # the next pod is killed once, a second after RUNNING
        runpod.catalog.stock("NONE", gpu=L40)               # sold out
        runpod.left_over, runpod.ledger()                   # pods that nobody ended; a table of all

`speed` shortens what RunPod takes its time for (provisioning, pulling, restarting, 404 after a deletion, settling
bills, the windows of the rate limit); time stamps, uptimes, costs and the grace after SIGTERM stay real.

Where the facts are from, and how sure they are:
- Specification, runpod/docs api-reference-v2/openapi.json of 2026-08-20: operations and their ids, bodies and answers,
  422 on unknown fields, problem+json, RateLimit headers, 402/403/404/409/429, statuses and actions, catalogue filters,
  billing buckets, log events. Entrypoint, cmd, minRamPerGpu, minVcpuCountPerGpu, pagination, secrets and 413 are
  of later versions of it, and are known by description only.
- Live, by the vendor's own repositories (runpod-plugins-official, runpod-mcp; August 2026): the prose of no capacity,
  also for data centres too narrow and for a missing gpu.count; unknown query parameters ignored; a missing property
  that makes valid ones "not allowed"; x-request-id; several windows exhausted at once; system lines of the log.
- Live, by others (podtrack, pitwall, gpuc, Fern, fv-control, SkyPilot, transformerlab; 2026): 403 without a User-Agent;
  a container that is started again some 17 s after it ends, at status RUNNING, so that only `uptime` tells; RUNNING at
  uptime 0 where it can't start; a driver too old; new pods that a list or GET misses; 404 within 2 s of a deletion;
  self-termination with the pod's own key by podAction; `cost` with the container's disk; no place for disks of 10 GB;
  secrets shown as references; logs that vanish with the pod.
- Retired REST v1 (410): announced for 2026-11-15.

Decided here, as nobody documents it: a pod's key may GET and terminate its pod by podAction, and nothing else; RunPod's
variables win over a pod's own of the same name; a pod is paid for from its creation; the details beside 401 and 400; a
refused request isn't counted; a pod just ended is TERMINATED until it is 404; the log's stream ends with its pod; an
automatic restart wipes the container's disk (`cloud.keeps_disk`); an unknown secret keeps the container from starting.
Not here: serverless, clusters, CPU catalogue, public templates, SSH keys, other resources' bills.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from runpod_account import Account, Key
from runpod_api import RunPod
from runpod_book import FATES, FAULTS, Book, Fate, Fault, Request
from runpod_catalog import A40, L40, L40S, RTX_4090, Catalog
from runpod_cloud import Cloud, ledger
from runpod_container import Image, Launch, Light
from runpod_life import Timing
from runpod_limits import RateLimits, Window, as_in_the_specification, as_observed
from runpod_pod import Pod
from runpod_wire import CAPACITY, Listener

__all__ = [
    "A40",
    "CAPACITY",
    "FATES",
    "FAULTS",
    "L40",
    "L40S",
    "RTX_4090",
    "Image",
    "Launch",
    "Light",
    "Pod",
    "Request",
    "RunPodServer",
    "Timing",
    "Window",
    "as_in_the_specification",
    "as_observed",
]

AFTER_RUNNING = frozenset({"out_of_memory", "freezes", "vanishes", "host_lost", "error"})


class RunPodServer:
    """RunPod, started; `close` ends it with every process of its pods, and so does leaving the `with` block."""

    def __init__(
        self, *, speed: float = 20.0, timing: Timing | None = None, windows: Sequence[Window] | None = None
    ) -> None:
        """timing: RunPod's own times, before `speed`. windows: the rate limit's, as they are."""
        self._book = Book()
        self._folder = tempfile.TemporaryDirectory(prefix="runpod-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self.catalog = Catalog()
        self.account = Account(self.catalog, folder / "volumes")
        self.cloud = Cloud(self.account, self._book, (timing or Timing()).at(speed), folder / "disks")
        self.limits = RateLimits(windows or as_in_the_specification(speed))
        self.api = RunPod(self._book, self.account, self.cloud, self.limits)
        self.key = self.new_key("account")
        self._listener = Listener(self.api)

    def __enter__(self) -> RunPodServer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on everybody, and end every process of every pod; the ledger can still be read."""
        self._book.stopped.set()
        self._book.forget()
        self._listener.close()
        self.cloud.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """Where the API is, without `/v2`."""
        return f"http://127.0.0.1:{self._listener.server_port}"

    @property
    def images(self) -> dict[str, Image]:
        """What can be pulled, by name."""
        return self.cloud.images

    @property
    def requests(self) -> list[Request]:
        """Every request since the start or `clear`, in the order in which they came."""
        return self._book.requests

    def asked(self, operation: str) -> list[Request]:
        """Those of one operation: `createPod`, `listPods`, `getPod`, `deletePod`, `podAction`, `getPodLogs` …"""
        return [request for request in self.requests if request.operation == operation]

    def clear(self) -> None:
        """Forget the requests; pods are never forgotten."""
        self._book.clear()

    @property
    def pods(self) -> list[Pod]:
        """The ledger: every pod ever made, in the order of their creation."""
        return list(self.cloud.pods.values())

    @property
    def left_over(self) -> list[Pod]:
        """Pods that nobody ended, but for those made in the console: `[]` at the end of a good test."""
        return [pod for pod in self.pods if pod.is_left and pod.made_by != "console"]

    def made_for(self, name: str, value: str) -> list[Pod]:
        """Pods in whose environment this variable has this value."""
        return [pod for pod in self.pods if pod.env.get(name) == value]

    def ledger(self) -> str:
        """All pods as a table: by whom made and ended, how often started, seconds alive, USD."""
        return ledger(iter(self.pods))

    def new_key(self, name: str, *, writes: bool = True) -> str:
        """A key of the account; requests and pods made with it carry this name."""
        return self.account.new_key(Key(name, writes))

    def expire(self, key: str) -> None:
        """Let a key in no longer."""
        self.api.expired.add(key)

    def fail(
        self, kind: str, *, on: str = "createPod", times: int | None = 1, after: int = 0, wait_s: float = 1.0
    ) -> None:
        """Make one of FAULTS happen to the next requests, in the order in which faults were switched on.

        on: an operation, or `any`. times: how many requests; None: until `recover`. after: how many to let through
        first. wait_s: Retry-After of `busy`, and how long `slow` takes.
        Raises: ValueError for a fault that there isn't.
        """
        if kind not in FAULTS:
            raise ValueError(f"there is no fault {kind!r}; there are {', '.join(sorted(FAULTS))}")
        self._book.add(Fault(kind, on, times, after, wait_s))

    def doom(self, kind: str, *, times: int | None = 1, after_s: float = 0.0) -> None:
        """Make one of FATES happen to the next pods; `after_s` counts from RUNNING.

        Raises: ValueError for a fate that there isn't.
        """
        if kind not in FATES:
            raise ValueError(f"there is no fate {kind!r}; there are {', '.join(sorted(FATES))}")
        self.cloud.doom(Fate(kind, times, after_s))

    def strike(self, pod: Pod, kind: str) -> None:
        """Make a fate that can come at any time happen to this pod, now.

        Raises: ValueError for any other.
        """
        if kind not in AFTER_RUNNING:
            raise ValueError(f"{kind!r} can't come now; {', '.join(sorted(AFTER_RUNNING))} can")
        self.cloud.strike(pod.id, kind)

    def recover(self) -> None:
        """Switch faults and fates off, and let everything be free again; what became of a pod stays."""
        self._book.forget()
        self.catalog.restock()
