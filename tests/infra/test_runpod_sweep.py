"""Which runs a worker takes up from others, and when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

from prefect.client.schemas.objects import FlowRun
from prefect.states import Running

from infra.runpod.sweep import LostRuns


class Server:
    """What Prefect's client tells of a pool's workers and runs."""

    def __init__(self, *runs: FlowRun) -> None:
        self.runs = list(runs)
        self.heard_s_ago = {"gpu-1": 5.0, "gpu-2": 5.0}

    async def read_workers_for_work_pool(self, _: str) -> list[SimpleNamespace]:
        now = datetime.now(UTC)
        return [
            SimpleNamespace(name=name, last_heartbeat_time=now - timedelta(seconds=ago))
            for name, ago in self.heard_s_ago.items()
        ]

    async def read_flow_runs(self, **_: object) -> list[FlowRun]:
        return self.runs


def run_of(worker: str) -> FlowRun:
    return FlowRun(flow_id=uuid4(), state=Running(), labels={"prefect.worker.name": worker})


def sweep(lost: LostRuns, server: Server) -> list[UUID]:
    found = asyncio.run(lost.seen(server, "gpu", attended=frozenset()))  # type: ignore[arg-type]
    return [run.id for run in found]


def test_run_of_a_worker_that_is_silent_for_two_sweeps_is_taken_up():
    run = run_of("gpu-1")
    lost, server = LostRuns("gpu-2"), Server(run)
    assert sweep(lost, server) == []
    server.heard_s_ago["gpu-1"] = 200.0
    assert sweep(lost, server) == []
    assert sweep(lost, server) == [run.id]


def test_outage_of_the_server_takes_no_run_from_a_worker_that_lives():
    lost, server = LostRuns("gpu-2"), Server(run_of("gpu-1"))
    server.heard_s_ago["gpu-1"] = 200.0  # the server is back, and gpu-1 has not been heard yet
    assert sweep(lost, server) == []
    server.heard_s_ago["gpu-1"] = 20.0
    assert sweep(lost, server) == []


def test_workers_own_run_is_taken_up_at_once_after_a_restart():
    run = run_of("gpu-2")
    assert sweep(LostRuns("gpu-2"), Server(run)) == [run.id]
