"""Who waits for a stage's run on a pool: each flow that asked for it, until it goes; the last one ends the run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import TERMINAL_STATES, StateType
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Cancelling

log = structlog.get_logger(__name__)

LET_GO = "let-go"
"""Tag of a run that was ended as nobody waited for it: whoever had come to wait in the same moment asks anew."""
ENDED = "The flow that asked for it has ended."
WAIT_NO_MORE = [*TERMINAL_STATES, StateType.CANCELLING]


def asker() -> UUID | None:
    """The flow run that this is called in."""
    context = FlowRunContext.get()
    return context.flow_run.id if context and context.flow_run else None


async def join(tag: str) -> None:
    """Say that the calling flow waits for the run of this content. To be said before such a run is looked for."""
    if (me := asker()) is None:
        return
    async with get_client() as client:
        run = await client.read_flow_run(me)
        await client.update_flow_run(me, tags=sorted({*run.tags, _awaits(tag)}))


def leave(tag: str) -> bool:
    """Say that the calling flow waits no more; whether nobody else does.

    Of two that leave at the same moment, at least one hears that it was the last. Needs no event loop.
    """
    me = asker()
    waiting = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[_awaits(tag)]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(not_any_=WAIT_NO_MORE)),
    )
    with get_client(sync_client=True) as client:
        if me is not None:
            run = client.read_flow_run(me)
            client.update_flow_run(me, tags=sorted({*run.tags} - {_awaits(tag)}))
        return all(run.id == me for run in client.read_flow_runs(flow_run_filter=waiting, limit=2))


def give_up(tag: str, run_ids: Iterable[UUID]) -> None:
    """Leave, and cancel those runs that were for this content, unless somebody else waits for it. Raises nothing."""
    try:
        is_last = leave(tag)
    except Exception as error:  # noqa: BLE001 - the caller is ending, with a failure of its own
        log.warning("stage.not_given_up", reason=str(error))
        return
    if is_last:
        cancel(run_ids)


def call_off(deployment: str, asked: dict[str, Any], tag: str) -> None:
    """Leave, and see to it that what was just asked of a deployment does not run, unless somebody else waits for it.

    asked: what was asked, with its idempotency key: by that, the server makes no second run, now or later.
    Raises nothing.
    """
    try:
        if not leave(tag):
            return
        with get_client(sync_client=True) as client:
            deployment_id = client.read_deployment_by_name(deployment).id
            run = client.create_flow_run_from_deployment(
                deployment_id, state=Cancelled(message=ENDED), **{**asked, "tags": [*asked["tags"], LET_GO]}
            )
    except Exception as error:  # noqa: BLE001 - the caller is ending, with a failure of its own
        log.warning("stage.not_called_off", deployment=deployment, reason=str(error))
        return
    cancel([run.id])


def cancel(run_ids: Iterable[UUID]) -> None:
    """Cancel those runs that have not ended, with a client that needs no event loop: the caller's may be ending."""
    for run_id in run_ids:
        try:
            with get_client(sync_client=True) as client:
                run = client.read_flow_run(run_id)
                if run.state is None or not run.state.is_final():
                    client.update_flow_run(run_id, tags=[*run.tags, LET_GO])
                    client.set_flow_run_state(run_id, Cancelling(message=ENDED))
        except Exception as error:  # noqa: BLE001 - the next one is to be cancelled all the same
            log.warning("run.not_cancelled", run=str(run_id), reason=str(error))


def _awaits(tag: str) -> str:
    return f"awaits {tag}"
