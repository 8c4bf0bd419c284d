"""`python -m flows benchmark`: how fast the engines of this machine hear and speak."""

from __future__ import annotations

import argparse
import asyncio

from flows.benchmark import benchmark_gpu
from flows.cli.server import on_server


def run(arguments: list[str]) -> int:
    """Exit status 0 where at least one engine hears, and one speaks."""
    parser = argparse.ArgumentParser(prog="python -m flows benchmark", description="Measure this machine's engines.")
    parser.add_argument("--language", choices=("is", "en"), default="is", help="what is said and heard (is)")
    given = parser.parse_args(arguments)
    benchmark = asyncio.run(on_server(lambda: benchmark_gpu(given.language)))
    print(f"\n  {benchmark.machine}; seconds of work for a second of sound:")
    for speed in benchmark.speeds:
        factor = "     –" if speed.trouble else f"{speed.real_time_factor:6.3f}"
        print(f"  {speed.role} {speed.engine:17} {factor}  {speed.what}{' ' if speed.what else ''}{speed.trouble}")
    works = {speed.role for speed in benchmark.speeds if not speed.trouble}
    return 0 if works == {"asr", "tts"} else 1
