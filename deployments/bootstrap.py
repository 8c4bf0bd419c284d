"""Make a Prefect server ready for hladvarp: block types, work pools, limits, automations. Safe to repeat."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import structlog
from prefect.automations import Automation
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate, WorkPoolUpdate
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.server.schemas.states import StateType
from prefect.settings import get_current_settings

from blocks import BLOCK_TYPES
from deployments.lost_runs import crash_lost_runs
from deployments.stages import deploy_stages
from tasks.asr.engine import ENGINES as ASR_ENGINES
from tasks.tts.engine import ENGINES as TTS_ENGINES

log = structlog.get_logger(__name__)

POOLS = Path(__file__).parent / "pools"
WORKERS_OF_EXTRAS = {"kubernetes": "prefect_kubernetes"}
"""Pools whose worker comes with an extra, by their type: they are made where it is installed."""

ENDED = ("Completed", "Failed", "Crashed", "Cancelled")
ZOMBIE_AFTER = timedelta(seconds=540)  # three heartbeats of Prefect's default 180 s missed
ZOMBIES = Automation(
    name="hladvarp: crash runs that stopped sending heartbeats",
    description="A run that sent a heartbeat and then nothing for nine minutes has lost its process.",
    trigger=EventTrigger(
        after={"prefect.flow-run.heartbeat"},
        # Not `*`: every event that matches is a write.
        expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{state}" for state in ENDED)},
        match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=ZOMBIE_AFTER,
    ),
    actions=[
        ChangeFlowRunState(
            state=StateType.CRASHED,
            message="The run's process stopped without a word (no heartbeat for nine minutes); run it again.",
        )
    ],
)


# Requests at once that every plan of a vendor allows; whoever pays for more sets the limit higher in the UI.
# Source: reference pages of the vendors: ElevenLabs' smallest paid plan takes 3, Polly's standard voices 80 a second.
VENDORS_TAKE = {"azure": 8, "elevenlabs": 2, "openai": 4, "openai_compatible": 4, "polly": 8}
NEEDS_A_GPU = ("nemo",)


def limits() -> dict[str, int]:
    """How many tasks may use an engine at once: one transcription fills a machine, eSpeak takes a core."""
    cores = max(2, os.cpu_count() or 1)
    here = {name: 1 if name in NEEDS_A_GPU else cores for name in TTS_ENGINES}
    return {f"asr-{name}": 1 for name in ASR_ENGINES} | {
        f"tts-{name}": VENDORS_TAKE.get(name, at_once) for name, at_once in here.items()
    }


async def bootstrap() -> None:
    """Make what is missing, update what differs, leave the rest alone."""
    get_current_settings().home.mkdir(parents=True, exist_ok=True)  # Prefect's server wants it, and does not make it
    for block in BLOCK_TYPES:
        await block.aregister_type_and_schema()
    async with get_client() as client:
        await _make_pools(client)
        await _make_limits(client)
        await deploy_stages(client)
    log.info("server.bootstrapped", limits=len(limits()), blocks=len(BLOCK_TYPES))


async def watch_heartbeats() -> None:
    """Mark a run Crashed when its process has died without a word: open-source Prefect has no such service of its own.

    For a server on PostgreSQL. On SQLite Prefect's triggers fail with "database is locked" wherever a run is busy.
    """
    try:
        found = await Automation.aread(name=ZOMBIES.name)
    except ValueError:  # Prefect says with a ValueError that there is none
        await ZOMBIES.model_copy().acreate()
        return
    if found.trigger.model_dump(exclude={"id"}) != ZOMBIES.trigger.model_dump(exclude={"id"}):
        found.trigger = ZOMBIES.trigger
        await found.aupdate()


async def start_alone() -> None:
    """Bootstrap a server whose only worker starts next, on this machine: what is under way has lost its process."""
    await bootstrap()
    async with get_client() as client:
        await crash_lost_runs(client, "local")


async def _make_pools(client: PrefectClient) -> None:
    for path in sorted(POOLS.glob("*.json")):
        wanted = json.loads(path.read_text())
        if not _has_worker(wanted["type"]):
            continue
        try:
            pool = await client.read_work_pool(wanted["name"])
        except ObjectNotFound:
            await client.create_work_pool(WorkPoolCreate(**wanted))
            continue
        # A limit that somebody set in the UI is theirs.
        if pool.description != wanted["description"]:
            await client.update_work_pool(wanted["name"], WorkPoolUpdate(description=wanted["description"]))


def _has_worker(pool_type: str) -> bool:
    package = WORKERS_OF_EXTRAS.get(pool_type)
    return package is None or find_spec(package) is not None


async def _make_limits(client: PrefectClient) -> None:
    existing = {limit.name: limit for limit in await client.read_global_concurrency_limits(limit=200)}
    # A server of our own that lives inside one command runs no service that takes back the slots of a killed run.
    is_ours_alone = not get_current_settings().api.url
    for name, slots in limits().items():
        limit = existing.get(name)
        if limit is None:
            await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=slots))
        elif is_ours_alone and limit.active_slots:
            await client.delete_global_concurrency_limit_by_name(name)
            await client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limit.limit))


async def main() -> None:
    """Prepare the configured server."""
    parser = argparse.ArgumentParser(prog="python -m deployments.bootstrap", description=__doc__)
    parser.add_argument("--alone", action="store_true", help="its only worker starts after this, on this machine")
    if parser.parse_args().alone:
        await start_alone()
        return
    await bootstrap()
    await watch_heartbeats()


if __name__ == "__main__":
    asyncio.run(main())
