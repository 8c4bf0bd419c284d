"""The worker against a real Prefect server and the stand-in RunPod, with pods that are threads and report states."""

from __future__ import annotations

import asyncio
import json
import time

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from runpod_server import RunPodServer

from infra.runpod.worker import RunPodWorker


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """RunPod's side is twenty times as fast, and so are our waits for it; cancellation keeps its own."""
    monkeypatch.setattr(RunPodWorker, "look_every_s", 1.0)
    monkeypatch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
    monkeypatch.setattr("infra.runpod.purchase.HIDDEN_S", 4.0)
    monkeypatch.setattr("infra.runpod.purchase.SHORTEST_WAIT_S", 1.0)
    monkeypatch.setattr("infra.runpod.verdict.UP_BY_S", 5.0)
    monkeypatch.setattr("infra.runpod.ending.AGAIN_S", 3.0)


def test_run_gets_one_pod_runs_once_and_leaves_nothing(studio, runpod: RunPodServer):
    async def go():
        run = await studio.submit()
        async with studio.working():
            ended = await studio.ended(run.id)
            await studio.emptied()
            await asyncio.sleep(3)  # for the log to be sent
        async with get_client() as client:
            artifacts = [each for each in await client.read_artifacts() if each.flow_run_id == run.id]
        return ended, await studio.log_of(run.id), artifacts

    ended, log, artifacts = asyncio.run(go())
    (pod,) = runpod.pods

    assert ended.state.is_completed()
    assert studio.ran == [str(ended.id)]
    assert pod.ended_by == f"pod {pod.id}"
    assert not runpod.asked("deletePod"), "a pod that ends itself costs the rate limit nothing more"
    assert ended.infrastructure_pid == pod.id
    assert "Asking for a pod" in log
    assert "Pod | the body ran" in log
    assert f"console.runpod.io/pods?id={pod.id}" in log
    (cost,) = [each for each in artifacts if each.key == "runpod-cost"]
    (row,) = json.loads(cost.data)
    assert row["pod"] == pod.id
    assert float(row["$ estimated"]) == pytest.approx(pod.cost_usd, abs=0.002)


def test_cancelled_run_that_hangs_loses_its_pod_within_half_a_minute(studio, runpod: RunPodServer):
    studio.hangs.set()

    async def go():
        run = await studio.submit()
        async with studio.working():
            await studio.begun(run.id)
            await studio.cancel(run.id)
            asked_at_s = time.time()
            ended = await studio.ended(run.id)
            return ended, runpod.pods[0].ended_at_s - asked_at_s

    ended, took_s = asyncio.run(go())

    assert ended.state.is_cancelled()
    assert took_s < 30  # the promise itself
    assert not runpod.left_over


@pytest.mark.slow
def test_run_cancelled_while_its_pod_is_being_made_leaves_nothing(studio, runpod: RunPodServer):
    runpod.fail("slow", wait_s=3)

    async def go():
        run = await studio.submit()
        async with studio.working():
            async with asyncio.timeout(30):
                while not runpod.asked("createPod"):
                    await asyncio.sleep(0.1)
            await studio.cancel(run.id)
            ended = await studio.ended(run.id)
            await asyncio.sleep(4)
            await studio.emptied()
        return ended

    assert asyncio.run(go()).state.is_cancelled()
    assert studio.ran == []


def test_run_without_capacity_says_so_and_crashes_when_its_time_is_over(studio, runpod: RunPodServer):
    runpod.catalog.stock("NONE")

    async def go():
        run = await studio.submit(capacity_deadline_s=3)
        async with studio.working():
            async with asyncio.timeout(30):
                while (await studio.read(run.id)).state_name != "Waiting for capacity":
                    await asyncio.sleep(0.1)
            return await studio.ended(run.id)

    ended = asyncio.run(go())
    assert ended.state.is_crashed()
    assert "nothing was free within 3 s" in ended.state.message


def test_worker_that_stops_leaves_its_pod_and_the_next_one_takes_it_up(studio, runpod: RunPodServer):
    studio.hangs.set()

    async def go():
        run = await studio.submit()
        async with studio.working():
            await studio.begun(run.id)
        left = len(runpod.left_over)
        async with studio.working():
            await asyncio.sleep(2)
            studio.hangs.clear()
            ended = await studio.ended(run.id)
            await studio.emptied()
        return left, ended

    left, ended = asyncio.run(go())

    assert left == 1
    assert ended.state.is_completed()
    assert len(runpod.pods) == 1
    assert len(studio.ran) == 1


@pytest.mark.slow
def test_reaper_ends_the_pods_of_runs_that_are_over_and_nobody_elses(studio, runpod: RunPodServer):
    studio.hangs.set()
    foreign = runpod.cloud.foreign("somebody's notebook")

    async def go():
        run = await studio.submit()
        async with studio.working():
            await studio.begun(run.id)
        async with get_client() as client:
            await client.delete_flow_run(run.id)
        async with studio.working():
            await studio.emptied()

    asyncio.run(go())

    assert foreign.is_left
    assert not runpod.left_over


@pytest.mark.slow
def test_retried_run_gets_a_pod_of_its_own(studio, runpod: RunPodServer):
    studio.outcome = "FAILED"

    async def go():
        from prefect.states import Scheduled

        run = await studio.submit()
        async with studio.working():
            await studio.ended(run.id)
            await studio.emptied()
            studio.outcome = "COMPLETED"
            async with get_client() as client:
                await client.set_flow_run_state(run.id, Scheduled(), force=True)
            async with asyncio.timeout(60):
                while not (await studio.read(run.id)).state.is_completed():
                    await asyncio.sleep(0.3)
            await studio.emptied()

    asyncio.run(go())

    assert len(runpod.pods) == len(studio.ran) == 2


def test_pod_knows_nothing_that_it_does_not_need(studio, runpod: RunPodServer, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_DATABASE_CONNECTION_URL", "postgresql+asyncpg://prefect:leyndarmal@db/prefect")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "admin:leyndarmal")
    runpod.account.create_secret({"name": "hf", "value": "leyndarmal"}, time.time())

    async def go():
        run = await studio.submit(secret_env={"HF_TOKEN": "hf"}, env={"SHOW": "surtsey"})
        async with studio.working():
            return await studio.ended(run.id), await studio.log_of(run.id)

    ended, log = asyncio.run(go())
    (pod,) = runpod.pods

    assert ended.state.is_completed()
    assert "leyndarmal" not in json.dumps(pod.env) + log
    assert runpod.key not in json.dumps(pod.env) + log
    assert pod.env["HF_TOKEN"] == "{{ RUNPOD_SECRET_hf }}"
    assert pod.env["SHOW"] == "surtsey"
    assert not [name for name in pod.env if "DATABASE" in name or "AUTH" in name or name == "PREFECT_HOME"]


def test_secret_in_clear_is_refused_before_any_pod(studio, runpod: RunPodServer):
    async def go():
        run = await studio.submit(env={"AZURE_API_KEY": "leyndarmal"})
        async with studio.working():
            return await studio.ended(run.id)

    ended = asyncio.run(go())

    assert ended.state.is_crashed()
    assert "AZURE_API_KEY would lie in clear" in ended.state.message
    assert "leyndarmal" not in ended.state.message
    assert runpod.pods == []


def test_run_that_ended_meanwhile_is_never_taken_back_to_pending(studio, runpod: RunPodServer, monkeypatch):
    """Prefect's server takes a failed run back to Pending, and a word of the worker's may come late."""
    studio.outcome = "FAILED"
    studio.looks_every_s = 2.5  # so that a look sees the run claimed, and its flow not yet begun
    known = PrefectClient.set_flow_run_state

    async def late(self, flow_run_id, state, **options):
        if state.is_pending() and (await studio.read(flow_run_id)).infrastructure_pid:
            await asyncio.sleep(4)
        return await known(self, flow_run_id, state, **options)

    monkeypatch.setattr(PrefectClient, "set_flow_run_state", late)

    async def go():
        run = await studio.submit()
        async with studio.working():
            await studio.ended(run.id)
            await studio.emptied()
            await asyncio.sleep(5)
            return await studio.read(run.id)

    assert asyncio.run(go()).state.is_failed()
    assert len(studio.ran) == len(runpod.pods) == 1
