"""Stages on a work pool: runs that a test ends as a machine would, and a real worker for the whole way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext
from prefect.flow_engine import run_flow_async
from prefect.settings import (
    PREFECT_RESULTS_DEFAULT_SERIALIZER,
    PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK,
    temporary_settings,
)
from prefect.states import Crashed, Running
from prefect.workers.process import ProcessWorker

from blocks.results import RESULTS, RESULTS_SLUG, ResultStorage
from blocks.settings import load_settings
from deployments.bootstrap import bootstrap
from flows import pool_runs
from flows.dispatch import on_pool
from flows.episode import produce_episode
from tasks.errors import (
    EngineBusy,
    InvalidRequest,
    StageBroken,
    StageCancelled,
    StageLost,
    StageNotDeployed,
    StoreNotShared,
)
from tasks.schemas import EpisodeRequest, Moment

POOL = "elsewhere"


@flow
async def measure(name: str, outcome: str = "well") -> Moment:
    if outcome == "busy":
        raise EngineBusy("the engine is busy; try again later")
    if outcome == "a bug":
        raise ZeroDivisionError("division by zero")
    return Moment(name=name, at_s=1.5)


@flow
async def parent(name: str, outcome: str = "well") -> Moment:
    return await on_pool(measure, POOL)(name, outcome=outcome)


class Machines:
    """What stands in for the machines of the pool: it runs, in this process, whatever is scheduled there."""

    def __init__(self) -> None:
        self.runs: list[FlowRun] = []
        self.lose = 0
        """So many runs lose their machine under them."""
        self.holds = asyncio.Event()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Machines]:
        task = asyncio.create_task(self._work())
        try:
            yield self
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def asked(self, count: int = 1) -> None:
        async with asyncio.timeout(120):
            while len(self.runs) < count:
                await asyncio.sleep(0.05)

    async def _work(self) -> None:
        async with get_client() as client:
            while True:
                known = {run.id for run in self.runs}
                for found in await client.get_scheduled_flow_runs_for_work_pool(POOL):
                    if found.flow_run.id not in known:
                        self.runs.append(found.flow_run)
                        await self._run(client, found.flow_run)
                await asyncio.sleep(0.3)

    async def _run(self, client, run: FlowRun) -> None:
        if self.holds.is_set():
            return
        if self.lose:
            self.lose -= 1
            await client.set_flow_run_state(run.id, Running(), force=True)
            await client.set_flow_run_state(run.id, Crashed(message="the pod vanished"), force=True)
            return
        as_there = {
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK: RESULTS_SLUG,
            PREFECT_RESULTS_DEFAULT_SERIALIZER: "json",
        }
        with temporary_settings(as_there):
            await run_flow_async(measure, flow_run=run, parameters=run.parameters, return_type="state")


@pytest.fixture
def pool(studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool of another machine, on which `measure` is deployed."""
    monkeypatch.setattr(pool_runs, "LOOK_S", 0.3)

    async def make() -> None:
        await ResultStorage().asave(RESULTS, overwrite=True)
        async with get_client() as client:
            if POOL not in {each.name for each in await client.read_work_pools()}:
                await client.create_work_pool(WorkPoolCreate(name=POOL, type="kubernetes"))
            flow_id = await client.create_flow(measure)
            await client.create_deployment(flow_id, name=POOL, work_pool_name=POOL, entrypoint="nobody.reads.this")

    asyncio.run(make())


def go(story: Callable[[Machines], object]) -> object:
    async def play() -> object:
        async with Machines().at_work() as machines:
            return await story(machines)

    return asyncio.run(play())


def test_result_of_a_stage_elsewhere_comes_back_with_its_type(pool, monkeypatch):
    monkeypatch.setenv("HLADVARP_S3__SECRET_ACCESS_KEY", "leyndó")
    load_settings.cache_clear()

    async def story(machines):
        return await parent("typed"), machines.runs

    moment, (run,) = go(story)

    assert moment == Moment(name="typed", at_s=1.5)
    assert run.parent_task_run_id is not None, "the UI shows it below its parent"
    assert run.job_variables["env"]["HLADVARP_STORE"] == load_settings().store_uri
    assert run.job_variables["env"]["HLADVARP_ALONE"] == "true"
    assert "leyndó" not in str(run.job_variables)


@pytest.mark.parametrize(("outcome", "kind", "retryable"), [("busy", EngineBusy, True), ("a bug", StageBroken, False)])
def test_failure_elsewhere_comes_back_as_itself_and_says_where(pool, outcome, kind, retryable):
    async def story(machines):
        with pytest.raises(kind) as failure:
            await parent(outcome, outcome)
        return failure.value, machines.runs

    failure, (run,) = go(story)

    assert failure.retryable == retryable
    assert str(run.id) in str(failure), "the link leads to the run"
    assert ("try again later" if outcome == "busy" else "division by zero") in str(failure)


def test_two_who_ask_for_the_same_share_one_run(pool):
    async def story(machines):
        return await asyncio.gather(parent("shared"), parent("shared")), machines.runs

    moments, runs = go(story)

    assert moments[0] == moments[1]
    assert len(runs) == 1


def test_what_a_killed_parent_has_left_is_taken_once(pool):
    @flow
    async def killed() -> None:
        tag = pool_runs.tag_of(measure, POOL, {"name": "left"})
        run = await pool_runs.start(measure, POOL, {"name": "left"}, tag)
        await pool_runs.ended(run.id)

    @flow
    async def again() -> Moment:
        return await on_pool(measure, POOL)("left")

    async def story(machines):
        await killed()
        taken = await again()
        before = len(machines.runs)
        await again()
        return taken, before, len(machines.runs)

    taken, before, after = go(story)

    assert taken.name == "left"
    assert before == 1, "the result that nobody had taken was taken"
    assert after == 2, "a new episode of the same content looks anew"


def test_run_that_loses_its_machine_is_made_again_once(pool):
    async def story(machines):
        machines.lose = 1
        moment = await parent("lost once")
        machines.lose = 2
        with pytest.raises(StageLost, match="the pod vanished") as lost:
            await parent("lost twice")
        return moment, lost.value, len(machines.runs)

    moment, lost, runs = go(story)

    assert moment.name == "lost once"
    assert lost.retryable
    assert runs == 4


def test_stage_ends_with_its_parent(pool):
    async def story(machines):
        machines.holds.set()
        asking = asyncio.create_task(parent("cancelled"))
        await machines.asked()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with get_client() as client:
            return (await client.read_flow_run(machines.runs[0].id)).state

    state = go(story)

    assert state.is_cancelling() or state.is_cancelled()


def test_stage_that_somebody_cancels_says_so(pool):
    async def story(machines):
        machines.holds.set()
        asking = asyncio.create_task(parent("cancelled by hand"))
        await machines.asked()
        pool_runs.cancel([machines.runs[0].id])
        return await asyncio.gather(asking, return_exceptions=True)

    (failure,) = go(story)

    assert isinstance(failure, StageCancelled)


def test_on_pool_without_a_pool_calls_it_here(pool):
    @flow
    async def here() -> bool:
        seen = []

        @flow
        async def look() -> None:
            seen.append(FlowRunContext.get() is not None)

        await on_pool(look, "")()
        return seen == [True]

    assert asyncio.run(here())


WRONG = {
    "a store that nobody else sees": ({"POOLS": '{"synthesize": "local"}'}, {}, StoreNotShared, "s3://"),
    "no deployment": (
        {"POOLS": '{"synthesize": "nowhere"}', "STORE_IS_SHARED": "true"},
        {},
        StageNotDeployed,
        "deployments.bootstrap",
    ),
    "pods and no pool": ({}, {"pods": 2}, InvalidRequest, "pools"),
}


@pytest.mark.parametrize("case", WRONG)
def test_pool_that_cannot_be_used_is_refused_before_anything_is_asked_for(studio, monkeypatch, case):
    settings, request, kind, said = WRONG[case]
    for name, value in settings.items():
        monkeypatch.setenv(f"HLADVARP_{name}", value)
    load_settings.cache_clear()

    with pytest.raises(kind, match=said):
        studio.produce(studio.script(), **request)

    assert not studio.published.exists()


@asynccontextmanager
async def working() -> AsyncIterator[None]:
    """A real worker on this machine, as long as the block lasts."""
    worker = ProcessWorker(work_pool_name="local", name="beside")
    task = asyncio.create_task(worker.start(printer=lambda *_: None))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def placed(studio, monkeypatch):
    """A studio whose stages are placed on a pool."""
    monkeypatch.setenv("HLADVARP_POOLS", '{"synthesize": "local", "transcribe": "local"}')
    monkeypatch.setenv("HLADVARP_STORE_IS_SHARED", "true")
    monkeypatch.setenv("PREFECT_WORKER_QUERY_SECONDS", "2")
    load_settings.cache_clear()
    asyncio.run(bootstrap())
    return studio


@pytest.mark.slow
def test_episode_whose_lines_are_spoken_on_a_pool_says_who_did_it(placed):
    script = placed.script()

    async def story():
        async with working():
            return await produce_episode(EpisodeRequest(source=str(script)))

    manifest = asyncio.run(story())
    stages = {entry.stage: entry.pods for entry in manifest.stages}
    (pod,) = stages.pop("synthesize")

    assert manifest.clips_made == pod.made == 3
    assert pod.pool == "local"
    assert pod.elapsed_s > 0
    assert not any(stages.values())
