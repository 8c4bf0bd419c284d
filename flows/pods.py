"""One stage over several machines: a leader, and helpers that do a part each."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, cast
from uuid import UUID

import structlog
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound

from blocks.settings import load_settings
from flows.askers import cancel, give_up, join
from flows.pool_runs import bring, ended, find, find_or_start, outcome, tag_of
from tasks.errors import HladvarpError, InvalidRequest, StageNotDeployed, StoreNotShared
from tasks.schemas import PodEntry, Share, Work

log = structlog.get_logger(__name__)

BEGINS_WITHIN_S = 60.0
"""How long a leader that has done its own part waits for a helper to begin, at least; then it does that part too."""
ENDS_WITHIN_S = 600.0
"""How long it waits for one that works, at least. Either may take as long as the leader's own part took."""


class Makes(Protocol):
    """A stage's result that knows how many clips or chunks were made for it."""

    @property
    def made(self) -> int:
        """How many."""
        ...


@dataclass(frozen=True)
class Crew:
    """Who does a stage that is placed on a pool."""

    helper: Flow[..., Coroutine[Any, Any, Work]]
    """The flow that does a part, where there are several pods."""
    pods: int
    worked: Callable[[tuple[PodEntry, ...]], None]
    """Is told who did what."""

    async def bring(self, stage: Flow[..., Any], pool: str, parameters: dict[str, Any]) -> Any:
        """The stage's result. Raises: as `pool_runs.bring`; no helper outlives the wish for its leader."""
        content = {**parameters, "pods": self.pods}
        tag = tag_of(stage, pool, content)
        helpers: list[UUID] = []
        try:
            await join(tag)
            leader = await find(tag) if self.pods > 1 else None
            if leader is not None:
                helpers += share_of(leader).helpers
            else:
                async for helper in called(self.helper, pool, parameters, self.pods, tag):
                    helpers.append(helper)
            share = Share(of=self.pods, helpers=tuple(helpers)).model_dump(mode="json")
            result, leader = await bring(stage, pool, {**parameters, "share": share}, content)
            parts = await parts_of(leader, pool)
        except BaseException:
            give_up(tag, helpers)
            raise
        cancel(helpers)
        made = sum(entry.made for entry in parts)
        self.worked((entry_of(leader, pool, cast("Makes", result).made - made), *parts))
        return result


async def called(
    helper: Flow[..., Any], pool: str, parameters: dict[str, Any], pods: int, wish: str
) -> AsyncIterator[UUID]:
    """The runs that do the parts from the second on, each as soon as it is started: whoever fails then can end it.

    wish: as in `find_or_start`.
    """
    for number in range(2, pods + 1):
        shared = {**parameters, "share": Share(number=number, of=pods).model_dump(mode="json")}
        run = await find_or_start(helper, pool, shared, tag_of(helper, pool, shared), wish=wish)
        yield run.id


async def helped(share: Share, began_s: float) -> tuple[Work, ...]:
    """What the leader's helpers did, when they have ended, or were waited for long enough.

    began_s: when the leader began, on the monotonic clock.
    """
    own_s, now_s = time.monotonic() - began_s, time.monotonic()
    begins_by_s, ends_by_s = now_s + max(BEGINS_WITHIN_S, own_s), now_s + max(ENDS_WITHIN_S, own_s)

    def give_up(run: FlowRun) -> bool:
        is_late = time.monotonic() > begins_by_s and not run.run_count
        return is_late or time.monotonic() > ends_by_s

    done = []
    for helper in share.helpers:
        try:
            run = await ended(helper, give_up)
        except ObjectNotFound:
            log.warning("helper.deleted", run=str(helper))
            continue
        if run.state is None or not run.state.is_final():
            log.warning("helper.late", run=run.name)
            cancel([helper])
            continue
        work = await _work_of(run)
        if work is not None:
            done.append(work)
    return tuple(done)


async def parts_of(leader: FlowRun, pool: str) -> tuple[PodEntry, ...]:
    """What each helper of this leader did, as the manifest says it."""
    helpers = share_of(leader).helpers
    if not helpers:
        return ()
    async with get_client() as client:
        there = await client.read_flow_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(helpers))))
    entries = []
    for run in sorted(there, key=lambda run: helpers.index(run.id)):  # one that somebody deleted is not among them
        work = await _work_of(run) if run.state is not None and run.state.is_final() else None
        if run.run_count:
            entries.append(entry_of(run, pool, work.made if work else 0))
    return tuple(entries)


def share_of(leader: FlowRun) -> Share:
    """Which part the leader began with, and its helpers."""
    return Share.model_validate(leader.parameters["share"])


def entry_of(run: FlowRun, pool: str, made: int) -> PodEntry:
    """A run, as the manifest tells of it."""
    return PodEntry(
        pool=pool,
        run=str(run.id),
        pod=run.infrastructure_pid or "",
        made=max(0, made),
        elapsed_s=round(run.total_run_time.total_seconds(), 3),
    )


async def _work_of(run: FlowRun) -> Work | None:
    """What a helper did; None where it could not say: the leader does what is missing."""
    try:
        return Work.model_validate(await outcome(run))
    except HladvarpError as error:
        log.warning("helper.failed", run=run.name, reason=str(error))
        return None


async def require_pools(stages: Iterable[str], pods: int) -> None:
    """See to it that the stages that are placed on pools can run there, before anything is rented.

    Raises: InvalidRequest, StoreNotShared, StageNotDeployed.
    """
    settings = load_settings()
    placed = {stage: pool for stage in stages if (pool := settings.pool_of(stage))}
    if pods > 1 and not placed:
        raise InvalidRequest(
            f"{pods} pods were asked for, and no stage of this production has a work pool; "
            "name one in the settings' `pools`, or ask for one pod"
        )
    if placed and not settings.store_uri.startswith("s3://") and not settings.store_is_shared:
        raise StoreNotShared(
            f"{' and '.join(placed)} would run on other machines, which cannot see the store {settings.store_uri}; "
            "set `store` to an s3:// uri, or `store_is_shared: true` where the folder lies under this path there too"
        )
    async with get_client() as client:
        for stage, pool in placed.items():
            try:
                await client.read_deployment_by_name(f"{stage}/{pool}")
                is_paused = (await client.read_work_pool(pool)).is_paused
            except ObjectNotFound:
                raise StageNotDeployed(
                    f"{stage} is placed on the work pool {pool!r}, where there is no deployment {stage}/{pool}; "
                    "run `python -m deployments.bootstrap`, which makes it"
                ) from None
            if is_paused:
                raise StageNotDeployed(f"{stage} is placed on the work pool {pool!r}, which is paused; resume it first")
