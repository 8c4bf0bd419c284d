"""benchmark_gpu: how fast the engines of this machine hear and speak."""

from __future__ import annotations

import asyncio
from typing import Literal

from prefect import flow
from prefect.artifacts import acreate_table_artifact

from flows.dispatch import RUNNER, done
from tasks.benchmark import hearing_candidates, machine, measure_hearing, measure_voice, voice_engines
from tasks.schemas.benchmark import Benchmark, EngineSpeed


@flow(name="benchmark-gpu", flow_run_name="in {language}", task_runner=RUNNER)
async def benchmark_gpu(language: Literal["is", "en"] = "is") -> Benchmark:
    """Measure each engine that works on this machine, one after the other: seconds of work for a second of sound.

    Engines of vendors are not asked. On a pool with a GPU this measures the GPU; elsewhere it measures the CPU.

    Args:
        language: What is said and heard.
    """
    speeds = [await done(measure_hearing.submit(candidate, language)) for candidate in hearing_candidates()]
    for engine in voice_engines():
        speed = await done(measure_voice.submit(engine, language))
        speeds += [speed] if speed else []
    benchmark = Benchmark(machine=await asyncio.to_thread(machine), speeds=tuple(speeds))
    await acreate_table_artifact(
        table=[row(speed) for speed in benchmark.speeds], key="benchmark", description=benchmark.machine
    )
    return benchmark


def row(speed: EngineSpeed) -> dict[str, str]:
    """What a table shows of an engine."""
    numbers = ("", "", speed.trouble)
    if not speed.trouble:
        numbers = (f"{speed.real_time_factor:.3f}", f"{speed.load_s:.1f}", "")
    factor, load_s, trouble = numbers
    return {
        "role": speed.role,
        "engine": speed.engine,
        "what": speed.what,
        "real-time factor": factor,
        "until the first word, s": load_s,
        "not here, because": trouble,
    }
