"""*Most $ a day* of a pool: what counts, who is refused, and that neither a restart nor a second worker forgets."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import Artifact
from pydantic import SecretStr
from runpod_server import L40, Image, RunPodServer

from infra.runpod.accounts import Accounts
from infra.runpod.api import RunPodApi
from infra.runpod.cost import KEY, Meter
from infra.runpod.day import Day, most_usd_a_day
from infra.runpod.pods import Bill, Pod
from infra.runpod.stamp import DEADLINE, Stamp
from infra.runpod.worker import RunPodWorker
from tasks.errors import DailyLimitReached

POOL = UUID(int=7)
NOON_S = 1_800_000_000 // 86_400 * 86_400 + 43_200


class Clock:
    def __init__(self) -> None:
        self.now_s = float(NOON_S)

    def __call__(self) -> float:
        return self.now_s

    def hours(self, count: float) -> None:
        self.now_s += count * 3600


def pod(clock: Clock, *, usd_per_h: float = 1.0, longest_h: float = 2.0, pool: UUID = POOL, id_: str = "") -> Pod:
    return Pod(
        id=id_ or uuid4().hex[:10],
        status="RUNNING",
        env=Stamp("gpu", pool, uuid4(), 0).env() | {DEADLINE: str(int(clock.now_s + longest_h * 3600))},
        cost=usd_per_h,
        created_at=datetime.fromtimestamp(clock.now_s, UTC),
    )


class Tables:
    """What Prefect's client tells of the cost artifacts: each of one pod, which cost $0.0001 in a second."""

    def __init__(self) -> None:
        self.all: list[Artifact] = []

    def add(self, flow_run_id: UUID, pod_id: str) -> None:
        now_s = time.time()
        meter = Meter(pod_id, 0.36, now_s - 1, now_s, place={"GPU": L40, "cloud": "SECURE", "data centre": ""})
        self.all.append(
            Artifact(
                id=uuid4(),
                key=KEY,
                flow_run_id=flow_run_id,
                updated=datetime.now(UTC),
                data=json.dumps([meter.row()]),
                metadata_={"pool": str(POOL)},
            )
        )

    async def read_artifacts(self, *, offset: int, **_: object) -> list[Artifact]:
        return self.all[offset:]

    async def update_artifact(self, *_: object) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def day(clock: Clock) -> Day:
    return Day(POOL, limit_usd=5.0, clock=clock)


def see(day: Day, *pods: Pod) -> None:
    day.see({each.id: each for each in pods})


def wish(day: Day, usd: float, *, limit_usd: float = 100.0) -> bool:
    """Whether a pod that may cost so much in an hour is granted."""
    try:
        with day.wish(uuid4(), usd_per_h=usd, longest_s=3600, limit_usd=limit_usd):
            return True
    except DailyLimitReached:
        return False


def test_pod_under_way_counts_with_what_it_has_cost_and_with_what_it_may_still_cost(day, clock):
    see(day, each := pod(clock))
    assert (day.spent_usd, day.set_aside_usd) == pytest.approx((0.0, 2.0))

    clock.hours(0.5)
    see(day, each)
    assert (day.spent_usd, day.set_aside_usd) == pytest.approx((0.5, 1.5))

    see(day)
    clock.hours(1)
    assert (day.spent_usd, day.set_aside_usd) == pytest.approx((0.5, 0.0))


def test_wish_is_granted_up_to_the_limit_and_not_a_cent_above(day, clock):
    see(day, pod(clock))

    assert wish(day, 3.0)
    assert not wish(day, 3.01)
    assert not wish(day, 2.0, limit_usd=3.5)


def test_run_can_lower_the_pools_limit_and_not_raise_it(day):
    assert wish(day, 5.0, limit_usd=1000.0)
    assert not wish(day, 5.1, limit_usd=1000.0)


def test_wishes_of_one_worker_count_for_each_other_before_any_pod_is_listed(day):
    with day.wish(uuid4(), usd_per_h=3.0, longest_s=3600, limit_usd=100.0):
        assert not wish(day, 3.0)
    assert wish(day, 3.0)


def test_refusal_names_the_sums_and_what_to_do(day, clock):
    see(day, pod(clock, usd_per_h=2.0))
    clock.hours(1)

    with (
        pytest.raises(DailyLimitReached, match=r"cost \$2\.00 today.*still cost \$2\.00 and this one \$1\.50.*\$5\.00"),
        day.wish(uuid4(), usd_per_h=1.5, longest_s=3600, limit_usd=100.0),
    ):
        pass


def test_other_pools_and_strangers_count_nothing(day, clock):
    see(day, pod(clock, pool=UUID(int=8)), Pod(id="stranger", status="RUNNING", cost=9.0))

    assert (day.spent_usd, day.set_aside_usd) == (0.0, 0.0)


def test_tomorrow_begins_at_nothing_but_for_pods_that_go_on(day, clock):
    see(day, ended := pod(clock, id_="ended"), each := pod(clock, longest_h=14))
    assert day.set_aside_usd == pytest.approx(2.0 + 12.0)

    clock.hours(1)
    see(day, each)
    assert ended.id != each.id
    clock.hours(12)
    see(day, each)

    assert (day.spent_usd, day.set_aside_usd) == pytest.approx((1.0, 1.0))


def test_bill_counts_where_it_is_above_the_estimate_and_of_today(day, clock):
    see(day, each := pod(clock))
    clock.hours(1)
    today, yesterday = (datetime.fromtimestamp(NOON_S - 43_200 - back, UTC) for back in (0, 86_400))

    day.bill([Bill(pod_id=each.id, startTime=yesterday, totalAmount=9.0)])
    assert day.spent_usd == pytest.approx(1.0)
    day.bill([Bill(pod_id=each.id, startTime=today, totalAmount=0.5)])
    assert day.spent_usd == pytest.approx(1.0)
    day.bill([Bill(pod_id=each.id, startTime=today, totalAmount=1.25)])
    assert day.spent_usd == pytest.approx(1.25)


def test_bills_of_one_pod_are_added_up_and_read_again_count_once(day, clock):
    see(day, each := pod(clock), other := pod(clock))
    now = datetime.fromtimestamp(NOON_S, UTC)
    records = [
        Bill(pod_id=each.id, startTime=now, totalAmount=1.5),
        Bill(pod_id=other.id, startTime=now, totalAmount=0.25),
        Bill(pod_id=each.id, startTime=now, totalAmount=0.125),
    ]

    for _ in range(2):
        day.bill(records)
        assert day.spent_usd == pytest.approx(1.5 + 0.125 + 0.25)


def test_day_is_the_sum_of_all_runs_also_for_a_worker_that_starts_anew(runpod: RunPodServer):
    """Of a run that was started again, and of one that was not; each pod's table says less than its bill."""
    runpod.images["light"] = Image(light=lambda pod: pod.stopping.wait(60))
    runpod.cloud.timing = replace(runpod.cloud.timing, billing_every_s=0.1)
    twice, once = uuid4(), uuid4()

    async def go() -> tuple[float, float]:
        tables = Tables()
        for run in (twice, once, twice):
            made = runpod.cloud.create({"name": "a", "image": "light", "gpu": {"id": L40, "count": 1}}, "account")
            tables.add(run, made.id)
        await asyncio.sleep(1)
        for made in runpod.pods:
            runpod.cloud.delete(made.id, "account")
        await asyncio.sleep(0.5)
        day = Day(POOL, limit_usd=5.0)
        async with RunPodApi(SecretStr(runpod.key), address=runpod.url) as api:
            accounts = Accounts(api, cast(PrefectClient, tables), POOL, day)
            await accounts.recall()
            estimated_usd = day.spent_usd
            await accounts.ask()
        return estimated_usd, day.spent_usd

    estimated_usd, spent_usd = asyncio.run(go())

    assert estimated_usd == pytest.approx(3 * 0.0001, rel=0.01)
    assert spent_usd == pytest.approx(sum(each.cost_usd for each in runpod.pods), rel=0.05)
    assert spent_usd > estimated_usd


def test_new_pod_that_a_list_lacks_for_a_moment_still_counts(day, clock):
    see(day, pod(clock))
    clock.now_s += 10
    see(day)
    assert day.set_aside_usd > 1.9

    clock.now_s += 30
    see(day)
    assert day.set_aside_usd == 0


def test_of_two_pods_that_two_workers_made_at_once_the_younger_is_given_back(day, clock):
    older, younger = pod(clock, usd_per_h=2.0, id_="a"), pod(clock, usd_per_h=2.0, id_="b")
    see(day, older, younger)

    day.check(older, limit_usd=100.0)
    with pytest.raises(DailyLimitReached):
        day.check(younger, limit_usd=100.0)


@pytest.mark.parametrize(("hours", "usd"), [(2, 2.0), (24, 24.0), (100, 24.0)])
def test_one_pod_can_cost_no_more_than_a_day_in_a_day(hours, usd):
    assert most_usd_a_day(1.0, hours * 3600) == usd


@pytest.fixture
def dear(runpod: RunPodServer, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A dollar a second, so that a test can spend a day's money; a run's variables."""
    monkeypatch.setattr(RunPodWorker, "look_every_s", 1.0)
    monkeypatch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
    runpod.cloud.balance_usd = 1e6
    runpod.catalog.gpus[L40] = replace(runpod.catalog.gpus[L40], secure_usd=3600.0)
    return {
        "gpu_types": [L40],
        "max_usd_per_hour": 4000.0,
        "max_usd_per_run": 1000.0,
        "start_deadline_s": 3,
        "run_deadline_s": 3,
        "capacity_deadline_s": 4,
    }


@pytest.mark.slow
def test_run_that_no_longer_fits_into_the_day_waits_visibly_and_makes_no_pod_also_after_a_restart(
    studio, runpod: RunPodServer, dear
):
    """$6.30 may be spent by a run, and about $3 are."""

    async def go():
        first = await studio.submit(**dear, max_usd_per_day=8.0)
        async with studio.working():
            await studio.begun(first.id)
            await asyncio.sleep(2)
            first = await studio.ended(first.id)
            await studio.emptied()
            await asyncio.sleep(2)  # for the cost to be written down
        second = await studio.submit(**dear, max_usd_per_day=8.0)
        async with studio.working():
            async with asyncio.timeout(30):
                while (await studio.read(second.id)).state_name != "Waiting for the day's money":
                    await asyncio.sleep(0.1)
            return first, await studio.ended(second.id)

    studio.hangs.set()
    first, second = asyncio.run(go())

    assert first.state.is_crashed()  # at its deadline of time, having cost its money
    assert second.state.is_crashed()
    assert "raise `Most $ a day`" in second.state.message
    assert len(runpod.pods) == 1


def test_pool_whose_day_buys_no_pod_at_all_says_so_at_once(studio, runpod: RunPodServer, dear):
    async def go():
        run = await studio.submit(**dear, max_usd_per_day=5.0)
        async with studio.working():
            return await studio.ended(run.id)

    ended = asyncio.run(go())

    assert ended.state.is_crashed()
    assert "$6.30" in ended.state.message
    assert runpod.pods == []


@pytest.mark.slow
def test_bill_that_was_open_when_a_worker_died_is_settled_by_the_next(studio, runpod: RunPodServer, monkeypatch):
    monkeypatch.setattr(RunPodWorker, "look_every_s", 1.0)
    monkeypatch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
    monkeypatch.setattr("infra.runpod.worker.EVERY_S", 2.0)
    monkeypatch.setattr("infra.runpod.accounts.ENDED_FOR_S", 1.0)

    async def billed(run_id: UUID) -> str:
        async with get_client() as client:
            (artifact,) = [
                each for each in await client.read_artifacts() if each.flow_run_id == run_id and each.key == KEY
            ]
            return json.loads(artifact.data)[0]["$ billed"]

    async def go():
        run = await studio.submit()
        async with studio.working():
            await studio.ended(run.id)
            await studio.emptied()  # and not until the worker has seen it, and written down when
        before = await billed(run.id)
        runpod.cloud.timing = replace(runpod.cloud.timing, billing_every_s=0.1)
        async with studio.working():
            async with asyncio.timeout(60):
                while (await billed(run.id)) == "not yet":
                    await asyncio.sleep(0.2)
            return before, float(await billed(run.id))

    before, after_usd = asyncio.run(go())

    assert before == "not yet"
    assert after_usd == pytest.approx(runpod.pods[0].cost_usd, abs=1e-4)  # as it is shown, to four places
