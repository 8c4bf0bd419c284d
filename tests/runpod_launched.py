"""Pods as the worker would make them, and no worker otherwise: their launcher has to do alone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.states import Pending
from runpod_server import L40, Pod
from runpod_studio import Studio, image_of_this_checkout

from infra.runpod.stamp import DEADLINE


class Pods:
    """On one studio's RunPod; `bodies` is a file into which each body writes that it ran."""

    def __init__(self, studio: Studio, bodies: Path) -> None:
        self.studio, self.runpod, self.bodies = studio, studio.runpod, bodies
        self.runpod.images["real"] = image_of_this_checkout()
        bodies.touch()

    async def run(self, entrypoint: str) -> FlowRun:
        run = await self.studio.submit(f"pod_flows.{entrypoint}")
        async with get_client() as client:
            await client.set_flow_run_state(run.id, Pending())
        return run

    def make(self, run: FlowRun, **env: str) -> Pod:
        deadline = env.pop("deadline", str(int(time.time()) + 600))
        body = {
            "name": f"prefect-{run.id}",
            "image": "real",
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

    async def claim(self, run: FlowRun, pod: Pod) -> None:
        async with get_client() as client:
            await client.update_flow_run(run.id, infrastructure_pid=pod.id)

    async def gone(self, pod: Pod, within_s: float = 240.0) -> str:
        """A hang guard; the pod's log."""
        try:
            async with asyncio.timeout(within_s):
                while pod.is_left:
                    await asyncio.sleep(0.2)
        except TimeoutError:
            print(self.log(pod))
            raise
        return self.log(pod)

    def log(self, pod: Pod) -> str:
        return "\n".join(f"{line.source}: {line.text}" for line in pod.log.lines)

    @property
    def times(self) -> int:
        return self.bodies.read_text().count("ran")

    async def begun(self) -> None:
        """Wait until a body runs. A hang guard."""
        async with asyncio.timeout(180):
            while not self.times:
                await asyncio.sleep(0.2)
