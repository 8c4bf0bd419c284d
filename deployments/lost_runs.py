"""Runs whose process is gone without a word: on a machine of its own, every run that is under way when it starts."""

from __future__ import annotations

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.objects import StateType as Type
from prefect.states import Crashed

log = structlog.get_logger(__name__)

UNDER_WAY = FlowRunFilterState(type=FlowRunFilterStateType(any_=[Type.RUNNING, Type.PENDING, Type.CANCELLING]))


async def crash_lost_runs(client: PrefectClient, pool: str) -> tuple[FlowRun, ...]:
    """Mark the runs of this pool that are said to be under way, and their subflows, before its only worker starts.

    Returns them, so that they can be run again: they go on where they were.
    """
    in_pool = WorkPoolFilter(name=WorkPoolFilterName(any_=[pool]))
    lost = await client.read_flow_runs(flow_run_filter=FlowRunFilter(state=UNDER_WAY), work_pool_filter=in_pool)
    generation = lost
    while generation:
        parents = FlowRunFilterParentFlowRunId(any_=[run.id for run in generation])
        generation = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=UNDER_WAY, parent_flow_run_id=parents)
        )
        lost.extend(generation)
    for run in lost:
        state: State[None] = Crashed(
            message="The run's process ended without a word, with its machine or worker; run it again."
        )
        await client.set_flow_run_state(run.id, state, force=True)
        log.warning("run.lost", run=run.name)
    return tuple(lost)
