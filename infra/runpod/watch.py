"""One look at RunPod and one at Prefect for all runs of a worker: their number costs no more requests.

Pods are looked at first and states after: a pod that ended by itself has told the server before, so that a state that
is read later is never older than the pod's absence.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun

from infra.runpod.api import RunPodApi
from infra.runpod.pods import Pod
from infra.runpod.stamp import Stamp, stamped
from tasks.errors import RunPodError

log = structlog.get_logger(__name__)

AT_LEAST_S = 1.0
"""Between two looks, however many runs ask for one."""
PAGE = 200
"""Flow runs that the server gives at once."""


@dataclass(frozen=True)
class Look:
    """What was seen at one moment."""

    number: int = 0
    pods: Mapping[str, Pod] | None = None
    """By id; None where RunPod could not be asked."""
    runs: Mapping[UUID, FlowRun] = field(default_factory=dict)
    """Those that are attended."""
    asked_runs: frozenset[UUID] = frozenset()
    """Runs that were asked for, and of which the server knows none but those in `runs`."""

    def stamped(self, pool_id: UUID, flow_run_id: UUID | None = None) -> tuple[tuple[Pod, Stamp], ...]:
        """The pods that were seen with the stamp of a pool, or of one of its runs."""
        return stamped((self.pods or {}).values(), pool_id, flow_run_id)

    def named_pod(self, flow_run_id: UUID) -> str:
        """The pod that a run belongs to, by the server's word; empty where it was not seen to name any."""
        run = self.runs.get(flow_run_id)
        return (run.infrastructure_pid or "") if run is not None else ""


class Watch:
    """Looks as often as somebody waits for it; safe for any number of tasks of one event loop."""

    def __init__(
        self, api: RunPodApi, client: PrefectClient, *, every_s: float, tell: Callable[[Mapping[str, Pod]], None]
    ) -> None:
        """every_s: between two looks while nobody is in a hurry. tell: hears of every list of pods, by id."""
        self._api, self._client, self._every_s, self._tell = api, client, every_s, tell
        self._attended: dict[UUID, int] = {}
        self._begun = 0
        self._last = Look()
        self._hurry = asyncio.Event()
        self._seen = asyncio.Condition()

    @property
    def attended(self) -> frozenset[UUID]:
        """Runs that this worker cares for."""
        return frozenset(self._attended)

    @property
    def last(self) -> Look:
        """What was seen last, for whoever need not wait."""
        return self._last

    def attend(self, flow_run_id: UUID) -> None:
        """From now on look at this run."""
        self._attended[flow_run_id] = self._attended.get(flow_run_id, 0) + 1

    def leave(self, flow_run_id: UUID) -> None:
        """No longer look at this run."""
        self._attended[flow_run_id] -= 1
        if not self._attended[flow_run_id]:
            del self._attended[flow_run_id]

    async def next(self, *, hurry: bool = False) -> Look:
        """What is seen by a look that begins after this call; in a hurry, as soon as may be."""
        wanted = self._begun + 1
        if hurry:
            self._hurry.set()
        async with self._seen:
            await self._seen.wait_for(lambda: self._last.number >= wanted)
            return self._last

    async def go_on(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            began_s = time.monotonic()
            is_wanted = bool(self._attended) or self._hurry.is_set()
            self._hurry.clear()
            self._begun += 1
            look = await self._look(self._begun, pods=await self._pods() if is_wanted else None)
            async with self._seen:
                self._last = look
                self._seen.notify_all()
            await asyncio.sleep(AT_LEAST_S)
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + self._left_s(began_s)):
                    await self._hurry.wait()
            except TimeoutError:
                continue

    def _left_s(self, began_s: float) -> float:
        return max(0.0, self._every_s - (time.monotonic() - began_s))

    async def _look(self, number: int, *, pods: Mapping[str, Pod] | None) -> Look:
        wanted = list(self._attended)
        runs: dict[UUID, FlowRun] = {}
        try:
            for start in range(0, len(wanted), PAGE):
                ids = FlowRunFilter(id=FlowRunFilterId(any_=wanted[start : start + PAGE]))
                runs |= {run.id: run for run in await self._client.read_flow_runs(flow_run_filter=ids, limit=PAGE)}
        except Exception as error:  # noqa: BLE001 - whatever it is, all runs wait for the next look
            log.warning("prefect.unreachable", reason=type(error).__name__)
            return Look(number, pods)
        return Look(number, pods, runs, frozenset(wanted))

    async def _pods(self) -> Mapping[str, Pod] | None:
        try:
            pods = {pod.id: pod for pod in await self._api.pods()}
            self._tell(pods)
            return pods
        except RunPodError as error:
            log.warning("runpod.unreachable", reason=str(error))
        except Exception as error:  # noqa: BLE001 - as above
            log.error("runpod.unreadable", reason=type(error).__name__)
        return None
