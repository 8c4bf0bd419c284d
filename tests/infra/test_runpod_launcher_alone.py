"""The launcher without a worker, where everything goes wrong: it runs the flow once at most, and ends its pod.

The cases are side by side, each on a RunPod of its own: their pods are real processes with Prefect's own engine.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.schemas.objects import FlowRun
from runpod_launched import Pods
from runpod_server import RunPodServer, Window
from runpod_studio import Studio

pytestmark = pytest.mark.slow

AT_ONCE = 3


@dataclass(frozen=True)
class Told:
    """What became of one case."""

    log: str
    run: FlowRun
    times: int
    """How often the flow's body ran."""


async def waits_for_its_word(pods: Pods) -> tuple[str, FlowRun]:
    """A twin that no worker names; its log."""
    run = await pods.run("work")
    twin, pod = pods.make(run, deadline=str(int(time.time()) + 15)), pods.make(run)
    await pods.claim(run, pod)
    await pods.gone(pod)
    return await pods.gone(twin), run


async def hangs_until_its_deadline(pods: Pods) -> tuple[str, FlowRun]:
    run = await pods.run("hang")
    pod = pods.make(run, deadline=str(int(time.time()) + 60))
    await pods.claim(run, pod)
    return await pods.gone(pod), run


async def hangs_though_cancelled(pods: Pods) -> tuple[str, FlowRun]:
    run = await pods.run("hang")
    pod = pods.make(run)
    await pods.claim(run, pod)
    await pods.begun()
    await pods.studio.cancel(run.id)
    return await pods.gone(pod), run


async def is_killed(pods: Pods) -> tuple[str, FlowRun]:
    run = await pods.run("run_out_of_memory")
    pod = pods.make(run)
    await pods.claim(run, pod)
    return await pods.gone(pod), run


def is_started_again(*, keeps_disk: bool) -> Callable[[Pods], Awaitable[tuple[str, FlowRun]]]:
    async def case(pods: Pods) -> tuple[str, FlowRun]:
        pods.runpod.cloud.keeps_disk = keeps_disk
        run = await pods.run("hang")
        pod = pods.make(run)
        await pods.claim(run, pod)
        await pods.begun()
        pods.runpod.strike(pod, "out_of_memory")
        return await pods.gone(pod), run

    return case


async def is_not_ended_at_once(pods: Pods) -> tuple[str, FlowRun]:
    pods.runpod.fail("broken", on="podAction", times=2)
    run = await pods.run("fail")
    pod = pods.make(run)
    await pods.claim(run, pod)
    return await pods.gone(pod), run


CASES: dict[str, Callable[[Pods], Awaitable[tuple[str, FlowRun]]]] = {
    "waits for its word": waits_for_its_word,
    "hangs until its deadline": hangs_until_its_deadline,
    "hangs though cancelled": hangs_though_cancelled,
    "is killed": is_killed,
    "disk kept": is_started_again(keeps_disk=True),
    "disk wiped": is_started_again(keeps_disk=False),
    "is not ended at once": is_not_ended_at_once,
}


@pytest.fixture(scope="module")
def told(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    return asyncio.run(_all(prefect_api, tmp_path_factory.mktemp("bodies")))


async def _all(api_url: str, folder: Path) -> dict[str, Told]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Told:
        number = list(CASES).index(name)
        async with gate:
            with RunPodServer(speed=20, windows=[Window("minute", 600, 60.0)]) as runpod:
                studio = Studio(runpod, api_url, f"alone-{number}", account=f"alone-{number}")
                await studio.open()
                pods = Pods(studio, folder / str(number))
                log, run = await CASES[name](pods)
                return Told(log, await studio.read(run.id), pods.times)

    return dict(zip(CASES, await asyncio.gather(*map(one, CASES)), strict=True))


def test_launcher_waits_for_the_word_that_the_run_is_its_own(told):
    found = told["waits for its word"]

    assert found.run.state.is_completed(), found.log
    assert found.times == 1
    assert "::hladvarp refused" in found.log


def test_launcher_ends_a_flow_that_hangs_at_its_deadline(told):
    found = told["hangs until its deadline"]

    assert found.times == 1, found.log
    assert found.run.state.is_crashed()
    assert "deadline" in found.run.state.message


def test_launcher_ends_a_flow_that_hangs_though_it_was_cancelled_and_no_worker_is_there(told):
    assert told["hangs though cancelled"].times == 1


def test_launcher_says_that_a_killed_flow_most_likely_ran_out_of_memory(told):
    found = told["is killed"]

    assert found.run.state.is_crashed(), found.log
    assert "out of memory" in found.run.state.message
    assert found.times == 1


@pytest.mark.parametrize("case", ["disk kept", "disk wiped"])
def test_container_that_is_started_again_under_a_run_does_not_run_it_again(told, case):
    found = told[case]

    assert "a run is never run twice" in found.log
    assert found.times == 1
    assert found.run.state.is_crashed()
    assert "out of memory" in found.run.state.message


def test_launcher_asks_again_where_runpod_does_not_end_its_pod(told):
    found = told["is not ended at once"]

    assert found.run.state.is_failed()
    assert found.log.count("RunPod does not end this pod yet") == 2
    assert found.times == 1
