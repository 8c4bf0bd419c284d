"""Stages on a work pool, whose machines are this process: what comes back, and who does what how often."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateName
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.sorting import FlowRunSort
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectNotFound
from prefect.flow_engine import run_flow_async
from prefect.settings import (
    PREFECT_RESULTS_DEFAULT_SERIALIZER,
    PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK,
    temporary_settings,
)
from prefect.states import Cancelling, Crashed, Running

from blocks.results import RESULTS, RESULTS_SLUG, ResultStorage
from blocks.settings import load_settings
from flows import pool_runs
from flows.dispatch import on_pool
from flows.pods import Crew, helped
from tasks.errors import (
    EngineBusy,
    InvalidRequest,
    StageBroken,
    StageCancelled,
    StageLost,
    StageNotDeployed,
    StoreNotShared,
)
from tasks.policies import slot
from tasks.schemas import (
    WHOLE,
    DocumentRef,
    EngineUse,
    Moment,
    PodEntry,
    Share,
    TranscriptRef,
    Work,
)

POOL = "elsewhere"
ASKED: list[FlowRun] = []
"""What those got who asked for a run."""


@flow
async def measure(name: str, outcome: str = "well") -> Moment:
    if outcome == "busy":
        raise EngineBusy("the engine is busy; try again later")
    if outcome == "a bug":
        raise ZeroDivisionError("division by zero")
    while outcome == "waits for two" and len(ASKED) < 2:
        await asyncio.sleep(0.05)
    return Moment(name=name, at_s=1.5)


@flow
async def parent(name: str, outcome: str = "well") -> Moment:
    return await on_pool(measure, POOL)(name, outcome=outcome)


USE = EngineUse(role="asr", engine="stand-in", version="1")
LINES = tuple(range(10))


async def make(made: set[int], share: Share) -> int:
    """As a stage does: what another one has made is not made again."""
    mine = set(share.part_of((line, 1.0) for line in LINES)) - made
    made |= mine
    return len(mine)


@flow
async def lead(name: str, share: Share = WHOLE) -> TranscriptRef:
    began_s, own = time.monotonic(), 0
    if share.helpers:
        own = await make(STORED, share)
        own += sum(work.made for work in await helped(share, began_s))
    if name == "fails":
        raise EngineBusy("the engine is busy; try again later")
    own += await make(STORED, WHOLE)
    reference = DocumentRef(uri="nowhere", sha256="")
    return TranscriptRef(document=reference, language="is", engine=USE.model_copy(update={"requests": own}))


@flow(name="help-lead")
async def help_lead(name: str, share: Share) -> Work:
    return Work(made=await make(STORED, share))


STORED: set[int] = set()
DEPLOYED = {each.name: each for each in (measure, lead, help_lead)}


class Machines:
    """What stands in for the machines of the pool: it runs, in this process, whatever is scheduled there."""

    def __init__(self) -> None:
        self.runs: list[FlowRun] = []
        self.lose = 0
        """So many runs lose their machine under them."""
        self.loses = "all"
        """Of this flow."""
        self.holds = ""
        """Runs of this flow, or `all`, never begin."""

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
        at_work = set()
        async with get_client() as client:
            while True:
                known = {run.id for run in self.runs}
                for found in await client.get_scheduled_flow_runs_for_work_pool(POOL):
                    if found.flow_run.id not in known:
                        self.runs.append(found.flow_run)
                        at_work.add(asyncio.create_task(self._run(client, found.flow_run)))
                await asyncio.sleep(0.3)

    async def _run(self, client, run: FlowRun) -> None:
        name = (await client.read_flow(run.flow_id)).name
        if self.holds == "all" or self.holds == name:
            return
        if self.lose and self.loses in ("all", name):
            self.lose -= 1
            await client.set_flow_run_state(run.id, Running(), force=True)
            await client.set_flow_run_state(run.id, Crashed(message="the pod vanished"), force=True)
            return
        as_there = {
            PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK: RESULTS_SLUG,
            PREFECT_RESULTS_DEFAULT_SERIALIZER: "json",
        }
        with temporary_settings(as_there):
            await run_flow_async(DEPLOYED[name], flow_run=run, parameters=run.parameters, return_type="state")


@pytest.fixture(scope="session")
def elsewhere(prefect_server: None) -> None:
    """A pool of other machines, with the flows of this file deployed on it."""

    async def make() -> None:
        await ResultStorage().asave(RESULTS, overwrite=True)
        async with get_client() as client:
            if POOL not in {each.name for each in await client.read_work_pools()}:
                await client.create_work_pool(WorkPoolCreate(name=POOL, type="kubernetes"))
            for each in DEPLOYED.values():
                flow_id = await client.create_flow(each)
                await client.create_deployment(flow_id, name=POOL, work_pool_name=POOL, entrypoint="nobody.reads.this")

    asyncio.run(make())


@pytest.fixture
def pool(studio, elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_runs, "LOOK_S", 0.3)


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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[FlowRun]:
    """What those got who asked for a run."""
    ask = pool_runs.find_or_start

    async def noted(*what: object, wish: str) -> FlowRun:
        ASKED.append(await ask(*what, wish=wish))
        return ASKED[-1]

    ASKED.clear()
    monkeypatch.setattr(pool_runs, "find_or_start", noted)
    return ASKED


def test_two_who_ask_for_the_same_share_one_run(pool, asked):
    async def story(machines):
        both = (parent("shared", "waits for two") for _ in range(2))
        return await asyncio.gather(*both), machines.runs

    moments, runs = go(story)

    assert moments[0] == moments[1]
    assert len(runs) == 1


def test_what_a_killed_parent_has_left_is_taken_once(pool):
    @flow
    async def killed() -> None:
        tag = pool_runs.tag_of(measure, POOL, {"name": "left"})
        run = await pool_runs.start(measure, POOL, {"name": "left"}, tag, wish=tag)
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
        machines.holds = "all"
        asking = asyncio.create_task(parent("cancelled"))
        await machines.asked()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        async with get_client() as client:
            return (await client.read_flow_run(machines.runs[0].id)).state

    state = go(story)

    assert state.is_cancelling() or state.is_cancelled()


async def cancel_by_hand(client: PrefectClient, run: FlowRun) -> None:
    await client.set_flow_run_state(run.id, Cancelling())


async def delete_by_hand(client: PrefectClient, run: FlowRun) -> None:
    await client.delete_flow_run(run.id)


@pytest.mark.parametrize(("act", "said"), [(cancel_by_hand, "was cancelled"), (delete_by_hand, "was deleted")])
def test_stage_that_somebody_ends_by_hand_says_so(pool, act, said):
    async def story(machines):
        machines.holds = "all"
        asking = asyncio.create_task(parent(said))
        await machines.asked()
        async with get_client() as client:
            await act(client, machines.runs[0])
        return await asyncio.gather(asking, return_exceptions=True)

    (failure,) = go(story)

    assert isinstance(failure, StageCancelled)
    assert said in str(failure)


@pytest.mark.parametrize("pods", [1, 2])
def test_stage_that_two_wait_for_ends_with_the_last_of_them(pool, pods):
    STORED.clear()

    async def story(machines):
        machines.holds = "all"
        asking = [asyncio.create_task(shared("two wait", pods)) for _ in range(2)]
        await machines.asked(pods)
        await waited_for_by(2)
        states = []
        for one in asking:
            one.cancel()
            await asyncio.gather(one, return_exceptions=True)
            async with get_client() as client:
                states.append([(await client.read_flow_run(run.id)).state for run in machines.runs])
        return states

    after_one, after_both = go(story)

    assert len(after_one) == pods
    assert all(state.is_scheduled() for state in after_one), "the other one still waits"
    assert all(state.is_cancelling() or state.is_cancelled() for state in after_both)


async def waited_for_by(count: int) -> None:
    """Wait until so many running flows say that they wait for a stage."""
    running = FlowRunFilter(state=FlowRunFilterState(name=FlowRunFilterStateName(any_=["Running"])))
    async with get_client() as client, asyncio.timeout(60):
        while True:
            runs = await client.read_flow_runs(flow_run_filter=running)
            if sum(tag.startswith("awaits ") for run in runs for tag in run.tags) == count:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("arrives", [True, False], ids=["the server has made it", "the server has not heard of it"])
def test_parent_that_is_cancelled_while_it_asks_leaves_no_stage_behind(pool, monkeypatch, arrives):
    create, asked = PrefectClient.create_flow_run_from_deployment, asyncio.Event()

    async def create_slowly(*args: object, **kwargs: object) -> None:
        if arrives:
            await create(*args, **kwargs)
        asked.set()
        await asyncio.Event().wait()

    name = f"cancelled while it asks, {arrives}"

    async def story(machines):
        machines.holds = "all"
        monkeypatch.setattr(PrefectClient, "create_flow_run_from_deployment", create_slowly)
        asking = asyncio.create_task(parent(name))
        async with asyncio.timeout(60):
            await asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        monkeypatch.setattr(PrefectClient, "create_flow_run_from_deployment", create)
        async with get_client() as client:
            runs = await client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC)
        left = [run for run in runs if run.parameters.get("name") == name and run.deployment_id]
        machines.holds = ""
        return left, await parent(name)

    left, afterwards = go(story)

    assert [run.state.is_cancelling() or run.state.is_cancelled() for run in left] == [True]
    assert afterwards.at_s == 1.5, "who asks next gets a run of its own"


@flow
async def shared(name: str, pods: int) -> tuple[TranscriptRef, tuple[PodEntry, ...]]:
    told: list[PodEntry] = []
    crew = Crew(help_lead, pods, told.extend)
    return await on_pool(lead, POOL, crew)(name), tuple(told)


@pytest.mark.parametrize(
    ("case", "pods", "made"),
    [("all go well", 3, [3, 4, 3]), ("a helper is lost", 2, [10, 0]), ("a helper never begins", 2, [10])],
)
def test_parts_of_a_stage_are_made_once_whoever_makes_them(pool, monkeypatch, case, pods, made):
    monkeypatch.setattr("flows.pods.BEGINS_WITHIN_S", 2.0)
    STORED.clear()

    async def story(machines):
        machines.lose, machines.loses = int(case == "a helper is lost"), "help-lead"
        machines.holds = "help-lead" if case == "a helper never begins" else ""
        result, told = await shared(case, pods)
        async with get_client() as client:
            states = [(await client.read_flow_run(run.id)).state for run in machines.runs]
        return result, told, states

    result, told, states = go(story)

    assert {line for line in LINES} == STORED
    assert result.made == len(LINES) == sum(made)
    assert [entry.made for entry in told] == made
    assert len(states) == pods
    assert all(state.is_final() or state.is_cancelling() for state in states)


def test_helpers_end_with_a_leader_that_fails(pool, monkeypatch):
    monkeypatch.setattr("flows.pods.BEGINS_WITHIN_S", 0.0)

    async def story(machines):
        machines.holds = "help-lead"
        with pytest.raises(EngineBusy):
            await shared("fails", 2)
        async with get_client() as client:
            return [(await client.read_flow_run(run.id)).state for run in machines.runs]

    states = go(story)

    assert len(states) == 2
    assert all(state.is_final() or state.is_cancelling() for state in states)


def run_of(share: Share) -> FlowRun:
    return FlowRun(flow_id=uuid4(), parameters={"name": "", "share": share.model_dump(mode="json")})


def test_helpers_that_were_started_end_where_the_next_one_cannot_be(monkeypatch):
    runs, ended = [run_of(Share(number=2, of=3))], []

    async def find(_: str) -> None:
        return None

    async def find_or_start(*_: object, wish: str) -> FlowRun:
        if not runs:
            raise TimeoutError
        return runs.pop()

    first = runs[0].id
    monkeypatch.setattr("flows.pods.find", find)
    monkeypatch.setattr("flows.pods.find_or_start", find_or_start)
    monkeypatch.setattr("flows.pods.give_up", lambda _, runs: ended.extend(runs))

    with pytest.raises(TimeoutError):
        asyncio.run(Crew(help_lead, 3, lambda _: None).bring(lead, POOL, {"name": "all go well"}))

    assert ended == [first]


def test_helpers_of_a_leader_that_was_joined_end_with_it(monkeypatch):
    helper, ended = uuid4(), []

    async def find(_: str) -> FlowRun:
        return run_of(Share(of=2, helpers=(helper,)))

    async def bring(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr("flows.pods.find", find)
    monkeypatch.setattr("flows.pods.bring", bring)
    monkeypatch.setattr("flows.pods.give_up", lambda _, runs: ended.extend(runs))

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Crew(help_lead, 2, lambda _: None).bring(lead, POOL, {"name": "all go well"}))

    assert ended == [helper]


def test_leader_goes_on_without_a_helper_that_was_deleted(monkeypatch):
    async def ended(*_: object) -> FlowRun:
        raise ObjectNotFound(LookupError())

    monkeypatch.setattr("flows.pods.ended", ended)
    assert asyncio.run(helped(Share(of=2, helpers=(uuid4(),)), time.monotonic())) == ()


def test_limit_of_a_machine_of_ones_own_is_counted_there(studio):
    with slot("asr-faster-whisper", alone=True), get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name("asr-faster-whisper")

        assert limit.active_slots == 0
        assert slot("asr-faster-whisper", alone=True) is slot("asr-faster-whisper", alone=True), "all threads share it"


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
