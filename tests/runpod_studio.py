"""A studio that rents GPUs: a pool on a stand-in RunPod, a worker, and light pods that do as launchers do."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
from httpx_retries import Retry, RetryTransport
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.flows import flow
from prefect.settings import get_current_settings
from prefect.states import Cancelling
from pydantic import SecretStr
from runpod_server import Image, Light, RunPodServer

from blocks.runpod import RunPodCredentials
from infra.runpod.worker import RunPodWorker

ROOT = Path(__file__).parents[1]
LOCKED = Retry(
    total=30, backoff_factor=0.2, max_backoff_wait=2.0, allowed_methods=["GET", "POST"], status_forcelist=[503]
)
"""Prefect's server answers 503 where another writer was quicker on SQLite; its own client asks again too."""


def image_of_this_checkout() -> Image:
    """An image with this checkout and its Python in it: its pods are real processes."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "infra" / "image")))
    bin_ = Path(sys.executable).parent
    return Image(env={"PATH": f"{bin_}:/usr/bin:/bin", "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"})


@flow(name="work")
def work() -> None:
    """Its deployments name what the pods really run."""


@dataclass
class Studio:
    """A pool on the stand-in, and what its light pods did."""

    runpod: RunPodServer
    api_url: str
    pool: str
    ran: list[str] = field(default_factory=list)
    """Ids of the runs whose body ran, once for each time."""
    hangs: threading.Event = field(default_factory=threading.Event)
    """While set, a light pod's flow neither ends nor hears of its cancellation."""
    outcome: str = "COMPLETED"
    looks_every_s: float = 0.2
    """How often a light pod asks whether the run is its own."""
    leaves: bool = False
    """Whether a light pod's container ends after its flow, and asks nobody to end the pod."""
    account: str = "hladvarp"

    @property
    def statuses(self) -> set[str]:
        """Every status that a pod has had."""
        return {status for pod in self.runpod.pods for status in pod.statuses}

    async def open(self) -> None:
        block = RunPodCredentials(api_key=SecretStr(self.runpod.key), base_url=self.runpod.url)
        await block.asave(self.account, overwrite=True)
        self.runpod.images["light"] = Image(light=self.light)
        template = RunPodWorker.get_default_base_job_template()
        template["variables"]["properties"]["image"]["default"] = "light"
        template["variables"]["properties"]["credentials"]["default"] = self.account
        async with get_client() as client:
            await client.create_work_pool(WorkPoolCreate(name=self.pool, type="runpod", base_job_template=template))

    async def submit(self, entrypoint: str = "pod_flows.work", **variables: object) -> FlowRun:
        """A run that waits for a worker."""
        async with get_client() as client:
            deployment = await client.create_deployment(
                await client.create_flow(work),
                name=self.pool,
                work_pool_name=self.pool,
                entrypoint=entrypoint,
                pull_steps=[],
                job_variables={"api_url": self.api_url, **variables},
            )
            return await client.create_flow_run_from_deployment(deployment)

    async def submit_many(self, count: int) -> list[UUID]:
        """So many runs of one deployment."""
        first = await self.submit()
        async with get_client() as client:
            more = [await client.create_flow_run_from_deployment(first.deployment_id) for _ in range(count - 1)]
        return [first.id, *(run.id for run in more)]

    async def read(self, run_id: UUID) -> FlowRun:
        async with get_client() as client:
            return await client.read_flow_run(run_id)

    @asynccontextmanager
    async def working(self, name: str = "gpu-1") -> AsyncIterator[RunPodWorker]:
        """A worker that works as long as the block lasts, and stops as one that is interrupted does."""
        worker = RunPodWorker(work_pool_name=self.pool, name=name)
        task = asyncio.create_task(worker.start(printer=lambda *_: None))
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def cancel(self, run_id: UUID) -> None:
        """As the button in the UI does."""
        async with get_client() as client:
            await client.set_flow_run_state(run_id, Cancelling())

    async def begun(self, run_id: UUID, within_s: float = 60.0) -> None:
        """Wait until a pod runs the body."""
        async with asyncio.timeout(within_s):
            while str(run_id) not in self.ran:
                await asyncio.sleep(0.1)

    async def log_of(self, run_id: UUID) -> str:
        wanted = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id]))
        async with get_client() as client:
            return "\n".join(each.message for each in await client.read_logs(log_filter=wanted))

    async def ended(self, run_id: UUID, within_s: float = 60.0) -> FlowRun:
        """The run, in its last state. A hang guard, not a measurement."""
        async with asyncio.timeout(within_s):
            while True:
                run = await self.read(run_id)
                if run.state is not None and run.state.is_final():
                    return run
                await asyncio.sleep(0.3)

    async def emptied(self, within_s: float = 60.0) -> None:
        """Wait until no pod is left over."""
        async with asyncio.timeout(within_s):
            while self.runpod.left_over:
                await asyncio.sleep(0.2)

    def light(self, pod: Light) -> None:
        """As the launcher does: wait for the worker's word, run once, end the pod."""
        run_id = pod.env["PREFECT__FLOW_RUN_ID"]
        with httpx.Client(base_url=self.api_url, timeout=60, transport=RetryTransport(retry=LOCKED)) as prefect:
            run: dict[str, object] = {}
            while not pod.stopping.is_set() and run.get("infrastructure_pid") != pod.pod_id:
                run = prefect.get(f"/flow_runs/{run_id}").json()
                pod.stopping.wait(self.looks_every_s)
            if not pod.stopping.is_set() and run["state_type"] in ("PENDING", "SCHEDULED"):
                self._body(pod, prefect, run_id)
        wait_s = 1.0
        while not (pod.stopping.is_set() or self.leaves or pod.frozen.is_set()):
            with suppress(httpx.HTTPError):
                httpx.post(
                    f"{pod.env['PREFECT_RUNPOD_API']}/v2/pods/{pod.pod_id}/action",
                    json={"action": "terminate"},
                    headers={"Authorization": f"Bearer {pod.env['RUNPOD_API_KEY']}"},
                )
            pod.stopping.wait(wait_s)
            wait_s = min(60.0, wait_s * 2)
        if pod.frozen.is_set():
            pod.stopping.wait()

    def _body(self, pod: Light, prefect: httpx.Client, run_id: str) -> None:
        prefect.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING", "name": "Running"}})
        self.ran.append(run_id)
        pod.say("the body ran")
        while (self.hangs.is_set() or pod.frozen.is_set()) and not pod.stopping.is_set():
            pod.stopping.wait(0.2)
        if not pod.stopping.is_set():
            prefect.post(
                f"/flow_runs/{run_id}/set_state", json={"state": {"type": self.outcome, "name": self.outcome.title()}}
            )


def fill_in(studio: Studio, **values: object) -> None:
    """As somebody does in the pool's form."""

    async def go() -> None:
        async with get_client() as client:
            template = (await client.read_work_pool(studio.pool)).base_job_template
            for name, value in values.items():
                template["variables"]["properties"][name]["default"] = value
            await client.update_work_pool(studio.pool, WorkPoolUpdate(base_job_template=template))

    asyncio.run(go())


WORKER = """
import asyncio, sys
from datetime import timedelta
from infra.runpod import sweep, worker
worker.RunPodWorker.look_every_s = 1.0
worker.EVERY_S = 4.0
sweep.DEAD_AFTER = timedelta(seconds=12)
pool, name = sys.argv[1:]
asyncio.run(worker.RunPodWorker(work_pool_name=pool, name=name, heartbeat_interval_seconds=3).start())
"""

AS_SHIPPED = """
import asyncio, sys
from infra.runpod.worker import RunPodWorker
pool, name = sys.argv[1:]
asyncio.run(RunPodWorker(work_pool_name=pool, name=name).start())
"""


@contextmanager
def worker_process(
    pool: str, log: Path, name: str = "gpu-1", *, script: str = WORKER
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker in a process of its own, which is killed (9) at the block's end.

    script: WORKER, whose own waits are shortened, or AS_SHIPPED.
    """
    env = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)
    env |= {"PREFECT_WORKER_QUERY_SECONDS": "2", "PREFECT_CLIENT_MAX_RETRIES": "20"}  # SQLite answers 503 under a burst
    with log.open("ab") as out:
        process = subprocess.Popen([sys.executable, "-c", script, pool, name], env=env, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
