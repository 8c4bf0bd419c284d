"""Runs whose process is gone without a word: on a machine of its own, every run that is under way when it starts."""

from __future__ import annotations

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.objects import StateType as Type
from prefect.exceptions import ObjectNotFound
from prefect.states import Crashed

log = structlog.get_logger(__name__)

UNDER_WAY = FlowRunFilterState(type=FlowRunFilterStateType(any_=[Type.RUNNING, Type.PENDING, Type.CANCELLING]))


async def crash_lost_runs(client: PrefectClient, pool: str) -> tuple[FlowRun, ...]:
    """Mark the runs of this pool that are said to be under way, and their subflows, before its only worker starts.

    Returns them, so that they can be run again: they go on where they were.
    """
    under_way = await client.read_flow_runs(flow_run_filter=FlowRunFilter(state=UNDER_WAY))
    # A run without a pool is somebody's command, and may well be alive.
    lost = [run for run in under_way if await _pool_of(client, run) == pool]
    for run in lost:
        state: State[None] = Crashed(
            message="The run's process ended without a word, with its machine or worker; run it again."
        )
        await client.set_flow_run_state(run.id, state, force=True)
        log.warning("run.lost", run=run.name)
    return tuple(lost)


async def _pool_of(client: PrefectClient, run: FlowRun) -> str:
    """The pool that runs this flow, or the flow that it is a part of; empty where nobody knows."""
    try:
        while run.parent_task_run_id:
            task_run = await client.read_task_run(run.parent_task_run_id)
            if task_run.flow_run_id is None:
                return ""
            run = await client.read_flow_run(task_run.flow_run_id)
    except ObjectNotFound:
        return ""
    return run.work_pool_name or ""
