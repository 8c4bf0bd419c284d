"""The launcher in pods that are real processes, which RunPod starts again when they end."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest
from gpu_tools import fake_smi
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Completed, Running
from runpod_server import L40, RunPodServer

from infra.runpod.stamp import DEADLINE


@pytest.fixture
def bodies(tmp_path: Path) -> Path:
    path = tmp_path / "bodies"
    path.touch()
    return path


class Pods:
    """Makes a pod as the worker would, and is no worker otherwise: the launcher has to do alone."""

    def __init__(self, studio, runpod: RunPodServer, image: str, bodies: Path) -> None:
        self.studio, self.runpod, self.image, self.bodies = studio, runpod, image, bodies

    async def run(self, entrypoint: str) -> FlowRun:
        run = await self.studio.submit(f"pod_flows.{entrypoint}")
        async with get_client() as client:
            from prefect.states import Pending

            await client.set_flow_run_state(run.id, Pending())
        return run

    def make(self, run: FlowRun, **env: str):
        deadline = env.pop("deadline", str(int(time.time()) + 600))
        body = {
            "name": f"prefect-{run.id}",
            "image": self.image,
            "gpu": {"id": L40, "count": 1},
            "entrypoint": ["python", "-m", "infra.runpod.launcher"],
            "cmd": ["prefect", "flow-run", "execute"],
            "env": {
                "PREFECT_API_URL": self.studio.api_url,
                "PREFECT__FLOW_RUN_ID": str(run.id),
                "PREFECT_RUNPOD_API": self.runpod.url,
                "BODIES": str(self.bodies),
                DEADLINE: deadline,
                **env,
            },
        }
        return self.runpod.cloud.create(body, "account")

    async def claim(self, run: FlowRun, pod) -> None:
        async with get_client() as client:
            await client.update_flow_run(run.id, infrastructure_pid=pod.id)

    async def gone(self, pod, within_s: float = 120.0) -> str:
        """A hang guard; the pod's log."""
        try:
            async with asyncio.timeout(within_s):
                while pod.is_left:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            print(self.log(pod))
            raise
        return self.log(pod)

    def log(self, pod) -> str:
        return "\n".join(f"{line.source}: {line.text}" for line in pod.log.lines)

    @property
    def times(self) -> int:
        return self.bodies.read_text().count("ran")


@pytest.fixture
def pods(studio, runpod, real_image, bodies) -> Pods:
    return Pods(studio, runpod, real_image, bodies)


def test_launcher_runs_the_flow_once_and_ends_its_pod(pods):
    async def go():
        run = await pods.run("work")
        pod = pods.make(run)
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id), pod

    log, run, pod = asyncio.run(go())

    assert run.state.is_completed(), log
    assert pods.times == 1
    assert pod.ended_by == f"pod {pod.id}"
    assert "ended with exit code 0" in log


@pytest.mark.slow
def test_launcher_waits_for_the_word_that_the_run_is_its_own(pods):
    async def go():
        run = await pods.run("work")
        twin, pod = pods.make(run, deadline=str(int(time.time()) + 15)), pods.make(run)
        await pods.claim(run, pod)
        log = await pods.gone(pod), await pods.gone(twin)
        return log, await pods.studio.read(run.id)

    (log, twins_log), run = asyncio.run(go())

    assert run.state.is_completed(), log
    assert pods.times == 1
    assert "::hladvarp refused" in twins_log


@pytest.mark.parametrize("state", [Completed(), Running()], ids=["completed", "running"])
def test_launcher_never_runs_what_has_run_or_runs(pods, state):
    async def go():
        run = await pods.run("work")
        async with get_client() as client:
            await client.set_flow_run_state(run.id, state, force=True)
        pod = pods.make(run)
        await pods.claim(run, pod)
        return await pods.gone(pod)

    assert "a run is never run twice" in asyncio.run(go())
    assert pods.times == 0


def test_launcher_ends_a_pod_whose_run_was_deleted(pods):
    async def go():
        run = await pods.run("work")
        async with get_client() as client:
            await client.delete_flow_run(run.id)
        return await pods.gone(pods.make(run))

    assert "the run is GONE" in asyncio.run(go())
    assert pods.times == 0


@pytest.mark.slow
def test_launcher_ends_a_flow_that_hangs_at_its_deadline(pods):
    async def go():
        run = await pods.run("hang")
        pod = pods.make(run, deadline=str(int(time.time()) + 45))
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id)

    log, run = asyncio.run(go())

    assert pods.times == 1, log
    assert run.state.is_crashed()
    assert "deadline" in run.state.message


@pytest.mark.slow
def test_launcher_ends_a_flow_that_hangs_though_it_was_cancelled_and_no_worker_is_there(pods):
    async def go():
        run = await pods.run("hang")
        pod = pods.make(run)
        await pods.claim(run, pod)
        async with asyncio.timeout(90):
            while not pods.times:
                await asyncio.sleep(0.2)
        await pods.studio.cancel(run.id)
        return await pods.gone(pod)

    asyncio.run(go())

    assert pods.times == 1


@pytest.mark.slow
def test_launcher_says_that_a_killed_flow_most_likely_ran_out_of_memory(pods):
    async def go():
        run = await pods.run("run_out_of_memory")
        pod = pods.make(run)
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id)

    log, run = asyncio.run(go())

    assert run.state.is_crashed(), log
    assert "out of memory" in run.state.message
    assert pods.times == 1


@pytest.mark.slow
@pytest.mark.parametrize("keeps_disk", [True, False], ids=["disk kept", "disk wiped"])
def test_container_that_is_started_again_under_a_run_does_not_run_it_again(pods, runpod, keeps_disk):
    runpod.cloud.keeps_disk = keeps_disk

    async def go():
        run = await pods.run("hang")
        pod = pods.make(run)
        await pods.claim(run, pod)
        async with asyncio.timeout(90):
            while not pods.times:
                await asyncio.sleep(0.2)
        runpod.strike(pod, "out_of_memory")
        return await pods.gone(pod), await pods.studio.read(run.id)

    log, run = asyncio.run(go())

    assert "a run is never run twice" in log
    assert pods.times == 1
    assert run.state.is_crashed()
    assert "out of memory" in run.state.message


@pytest.mark.slow
def test_launcher_asks_again_where_runpod_does_not_end_its_pod(pods, runpod):
    runpod.fail("broken", on="podAction", times=2)

    async def go():
        run = await pods.run("fail")
        pod = pods.make(run)
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id)

    log, run = asyncio.run(go())

    assert run.state.is_failed()
    assert log.count("RunPod does not end this pod yet") == 2
    assert pods.times == 1


def test_launcher_begins_nothing_on_a_machine_without_what_the_image_needs(pods, tmp_path):
    async def go():
        run = await pods.run("work")
        pod = pods.make(run, HLADVARP_PREFLIGHT="gpu", HLADVARP_DATA=str(tmp_path))
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id), await preflights()

    log, run, artifacts = asyncio.run(go())

    assert "::hladvarp preflight fail GPU: there is none" in log
    assert pods.times == 0
    assert run.state.is_crashed()
    assert "This machine cannot do the work: GPU: there is none" in run.state.message
    assert "| **fail** | GPU |" in artifacts[run.id]


@pytest.mark.slow
def test_launcher_runs_the_flow_on_a_machine_that_passes_its_preflight(pods, tmp_path):
    path = f"{fake_smi(tmp_path)}:{Path(sys.executable).parent}:/usr/bin:/bin"

    async def go():
        run = await pods.run("work")
        pod = pods.make(run, HLADVARP_PREFLIGHT="gpu", HLADVARP_DATA=str(tmp_path), PATH=path)
        await pods.claim(run, pod)
        return await pods.gone(pod), await pods.studio.read(run.id), await preflights()

    log, run, artifacts = asyncio.run(go())

    assert "preflight ok   Prefect WebSocket: open" in log
    assert pods.times == 1
    assert run.state.is_completed(), log
    assert "NVIDIA L40, 48.3 GB" in artifacts[run.id]


async def preflights() -> dict[object, str]:
    """What the preflights of all runs have left on them."""
    async with get_client() as client:
        return {each.flow_run_id: str(each.data) for each in await client.read_artifacts() if each.key == "preflight"}
