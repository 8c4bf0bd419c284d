"""The benchmark: engines that work here are measured, others say why not, and no vendor is asked."""

from __future__ import annotations

import asyncio
import json

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from flows.benchmark import benchmark_gpu


def test_engines_that_work_here_are_measured_and_others_say_why_not(studio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tasks.benchmark.HEARD_S", 5.0)
    monkeypatch.setattr("tasks.benchmark.WORDS", {"en": "The island rose from the sea."})

    benchmark = asyncio.run(benchmark_gpu("en"))

    speeds = {(speed.role, speed.engine): speed for speed in benchmark.speeds}
    assert 0 < speeds["asr", "faster-whisper"].real_time_factor < 20
    assert speeds["asr", "faster-whisper"].sound_s >= 5
    assert 0 < speeds["tts", "espeak"].real_time_factor < 5
    assert "no NeMo model" in speeds["asr", "nemo"].trouble or "not installed" in speeds["asr", "nemo"].trouble
    assert not {"azure", "elevenlabs", "openai", "polly"} & {speed.engine for speed in benchmark.speeds}
    shown = asyncio.run(table())
    assert {row["engine"] for row in shown} >= {"faster-whisper", "nemo", "espeak"}
    assert all(row["real-time factor"] or row["not here, because"] for row in shown)


async def table() -> list[dict[str, str]]:
    async with get_client() as client:
        found = await client.read_artifacts(artifact_filter=ArtifactFilter(key=ArtifactFilterKey(any_=["benchmark"])))
    return json.loads(str(max(found, key=lambda artifact: artifact.created).data))
