"""A pod that is not taken: it is gone before another is asked for, whatever RunPod says of its end."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from pydantic import SecretStr
from runpod_server import L40, L40S, Image, RunPodServer

from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.day import Day
from infra.runpod.placement import Catalogue
from infra.runpod.pods import Pod
from infra.runpod.purchase import Purchase
from infra.runpod.stamp import Stamp
from infra.runpod.watch import Watch

FORM = {"image": "hladvarp/gpu:1", "api_url": "https://prefect.studio.is/api", "gpu_types": [L40, L40S]}


async def bought(runpod: RunPodServer) -> Pod:
    stamp = Stamp("gpu", uuid4(), uuid4(), 0)

    async def report(name: str, message: str) -> None:
        pass

    async with RunPodApi(SecretStr(runpod.key), address=runpod.url) as api:
        day = Day(stamp.pool_id, limit_usd=1000.0)
        watch = Watch(api, None, every_s=1.0, tell=day.see)  # type: ignore[arg-type]  # no run is attended
        looking = asyncio.create_task(watch.go_on())
        configuration = RunPodJobConfiguration.model_validate(FORM)
        purchase = Purchase(api, watch, Catalogue(api), configuration, stamp, day, runpod.url, report)
        try:
            async with asyncio.timeout(60):
                return await purchase.make()
        finally:
            looking.cancel()


def test_pod_that_is_too_dear_is_seen_to_be_gone_before_another_is_made(monkeypatch):
    monkeypatch.setattr("infra.runpod.ending.AGAIN_S", 0.5)
    with RunPodServer(speed=20) as runpod:
        runpod.images["hladvarp/gpu:1"] = Image(light=lambda pod: pod.stopping.wait(60))
        runpod.doom("dearer")
        runpod.fail("not_done", on="deletePod")

        taken = asyncio.run(bought(runpod))

        assert len(runpod.pods) == 2
        assert [pod.id for pod in runpod.left_over] == [taken.id]
        asked = [each.operation for each in runpod.requests if each.operation in ("createPod", "deletePod")]
        assert asked.count("deletePod") >= 2
        assert (asked[0], asked[-1], asked.count("createPod")) == ("createPod", "createPod", 2)
