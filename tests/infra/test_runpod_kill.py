"""kill -9 of a real worker process, at ten moments of a run."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect.settings import get_current_settings
from runpod_server import RunPodServer

pytestmark = pytest.mark.slow

WORKER = """
import asyncio, sys
from infra.runpod.worker import RunPodWorker
RunPodWorker.look_every_s = 1.0
asyncio.run(RunPodWorker(work_pool_name=sys.argv[1], name="gpu-1").start())
"""


@contextmanager
def worker_process(pool: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    env = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)
    env |= {"PREFECT_WORKER_QUERY_SECONDS": "2"}
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-c", WORKER, pool], env=env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


MOMENTS = {
    "before it takes the run": lambda studio, run: True,
    "run taken": lambda studio, run: run.state_name in ("Pending", "Submitting", "Asking for a pod"),
    "pod asked for": lambda studio, run: bool(studio.runpod.asked("createPod")),
    "pod made": lambda studio, run: bool(studio.runpod.pods),
    "pod claimed": lambda studio, run: bool(run.infrastructure_pid),
    "pod starting": lambda studio, run: "STARTING" in studio.statuses,
    "pod running": lambda studio, run: "RUNNING" in studio.statuses,
    "flow running": lambda studio, run: run.state_type.value == "RUNNING",
    "flow ended": lambda studio, run: run.state.is_final(),
    "pod ended": lambda studio, run: "TERMINATED" in studio.statuses,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_worker_that_is_killed_is_followed_by_one_that_goes_on(studio, runpod: RunPodServer, moment, tmp_path):
    reached = MOMENTS[moment]
    log = tmp_path / "worker.log"
    if moment == "pod asked for":
        runpod.fail("slow", wait_s=5)
    if moment == "flow running":
        studio.hangs.set()

    async def go():
        run = await studio.submit()
        with worker_process(studio.pool, log):
            async with asyncio.timeout(90):
                while not reached(studio, await studio.read(run.id)):
                    await asyncio.sleep(0.05)
        studio.hangs.clear()
        with worker_process(studio.pool, log):
            ended = await studio.ended(run.id, within_s=150)
            await studio.emptied()
        return ended

    try:
        ended = asyncio.run(go())
    except TimeoutError:
        print(log.read_text()[-6000:], runpod.ledger())
        raise

    assert ended.state.is_completed(), f"{ended.state.message}\n{log.read_text()[-6000:]}"
    assert len(runpod.pods) == 1, runpod.ledger()
    assert studio.ran == [str(ended.id)]
