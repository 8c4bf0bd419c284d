"""*Most $* an hour, a run and a day, of a run whose first pod did not start, or whose pod somebody else has made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_logger
from prefect.states import Pending
from pydantic import SecretStr
from runpod_server import L40, Image, RunPodServer
from runpod_server import Pod as Made

from infra.runpod.accounts import Accounts
from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.day import Day
from infra.runpod.desk import Desk
from infra.runpod.placement import Candidate, Catalogue
from infra.runpod.pods import Pod
from infra.runpod.stamp import DEADLINE, Stamp
from infra.runpod.stay import Stay
from infra.runpod.watch import Watch
from tasks.errors import DailyLimitReached, PodNotStarted

FORM = {"image": "hladvarp/gpu:1", "api_url": "https://prefect.studio.is/api", "gpu_types": [L40]}
FORM |= {"max_usd_per_run": 1.0, "run_deadline_s": 36_000, "capacity_deadline_s": 0}


class Server:
    """What Prefect's client tells of one run."""

    def __init__(self) -> None:
        self.run = FlowRun(flow_id=uuid4(), state=Pending(), state_type=StateType.PENDING)

    async def read_flow_run(self, _: object) -> FlowRun:
        return self.run

    async def read_flow_runs(self, **_: object) -> list[FlowRun]:
        return [self.run]

    async def read_artifacts(self, **_: object) -> list[object]:
        return []

    async def set_flow_run_state(self, *_: object) -> None:
        pass


@asynccontextmanager
async def staying(
    runpod: RunPodServer, server: Server, *, is_adopted: bool = False, day_usd: float = 1000.0
) -> AsyncIterator[Stay]:
    """Attended by a worker whose pool may spend so much a day."""
    client: Any = server
    pool_id = uuid4()
    day = Day(pool_id, limit_usd=day_usd)
    async with RunPodApi(SecretStr(runpod.key), address=runpod.url) as api:
        watch = Watch(api, client, every_s=1.0, tell=day.see)
        accounts = Accounts(api, client, pool_id, day)
        desk = Desk(api, client, watch, Catalogue(api), day, accounts, runpod.url, "hladvarp", "gpu", pool_id)
        log: Any = get_logger("test")
        stay = Stay(desk, server.run, RunPodJobConfiguration.model_validate(FORM), log, is_adopted=is_adopted)
        looking = asyncio.create_task(watch.go_on())
        try:
            with stay.attended():
                async with asyncio.timeout(60):
                    yield stay
        finally:
            looking.cancel()


@pytest.fixture
def runpod():
    with RunPodServer(speed=20) as server:
        server.images["hladvarp/gpu:1"] = Image(light=lambda pod: pod.stopping.wait(60))
        yield server


def rented(runpod: RunPodServer, spent_usd: float) -> Pod | None:
    """The pod of a run whose first one has cost so much."""

    async def go() -> Pod | None:
        async with staying(runpod, Server()) as stay:
            made = datetime.now(UTC) - timedelta(hours=1)
            stay.bill.start(Pod(id="pod-1", cost=spent_usd, created_at=made))
            stay.bill.stop("pod-1")
            return await stay.rent()

    return asyncio.run(go())


def test_next_pod_may_cost_what_the_first_has_left(runpod):
    pod = rented(runpod, spent_usd=0.75)
    assert pod is not None
    left_s = int(pod.env[DEADLINE]) - time.time()
    assert left_s * pod.cost_usd_per_h / 3600 == pytest.approx(0.25, abs=0.02)


def test_nothing_more_is_rented_where_nothing_is_left(runpod):
    with pytest.raises(PodNotStarted, match=r"have cost the \$1.00"):
        rented(runpod, spent_usd=1.01)


def adopted(
    runpod: RunPodServer,
    *,
    run_usd: float = 1.0,
    day_usd: float = 1000.0,
    others: int = 0,
    named: Callable[[Made], str] = lambda pod: "",
) -> tuple[Made, Pod | None]:
    """A pod that a worker has made before it was killed, and the one that its follower goes on with.

    others: how many of the pool's runs have pods already. named: what the server says of where the run belongs.
    """

    async def go() -> tuple[Made, Pod | None]:
        server = Server()
        async with staying(runpod, server, is_adopted=True, day_usd=day_usd) as stay:
            stay.configuration.max_usd_per_run = run_usd

            def make(flow_run_id: UUID) -> Made:
                stamp = Stamp(stay.desk.pool, stay.desk.pool_id, flow_run_id, server.run.run_count)
                place = Candidate(L40, "SECURE", usd_per_h=0.99)
                return runpod.cloud.create(
                    stay.configuration.request(place, stamp, runpod_address=runpod.url).body(), "account"
                )

            for _ in range(others):
                make(uuid4()).made_at_s -= 2.0  # of one second, the ids would say which is older
            first = make(server.run.id)
            server.run.infrastructure_pid = stay.run.infrastructure_pid = named(first)
            return first, await stay.rent()

    return asyncio.run(go())


def test_pod_that_is_found_is_gone_on_with_where_it_costs_no_more_than_is_allowed(runpod):
    first, pod = adopted(runpod)

    assert pod is not None
    assert pod.id == first.id
    assert runpod.asked("createPod") == []


def test_pod_that_is_found_and_too_dear_an_hour_is_given_back_as_a_new_one_is(runpod):
    runpod.doom("dearer")

    first, pod = adopted(runpod)

    assert pod is not None
    assert (first.is_left, pod.id in {each.id for each in runpod.left_over}) == (False, True)
    assert pod.cost_usd_per_h < 2.0 < 3 * pod.cost_usd_per_h


def test_pod_that_is_found_and_does_not_fit_into_the_day_is_given_back_as_a_new_one_is(runpod):
    """Each may cost a cent, in half a minute: an hour would no longer fit into the day after eleven at night."""
    with pytest.raises(DailyLimitReached):
        adopted(runpod, run_usd=0.01, day_usd=0.015, others=1)

    other, first = runpod.pods
    assert (other.is_left, first.is_left) == (True, False)


def test_pod_that_the_server_names_was_checked_before_and_is_not_taken_from_its_flow(runpod):
    runpod.doom("dearer")

    first, pod = adopted(runpod, named=lambda pod: pod.id)

    assert pod is not None
    assert pod.id == first.id
    assert first.is_left
