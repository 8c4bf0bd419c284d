"""produce_episode here, its stages on rented GPUs: a real Prefect server, a real worker, pods that are processes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import WorkPoolFilter, WorkPoolFilterName
from prefect.client.schemas.objects import FlowRun, State
from prefect.deployments import arun_deployment
from prefect.states import Cancelling
from prefect.workers.process import ProcessWorker
from pydantic import SecretStr
from runpod_server import RunPodServer
from s3_server import KEY, SECRET, S3Server
from signals import recording

from blocks.runpod import RunPodCredentials
from blocks.settings import load_settings
from deployments.bootstrap import bootstrap
from flows.episode import produce_episode
from infra.runpod.worker import RunPodWorker
from tasks.schemas import EpisodeManifest, EpisodeRequest

pytestmark = pytest.mark.slow

POOL = "gpu-stages"
SCRIPT = "# Surtsey\n\n" + "".join(
    f"**Kynnir:** Þetta er {number}. lína þáttarins, og hún er lesin af einhverjum.\n\n" for number in range(1, 13)
)


@dataclass
class House:
    """A studio whose stages are placed on a pool of the stand-in."""

    runpod: RunPodServer
    folder: Path

    def produce(self, source: Path, **request: object) -> EpisodeManifest:
        async def go() -> EpisodeManifest:
            worker = RunPodWorker(work_pool_name=POOL, name="gpu-1")
            task = asyncio.create_task(worker.start(printer=lambda *_: None))
            try:
                manifest = await produce_episode(EpisodeRequest(source=str(source), **request))
                async with asyncio.timeout(30):
                    while self.runpod.left_over:
                        await asyncio.sleep(0.2)
                await asyncio.sleep(2)  # for the costs to be written down
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            return manifest

        return asyncio.run(go())

    def cancel_in_the_ui(self, source: Path) -> FlowRun:
        """Let a worker produce an episode, cancel it as the UI does once its stage works in a pod; the run, ended."""
        known = {run.id for run in self.stage_runs()}

        async def states() -> list[State]:
            return [run.state for run in await self._stage_runs() if run.state and run.id not in known]

        async def go() -> FlowRun:
            workers = RunPodWorker(work_pool_name=POOL, name="gpu-1"), ProcessWorker(work_pool_name="local", name="b")
            tasks = [asyncio.create_task(worker.start(printer=lambda *_: None)) for worker in workers]
            try:
                request = EpisodeRequest(source=str(source)).model_dump(mode="json")
                run = await arun_deployment("produce-episode/by-hand", parameters={"request": request}, timeout=0)
                async with get_client() as client, asyncio.timeout(300):  # against hanging
                    while not any(state.is_running() for state in await states()):
                        await asyncio.sleep(0.2)
                    await client.set_flow_run_state(run.id, Cancelling(message="in the UI"))
                    while self.runpod.left_over or not (run.state and run.state.is_final()):
                        await asyncio.sleep(0.2)
                        run = await client.read_flow_run(run.id)
                    while not all(state.is_final() for state in await states()):
                        await asyncio.sleep(0.2)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            return run

        return asyncio.run(go())

    def stage_runs(self) -> list[FlowRun]:
        """What ran on the pool."""

        return asyncio.run(self._stage_runs())

    async def _stage_runs(self) -> list[FlowRun]:
        async with get_client() as client:
            name = WorkPoolFilter(name=WorkPoolFilterName(any_=[POOL]))
            return await client.read_flow_runs(work_pool_filter=name)

    def cancelled_at_s(self, run: FlowRun) -> float:
        """When the server took the wish to cancel this run, in seconds since 1970."""

        async def read() -> float:
            async with get_client() as client:
                states = await client.read_flow_run_states(run.id)
            return min(state.timestamp for state in states if state.is_cancelling()).timestamp()

        return asyncio.run(read())

    def reported_usd(self) -> dict[str, float]:
        """What each pod has cost, as its run's artifact says."""

        async def read() -> list[object]:
            async with get_client() as client:
                return [each.data for each in await client.read_artifacts() if each.key == "runpod-cost"]

        rows = [row for data in asyncio.run(read()) for row in json.loads(str(data))]
        return {row["pod"]: float(row["$ estimated"]) for row in rows}


@pytest.fixture
def house(
    prefect_api: str,
    runpod: RunPodServer,
    real_image: str,
    s3_server: S3Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    store = s3_server.fresh_folder()
    settings = {
        "STORE": f"s3://{store}/store",
        "S3__ENDPOINT_URL": s3_server.endpoint_url,
        "S3__REGION": "us-east-1",
        "S3__ACCESS_KEY_ID": KEY,
        "S3__SECRET_ACCESS_KEY": SECRET,
        "PUBLISH_TO": str(tmp_path / "published"),
        "POOLS": json.dumps({"transcribe": POOL, "synthesize": POOL}),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"HLADVARP_{name}", value)
    monkeypatch.setenv("PREFECT_WORKER_QUERY_SECONDS", "2")
    monkeypatch.setattr(RunPodWorker, "look_every_s", 1.0)
    monkeypatch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
    load_settings.cache_clear()
    runpod.account.create_secret({"name": "s3_secret", "value": SECRET}, time.time())
    asyncio.run(_open(prefect_api, runpod, real_image, tmp_path / "models"))
    yield House(runpod, tmp_path)
    load_settings.cache_clear()


async def _open(api_url: str, runpod: RunPodServer, image: str, models: Path) -> None:
    """The account, and the pool with its form filled in as a studio would."""
    await RunPodCredentials(api_key=SecretStr(runpod.key), base_url=runpod.url).asave("hladvarp", overwrite=True)
    template = RunPodWorker.get_default_base_job_template()
    form = {
        "image": image,
        "api_url": api_url,
        "env": {"HLADVARP_S3__ACCESS_KEY_ID": KEY, "HLADVARP_MODELS": str(models)},
        "secret_env": {"HLADVARP_S3__SECRET_ACCESS_KEY": "s3_secret"},
    }
    for name, value in form.items():
        template["variables"]["properties"][name]["default"] = value
    async with get_client() as client:
        if POOL not in {pool.name for pool in await client.read_work_pools()}:
            await client.create_work_pool(WorkPoolCreate(name=POOL, type="runpod", base_job_template=template))
    await bootstrap()
    async with get_client() as client:
        await client.create_deployment(
            await client.create_flow(produce_episode),
            name="by-hand",
            work_pool_name="local",
            entrypoint="flows.episode.produce_episode",
            pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(Path.cwd())}}],
        )


def test_revoice_with_both_stages_on_pods_publishes_and_gives_both_pods_back(house, runpod: RunPodServer):
    manifest = house.produce(recording("en/misc/jfk.flac"), production="revoice")

    assert (Path(manifest.published_to) / "episode.mp3").stat().st_size > 10_000
    assert "country" in (Path(manifest.published_to) / "transcript.txt").read_text().lower()
    first, second = runpod.pods
    assert not runpod.left_over, runpod.ledger()
    did = {entry.stage: [pod.pod for pod in entry.pods] for entry in manifest.stages if entry.pods}
    assert did == {"transcribe": [first.id], "synthesize": [second.id]}
    assert manifest.clips_made > 0
    reported = house.reported_usd()
    for pod in (first, second):
        assert reported[pod.id] == pytest.approx(pod.cost_usd, abs=0.002)
        assert SECRET not in json.dumps(pod.env)


def test_lines_of_a_script_are_shared_by_two_pods(house, runpod: RunPodServer):
    script = house.folder / "surtsey.md"
    script.write_text(SCRIPT)

    manifest = house.produce(script, pods=2)

    (entry,) = [entry for entry in manifest.stages if entry.pods]
    assert len(runpod.pods) == 2
    assert not runpod.left_over, runpod.ledger()
    assert {pod.pod for pod in entry.pods} == {pod.id for pod in runpod.pods}
    assert sum(pod.made for pod in entry.pods) == manifest.clips_made == 12
    assert all(pod.made > 0 for pod in entry.pods)
    assert sum(use.requests for use in manifest.engines) == 12, "no line was asked for twice"


def test_episode_that_is_cancelled_in_the_ui_takes_its_stage_and_the_pod_with_it(house, runpod: RunPodServer):
    script = house.folder / "surtsey.md"
    script.write_text("".join(f"**Kynnir:** Þetta er {number}. lína, og hún er lesin.\n\n" for number in range(1000)))
    known = {run.id for run in house.stage_runs()}

    episode = house.cancel_in_the_ui(script)

    assert episode.state.is_cancelled()
    (stage,) = [run for run in house.stage_runs() if run.id not in known]
    assert stage.state.is_cancelled()
    (pod,) = runpod.pods
    assert not runpod.left_over, runpod.ledger()
    assert pod.ended_at_s - house.cancelled_at_s(stage) < 30  # the promise itself
    assert not list(house.folder.glob("published/*/*/episode.mp3"))
