"""`python -m infra.runpod doctor`, `… doctor --dry-run` and `… pool`: see that all is well, before anything costs."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from prefect.client.orchestration import get_client

from infra.runpod.doctor import dry_run, examine
from infra.runpod.worker import RunPodWorker
from tasks.errors import HladvarpError

DESCRIPTION = "Rents a GPU at RunPod for each run, and gives it back."


def main() -> int:
    """Parse and call; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m infra.runpod", description=__doc__)
    parser.add_argument("command", choices=("doctor", "pool"), help="examine a pool; or print a new pool's JSON")
    parser.add_argument("--pool", default="gpu", help="name of the work pool (default: gpu)")
    parser.add_argument("--dry-run", action="store_true", help="show the exact pod that would be asked for, and stop")
    asked = parser.parse_args()
    try:
        if asked.command == "pool":
            print(json.dumps(new_pool(asked.pool), indent=2, ensure_ascii=False))
            return 0
        return asyncio.run(_show_pod(asked.pool) if asked.dry_run else _examine(asked.pool))
    except HladvarpError as error:
        print(error, file=sys.stderr)
        return 1


def new_pool(name: str) -> dict[str, object]:
    """A pool as `deployments/pools/` keeps it."""
    template = RunPodWorker.get_default_base_job_template()
    return {"name": name, "type": RunPodWorker.type, "description": DESCRIPTION, "base_job_template": template}


async def _examine(pool: str) -> int:
    is_well = True
    async with get_client() as client:
        async for finding in examine(client, pool):
            print(finding.line)
            is_well = is_well and finding.is_well
    return 0 if is_well else 1


async def _show_pod(pool: str) -> int:
    async with get_client() as client:
        print(await dry_run(client, pool))
    return 0


if __name__ == "__main__":
    sys.exit(main())
