"""Stages on a work pool with real workers and processes, some of which are killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId
from prefect.client.schemas.objects import FlowRun
from prefect.settings import get_current_settings
from prefect.workers.process import ProcessWorker
from signals import recording

from blocks.settings import load_settings
from deployments.bootstrap import bootstrap
from flows.dispatch import spread
from flows.episode import produce_episode
from flows.ingest import ingest
from flows.transcribe import help_transcribe, transcribe
from tasks.schemas import EpisodeManifest, EpisodeRequest, PodEntry, TranscriptRef

pytestmark = pytest.mark.slow

PRODUCING = Path(__file__).parents[1] / "producing.py"
LINES = 120


@asynccontextmanager
async def working() -> AsyncIterator[None]:
    """A worker of the pool `local`, as long as the block lasts."""
    worker = ProcessWorker(work_pool_name="local", name="beside")
    task = asyncio.create_task(worker.start(printer=lambda *_: None))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def placed(studio, monkeypatch):
    """A studio whose stages are placed on a pool."""
    monkeypatch.setenv("HLADVARP_POOLS", '{"synthesize": "local", "transcribe": "local"}')
    monkeypatch.setenv("HLADVARP_STORE_IS_SHARED", "true")
    monkeypatch.setenv("PREFECT_WORKER_QUERY_SECONDS", "2")
    load_settings.cache_clear()
    asyncio.run(bootstrap())
    return studio


async def runs_of(deployment: str) -> list[FlowRun]:
    async with get_client() as client:
        found = DeploymentFilter(id=DeploymentFilterId(any_=[(await client.read_deployment_by_name(deployment)).id]))
        return await client.read_flow_runs(deployment_filter=found)


async def until(condition, within_s: float = 120.0):
    """What the condition gives, as soon as it gives something. A hang guard, not a measurement."""
    async with asyncio.timeout(within_s):
        while not (found := await condition()):
            await asyncio.sleep(0.2)
    return found


def clips_in(folder: Path) -> int:
    """Clips that are stored whole: those with a record."""
    return sum(b'"timed"' in path.read_bytes() for path in folder.glob("data/store/records/*/*"))


def test_parent_that_is_killed_and_run_again_joins_the_run_of_its_stage(placed):
    script = placed.script()
    env = os.environ | get_current_settings().to_environment_variables(exclude_unset=True)

    async def story() -> EpisodeManifest:
        parent = subprocess.Popen([sys.executable, PRODUCING, script], env=env, start_new_session=True)
        try:
            await until(lambda: runs_of("synthesize/local"))
        finally:
            os.killpg(parent.pid, signal.SIGKILL)
            parent.wait()
        async with working():
            return await produce_episode(EpisodeRequest(source=str(script)))

    before = len(asyncio.run(runs_of("synthesize/local")))
    assert before == 0
    manifest = asyncio.run(story())
    stages = {entry.stage: entry.pods for entry in manifest.stages}

    assert len(asyncio.run(runs_of("synthesize/local"))) == 1
    assert manifest.clips_made == 3
    (pod,) = stages["synthesize"]
    assert pod.made == 3
    assert [use.requests for use in manifest.engines] == [3]


def test_leader_that_is_killed_is_followed_by_one_that_makes_what_is_missing(placed, monkeypatch):
    # Prefect's test server runs no service that takes back the slots of a killed run.
    monkeypatch.setenv("HLADVARP_ALONE", "true")
    text = "".join(f"**Kynnir:** Þetta er {number}. lína, og hún er stutt.\n\n" for number in range(LINES))
    script = placed.script(text)

    async def under_way() -> FlowRun | None:
        runs = [run for run in await runs_of("synthesize/local") if run.state.is_running()]
        return runs[0] if runs and clips_in(placed.folder) > 5 else None

    async def story() -> tuple[int, EpisodeManifest]:
        async with working():
            making = asyncio.create_task(produce_episode(EpisodeRequest(source=str(script))))
            run = await until(under_way)
            os.kill(int(run.infrastructure_pid.rpartition(":")[2]), signal.SIGKILL)
            kept = clips_in(placed.folder)
            return kept, await making

    kept, manifest = asyncio.run(story())

    assert 5 < kept < LINES
    assert manifest.clips_made == LINES - kept
    assert manifest.clips_reused == kept


def test_chunks_of_a_recording_are_shared_by_two_runs(placed, monkeypatch):
    monkeypatch.setenv("HLADVARP_ASR__CHUNK_S", "20")
    load_settings.cache_clear()
    told: list[PodEntry] = []

    @flow
    async def hear(source: str) -> TranscriptRef:
        material = await ingest(source, "enhance", ("en",))
        return await spread(transcribe, help_transcribe, 2, told.extend)(material.the_recording.audio, ("en",))

    async def story() -> TranscriptRef:
        async with working():
            return await hear(str(recording("multi/mix/en_2spk.wav")))

    heard = asyncio.run(story())

    assert len(told) == 2
    assert all(entry.made > 0 for entry in told)
    assert sum(entry.made for entry in told) == heard.engine.requests >= 4
