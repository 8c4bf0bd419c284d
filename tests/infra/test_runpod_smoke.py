"""`python -m infra.runpod smoke`: the paid smoke test, here against the stand-in RunPod."""

from __future__ import annotations

import asyncio
import time

import pytest
from prefect.client.orchestration import get_client
from runpod_server import A40, L40, RunPodServer
from runpod_studio import fill_in, worker_process

from infra.runpod.__main__ import main


@pytest.fixture
def ask(studio, capsys, monkeypatch):
    fill_in(studio, api_url=studio.api_url, gpu_types=[L40, A40])

    def go(*words: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["infra.runpod", "smoke", "--pool", studio.pool, *words])
        code = main()
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return go


def online(studio, log) -> None:
    """Wait until the server has heard of the worker."""

    async def go() -> None:
        async with get_client() as client, asyncio.timeout(60):
            while not await client.read_workers_for_work_pool(studio.pool):
                await asyncio.sleep(0.2)

    try:
        asyncio.run(go())
    except TimeoutError:
        print(log.read_text())
        raise


@pytest.mark.slow
def test_smoke_test_rents_the_cheapest_pod_sees_it_end_and_says_what_it_cost(
    ask, studio, runpod: RunPodServer, real_image, tmp_path
):
    """The pod is a real process: the launcher, and Prefect's own engine for the flow."""
    fill_in(studio, image=real_image)
    with worker_process(studio.pool, tmp_path / "worker.log"):
        online(studio, tmp_path / "worker.log")
        code, said = ask("--most-usd", "0.25")
    (pod,) = runpod.pods

    assert code == 0, said + (tmp_path / "worker.log").read_text()
    assert "GPU: none to be seen" in said
    assert "ok    outcome: Completed" in said
    assert "ok    end: RunPod lists no pod" in said
    assert f"ok    cost: {pod.id} ({A40}): $0.0" in said
    assert pod.config["gpu"]["id"] == A40
    assert float(pod.env["PREFECT_RUNPOD_DEADLINE"]) - time.time() <= 0.25 / pod.compute_usd_per_h * 3600
    assert runpod.left_over == []


def test_smoke_test_costs_nothing_where_no_worker_is_there(ask, runpod: RunPodServer):
    code, said = ask()

    assert code == 1
    assert "no worker of pool" in said
    assert "prefect worker start" in said
    assert runpod.pods == []


@pytest.mark.slow
def test_smoke_test_that_fails_says_why_and_leaves_no_pod(ask, studio, runpod: RunPodServer, tmp_path):
    runpod.fail("no_balance", times=None)
    with worker_process(studio.pool, tmp_path / "worker.log"):
        online(studio, tmp_path / "worker.log")
        code, said = ask()

    assert code == 1
    assert "WRONG outcome: Crashed" in said
    assert "put credit on the account" in said
    assert runpod.left_over == []
