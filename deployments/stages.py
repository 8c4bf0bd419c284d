"""The stages that the settings place on work pools: each has a deployment of the pool's name, which `on_pool` runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from blocks.results import RESULTS, ResultStorage
from blocks.settings import load_settings
from tasks.errors import StageNotDeployed

log = structlog.get_logger(__name__)

PLACEABLE = {
    "transcribe": ("flows.transcribe.transcribe", "flows.transcribe.help_transcribe"),
    "synthesize": ("flows.synthesize.synthesize", "flows.synthesize.help_synthesize"),
}
"""The flows of each stage that can run elsewhere: the one that leads, and the one that does a part."""


async def deploy_stages(client: PrefectClient) -> None:
    """Deploy what the settings place on a pool, and save the block through which results come back.

    Raises: StageNotDeployed where there is no such pool.
    """
    placed = load_settings().pools
    if placed:
        await ResultStorage().asave(RESULTS, overwrite=True)
    for stage, pool in placed.items():
        try:
            is_here = (await client.read_work_pool(pool)).type == "process"
        except ObjectNotFound:
            raise StageNotDeployed(
                f"the settings place {stage} on the work pool {pool!r}, and there is none of that name; "
                "make it, or correct `pools`"
            ) from None
        for entrypoint in PLACEABLE[stage]:
            await _deploy(client, entrypoint, pool, is_here=is_here)
        log.info("stage.deployed", stage=stage, pool=pool)


async def _deploy(client: PrefectClient, entrypoint: str, pool: str, *, is_here: bool) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    folder = {"prefect.deployments.steps.set_working_directory": {"directory": str(Path.cwd())}}
    await client.create_deployment(
        await client.create_flow(flow),
        name=pool,
        work_pool_name=pool,
        entrypoint=entrypoint,
        pull_steps=[folder] if is_here else [],  # an image holds the code, and starts in its folder
        description=flow.description,
        tags=["stage"],
        parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
        # What every run must know, such as where the store is, its caller tells it: see flows/pool_runs.py.
        job_variables={},
    )
