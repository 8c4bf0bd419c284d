"""kill -9 of real worker processes: at ten moments of a run, and of two workers of one pool in turn.

The runs are side by side, as most of their time is waiting; each has a RunPod, a pool and workers of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_table import Row
from prefect.client.schemas.objects import FlowRun
from runpod_server import RunPodServer, Window
from runpod_studio import Studio, worker_process

pytestmark = pytest.mark.slow

AT_ONCE = 3
Reached = Callable[[Studio, FlowRun], bool]

MOMENTS: dict[str, Reached] = {
    "before it takes the run": lambda studio, run: True,
    "run taken": lambda studio, run: run.state_name in ("Pending", "Submitting", "Asking for a pod"),
    "pod asked for": lambda studio, run: bool(studio.runpod.asked("createPod")),
    "pod made": lambda studio, run: bool(studio.runpod.pods),
    "pod claimed": lambda studio, run: bool(run.infrastructure_pid),
    "pod starting": lambda studio, run: "STARTING" in studio.statuses,
    "pod running": lambda studio, run: "RUNNING" in studio.statuses,
    "flow running": lambda studio, run: run.state_type is not None and run.state_type.value == "RUNNING",
    "flow ended": lambda studio, run: run.state is not None and run.state.is_final(),
    "pod ended": lambda studio, run: "TERMINATED" in studio.statuses,
}
IN_TURN = "two workers in turn"


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    run: FlowRun | None
    studio: Studio
    told: str


@pytest.fixture(scope="module")
def outcomes(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return asyncio.run(_all(prefect_api, tmp_path_factory.mktemp("workers")))


async def _all(api_url: str, folder: Path) -> dict[str, Outcome]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int, moment: str) -> Outcome:
        async with gate:
            with RunPodServer(speed=20, windows=[Window("minute", 600, 60.0)]) as runpod:
                studio = Studio(runpod, api_url, f"kill-{number}", account=f"kill-{number}")
                await studio.open()
                return await (_in_turn if moment == IN_TURN else _at)(studio, moment, folder / f"{number}.log")

    names = [*MOMENTS, IN_TURN]
    found = await asyncio.gather(*(one(number, moment) for number, moment in enumerate(names)))
    return dict(zip(names, found, strict=True))


async def _at(studio: Studio, moment: str, log: Path) -> Outcome:
    """A worker that is killed at a moment, and its follower of the same name."""
    if moment == "pod asked for":
        studio.runpod.fail("slow", wait_s=5)
    if moment == "flow running":
        studio.hangs.set()
    run = await studio.submit(credentials=studio.account)
    try:
        with worker_process(studio.pool, log):
            await _reached(studio, run, MOMENTS[moment])
        studio.hangs.clear()
        with worker_process(studio.pool, log):
            return await _ended(studio, run, log)
    except TimeoutError:
        return Outcome(None, studio, log.read_text()[-6000:])


async def _in_turn(studio: Studio, moment: str, log: Path) -> Outcome:
    """One dies while the flow runs; another of the pool takes the run up, and dies; the first comes back."""
    studio.hangs.set()
    run = await studio.submit(credentials=studio.account)
    try:
        with worker_process(studio.pool, log, "gpu-1"):
            await _reached(studio, run, MOMENTS["flow running"])
        with worker_process(studio.pool, log, "gpu-2"):
            await _reached(studio, run, lambda _, run: run.labels.get("prefect.worker.name") == "gpu-2")
        studio.hangs.clear()
        with worker_process(studio.pool, log, "gpu-1"):
            return await _ended(studio, run, log)
    except TimeoutError:
        return Outcome(None, studio, log.read_text()[-6000:])


async def _reached(studio: Studio, run: FlowRun, reached: Reached) -> None:
    async with asyncio.timeout(240):
        while not reached(studio, await studio.read(run.id)):
            await asyncio.sleep(0.05)


async def _ended(studio: Studio, run: FlowRun, log: Path) -> Outcome:
    ended = await studio.ended(run.id, within_s=300)
    await studio.emptied(within_s=200)
    return Outcome(ended, studio, f"{ended.state.message if ended.state else ''}\n{log.read_text()[-6000:]}")


@pytest.mark.parametrize("moment", [*MOMENTS, IN_TURN])
def test_worker_that_is_killed_is_followed_by_one_that_goes_on(outcomes, moment: str, record_property):
    found = outcomes[moment]
    runpod, ran = found.studio.runpod, found.studio.ran
    left = len(runpod.left_over)
    saw = found.run.state.name if found.run is not None and found.run.state is not None else "it did not end"
    Row(f"kill -9: {moment}", saw, len(runpod.pods), len(runpod.pods) - left, left, len(ran)).record(record_property)

    assert saw == "Completed", f"{found.told}\n{runpod.ledger()}"
    assert (len(runpod.pods), left) == (1, 0), runpod.ledger()
    assert ran == [str(found.run.id)]
