"""The launcher in pods that are real processes, which RunPod starts again when they end."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from gpu_tools import fake_smi
from prefect.client.orchestration import get_client
from prefect.states import Completed, Running
from runpod_launched import Pods


@pytest.fixture
def pods(studio, tmp_path: Path) -> Pods:
    return Pods(studio, tmp_path / "bodies")


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
