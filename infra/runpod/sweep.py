"""Now and then: runs that lost their worker are taken up, and pods that lost their run are ended.

Both touch what carries this pool's stamp, and nothing else. A run belongs to the worker whose label it has; it is
taken up by the worker of the same name after a restart, and by any other once that one has sent no heartbeat for long,
and is seen so in two sweeps in a row: when the server itself was away, all heartbeats are old until each comes anew.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound

from infra.runpod.desk import Desk
from infra.runpod.ending import end_pod
from infra.runpod.stamp import DEADLINE
from infra.runpod.verdict import TERMINAL

log = structlog.get_logger(__name__)

EVERY_S = 60.0
PAGE = 200
DEAD_AFTER = timedelta(seconds=100)
"""Without a heartbeat, which a worker sends every 30 s."""
NOBODYS_AFTER = timedelta(seconds=60)
"""A run that is Pending for so long and has no worker's label was lost before it got one."""
PAST_DEADLINE_S = 120.0
UNDER_WAY = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]


@dataclass
class LostRuns:
    """Runs to be taken up, sweep by sweep."""

    worker: str
    """Who takes them up."""
    _before: frozenset[UUID] = frozenset()

    async def seen(self, client: PrefectClient, pool: str, *, attended: frozenset[UUID]) -> list[FlowRun]:
        """Those that are lost now: this worker's own, and others' that were lost in the sweep before this too."""
        lost = await lost_runs(client, pool, worker=self.worker, attended=attended)
        before, self._before = self._before, frozenset(run.id for run in lost)
        return [run for run in lost if _owner(run) == self.worker or run.id in before]


async def lost_runs(client: PrefectClient, pool: str, *, worker: str, attended: frozenset[UUID]) -> list[FlowRun]:
    """Runs of the pool that are under way, and that nobody seems to care for."""
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=UNDER_WAY))
    alive = {
        each.name
        for each in await client.read_workers_for_work_pool(pool)
        if each.last_heartbeat_time and datetime.now(UTC) - each.last_heartbeat_time < DEAD_AFTER
    }
    found: list[FlowRun] = []
    while True:
        page = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=state),
            work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
            limit=PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < PAGE:
            break
    return [run for run in found if run.id not in attended and _is_lost(run, worker, alive)]


def _is_lost(run: FlowRun, worker: str, alive: set[str]) -> bool:
    if owner := _owner(run):
        return owner == worker or owner not in alive
    return run.state is not None and datetime.now(UTC) - run.state.timestamp > NOBODYS_AFTER


def _owner(run: FlowRun) -> str:
    return str(run.labels.get("prefect.worker.name", ""))


async def reap(desk: Desk) -> int:
    """End the pool's pods whose run is over, gone, or past its pod's deadline; how many there were."""
    look = await desk.watch.next(hurry=True)
    ended = 0
    for pod, stamp in look.stamped(desk.pool_id):
        if stamp.flow_run_id in desk.watch.attended:
            continue
        reason = await _why_orphaned(desk.client, stamp.flow_run_id, pod.env.get(DEADLINE, ""))
        if reason:
            log.warning("pod.reaped", pod=pod.id, run=str(stamp.flow_run_id), reason=reason)
            ended += await end_pod(desk, pod.id)
    return ended


async def _why_orphaned(client: PrefectClient, flow_run_id: UUID, deadline: str) -> str:
    """Why nobody wants the pod; empty where somebody may."""
    try:
        run = await client.read_flow_run(flow_run_id)
    except ObjectNotFound:
        return "its run was deleted"
    if run.state_type is not None and run.state_type.value in TERMINAL:
        return f"its run is {run.state_type.value}"
    if deadline.isdigit() and time.time() > int(deadline) + PAST_DEADLINE_S:
        return "its deadline has passed"
    return ""
