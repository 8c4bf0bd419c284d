"""Two workers of one name, who both care for the same run: the pod that the server names is the one that stays."""

from __future__ import annotations

import asyncio

import pytest
from runpod_server import RunPodServer

from infra.runpod.pods import Pod, Runtime
from infra.runpod.verdict import Fate, Patience, Sight, judge
from infra.runpod.worker import RunPodWorker


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunPodWorker, "look_every_s", 1.0)
    monkeypatch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
    monkeypatch.setattr("infra.runpod.purchase.SHORTEST_WAIT_S", 1.0)
    monkeypatch.setattr("infra.runpod.purchase.LONGEST_WAIT_S", 1.0)


@pytest.mark.slow
def test_two_workers_of_one_name_that_both_make_a_pod_keep_the_one_that_the_server_names(studio, runpod: RunPodServer):
    studio.hangs.set()
    runpod.cloud.hides_new_for_s = 10.0  # so that the second can't see the first one's pod
    runpod.fail("slow", times=2, wait_s=10)

    async def go():
        run = await studio.submit()
        async with studio.working():
            await asked_for(runpod, 1)
            async with studio.working():
                await asked_for(runpod, 2)
                await studio.begun(run.id)
                async with asyncio.timeout(60):
                    while len(runpod.left_over) > 1:
                        await asyncio.sleep(0.2)
                await asyncio.sleep(5)  # in which each has several looks at what is left
                named, left = (await studio.read(run.id)).infrastructure_pid, [pod.id for pod in runpod.left_over]
                studio.hangs.clear()
                ended = await studio.ended(run.id)
                await studio.emptied()
                return ended, named, left

    ended, named, left = asyncio.run(go())

    assert ended.state.is_completed(), ended.state.message
    assert len(runpod.pods) == 2, "both have asked before they could see the other's"
    assert left == [named]
    assert studio.ran == [str(ended.id)]


@pytest.mark.slow
def test_two_workers_of_one_name_that_wait_for_capacity_go_on_with_the_pod_that_one_gets(studio, runpod: RunPodServer):
    studio.hangs.set()
    runpod.catalog.stock("NONE")

    async def go():
        run = await studio.submit()
        async with studio.working():
            await asked_for(runpod, 1)
            async with studio.working():
                await asked_for(runpod, 2, "listDataCenters")  # each of them once, and then for a pod
                await asyncio.sleep(2)
                runpod.catalog.restock()
                await studio.begun(run.id)
                await asyncio.sleep(8)  # in which the other one tries again too
                studio.hangs.clear()
                ended = await studio.ended(run.id)
                await studio.emptied()
                return ended

    ended = asyncio.run(go())

    assert ended.state.is_completed(), ended.state.message
    assert studio.ran == [str(ended.id)]


@pytest.mark.parametrize(
    ("state", "successor", "fate"),
    [
        ("PENDING", "pod-2", Fate.FOLLOW),
        ("RUNNING", "pod-2", Fate.FOLLOW),
        ("CANCELLING", "pod-2", Fate.FOLLOW),
        ("COMPLETED", "pod-2", Fate.OVER),
        ("RUNNING", "", Fate.WAIT),
    ],
)
def test_pod_is_left_for_the_one_that_the_server_names(state: str, successor: str, fate: Fate):
    sight = Sight("pod-1", 0.0, successor=successor)
    sight.hear(state, 0.0)
    sight.look(Pod(id="pod-1", status="RUNNING", runtime=Runtime(uptime=5)), 1.0)
    assert judge(sight, Patience(start_s=900.0, run_s=3600.0), 2.0).fate is fate


async def asked_for(runpod: RunPodServer, times: int, operation: str = "createPod") -> None:
    async with asyncio.timeout(60):
        while len(runpod.asked(operation)) < times:
            await asyncio.sleep(0.05)
