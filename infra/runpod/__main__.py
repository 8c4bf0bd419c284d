"""The command line of the worker type: see that all is well, before anything costs; then see it for less than a dollar.

python -m infra.runpod doctor [--dry-run]     what is wrong, and what to do; or the exact pod, secrets masked
python -m infra.runpod smoke [--most-usd 0.5] one cheap pod, the whole way; costs some cents
python -m infra.runpod pool                   a new pool's JSON, as deployments/pools/ keeps it
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from prefect.client.orchestration import get_client

from infra.runpod.doctor import Finding, dry_run, examine
from infra.runpod.smoke import smoke
from infra.runpod.worker import RunPodWorker
from tasks.errors import HladvarpError

DESCRIPTION = "Rents a GPU at RunPod for each run, and gives it back."


def main() -> int:
    """Parse and call; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.runpod", description="A work pool on RunPod.")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (_, told) in COMMANDS.items():
        command = commands.add_parser(name, help=told, description=told)
        command.add_argument("--pool", default="gpu", help="name of the work pool (default: gpu)")
        if name == "doctor":
            command.add_argument(
                "--dry-run", action="store_true", help="show the pod that would be asked for, and stop"
            )
        if name == "smoke":
            command.add_argument("--most-usd", type=float, default=0.5, help="of the run (default: 0.5)")
            command.add_argument("--most-usd-per-hour", type=float, default=1.0, help="of its pod (default: 1)")
    asked = parser.parse_args()
    try:
        return asyncio.run(COMMANDS[asked.command][0](asked))
    except HladvarpError as error:
        print(error, file=sys.stderr)
        return 1


def new_pool(name: str) -> dict[str, object]:
    """A pool as `deployments/pools/` keeps it."""
    template = RunPodWorker.get_default_base_job_template()
    return {"name": name, "type": RunPodWorker.type, "description": DESCRIPTION, "base_job_template": template}


async def _pool(asked: argparse.Namespace) -> int:
    print(json.dumps(new_pool(asked.pool), indent=2, ensure_ascii=False))
    return 0


async def _doctor(asked: argparse.Namespace) -> int:
    async with get_client() as client:
        if asked.dry_run:
            print(await dry_run(client, asked.pool))
            return 0
        return await _told(examine(client, asked.pool))


async def _smoke(asked: argparse.Namespace) -> int:
    async with get_client() as client:
        money = {"most_usd": asked.most_usd, "most_usd_per_hour": asked.most_usd_per_hour}
        return await _told(smoke(client, asked.pool, **money))


async def _told(findings: AsyncIterator[Finding]) -> int:
    is_well = True
    async for finding in findings:
        print(finding.line, flush=True)
        is_well = is_well and finding.is_well
    return 0 if is_well else 1


COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], Coroutine[Any, Any, int]], str]] = {
    "doctor": (_doctor, "examine a pool; nothing is made, and nothing is changed"),
    "smoke": (_smoke, "rent one cheap pod for a flow of a second, see it end, and say what it cost"),
    "pool": (_pool, "print a new pool's JSON"),
}


if __name__ == "__main__":
    sys.exit(main())
