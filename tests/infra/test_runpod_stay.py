"""*Most $ a run* of a run whose first pod did not start."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.logging import get_logger
from prefect.states import Pending
from pydantic import SecretStr
from runpod_server import L40, Image, RunPodServer

from infra.runpod.accounts import Accounts
from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.day import Day
from infra.runpod.desk import Desk
from infra.runpod.placement import Catalogue
from infra.runpod.pods import Pod
from infra.runpod.stamp import DEADLINE
from infra.runpod.stay import Stay
from infra.runpod.watch import Watch
from tasks.errors import PodNotStarted

FORM = {"image": "hladvarp/gpu:1", "api_url": "https://prefect.studio.is/api", "gpu_types": [L40]}
FORM |= {"max_usd_per_run": 1.0, "run_deadline_s": 36_000}


class Server:
    """What Prefect's client tells of one run."""

    def __init__(self) -> None:
        self.run = FlowRun(flow_id=uuid4(), state=Pending(), state_type=StateType.PENDING)

    async def read_flow_run(self, _: object) -> FlowRun:
        return self.run

    async def set_flow_run_state(self, *_: object) -> None:
        pass


def rented(spent_usd: float) -> Pod | None:
    """The pod of a run whose first one has cost so much."""

    async def go(runpod: RunPodServer) -> Pod | None:
        server: Any = Server()
        pool_id = uuid4()
        day = Day(pool_id, limit_usd=1000.0)
        async with RunPodApi(SecretStr(runpod.key), address=runpod.url) as api:
            watch = Watch(api, server, every_s=1.0, tell=day.see)
            accounts = Accounts(api, server, pool_id, day)
            desk = Desk(api, server, watch, Catalogue(api), day, accounts, runpod.url, "hladvarp", "gpu", pool_id)
            log: Any = get_logger("test")
            stay = Stay(desk, server.run, RunPodJobConfiguration.model_validate(FORM), log, is_adopted=False)
            made = datetime.now(UTC) - timedelta(hours=1)
            stay.bill.start(Pod(id="pod-1", cost=spent_usd, created_at=made))
            stay.bill.stop("pod-1")
            looking = asyncio.create_task(watch.go_on())
            try:
                async with asyncio.timeout(60):
                    return await stay.rent()
            finally:
                looking.cancel()

    with RunPodServer(speed=20) as runpod:
        runpod.images["hladvarp/gpu:1"] = Image(light=lambda pod: pod.stopping.wait(60))
        return asyncio.run(go(runpod))


def test_next_pod_may_cost_what_the_first_has_left():
    pod = rented(spent_usd=0.75)
    assert pod is not None
    left_s = int(pod.env[DEADLINE]) - time.time()
    assert left_s * pod.cost_usd_per_h / 3600 == pytest.approx(0.25, abs=0.02)


def test_nothing_more_is_rented_where_nothing_is_left():
    with pytest.raises(PodNotStarted, match=r"have cost the \$1.00"):
        rented(spent_usd=1.01)
