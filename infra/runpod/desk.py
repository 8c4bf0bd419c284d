"""What all runs of one worker share: the account, the look at its pods, the catalogue, the day's money, open bills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import WorkPool

from blocks.runpod import RunPodCredentials
from infra.runpod.accounts import Accounts
from infra.runpod.api import RunPodApi
from infra.runpod.choices import Choices
from infra.runpod.day import Day
from infra.runpod.insist import insisted
from infra.runpod.placement import Catalogue
from infra.runpod.watch import Watch
from tasks.errors import InvalidSettings

DEFAULT_ACCOUNT = "hladvarp"


@dataclass(frozen=True)
class Desk:
    """Open as long as the worker works."""

    api: RunPodApi
    client: PrefectClient
    watch: Watch
    catalogue: Catalogue
    day: Day
    accounts: Accounts
    address: str
    """Of RunPod's API, for the pods too."""
    account: str
    """Name of the block with the key."""
    pool: str
    pool_id: UUID


@asynccontextmanager
async def open_desk(client: PrefectClient, pool: WorkPool, *, look_every_s: float) -> AsyncIterator[Desk]:
    """The pool's desk, with somebody who looks. Raises: InvalidSettings, RunPodDenied."""
    account = account_of(pool)
    credentials = await load_account(account)
    address = credentials.base_url.rstrip("/")
    async with RunPodApi(credentials.api_key, address=address) as api:
        day = Day(pool.id, limit_usd=daily_limit_usd(pool))
        accounts = Accounts(api, client, pool.id, day)
        await insisted(accounts.recall)
        watch = Watch(api, client, every_s=look_every_s, tell=day.see)
        looking = asyncio.create_task(watch.go_on())
        try:
            yield Desk(api, client, watch, Catalogue(api), day, accounts, address, account, pool.name, pool.id)
        finally:
            looking.cancel()


async def load_account(name: str) -> RunPodCredentials:
    """The block of this name. Raises: InvalidSettings."""
    try:
        return await RunPodCredentials.aload(name)
    except ValueError as error:
        raise InvalidSettings(
            f"there is no block RunPod Credentials named {name}; make it in the Prefect UI, with the account's key"
        ) from error


def account_of(pool: WorkPool) -> str:
    """Name of the block that the pool's form names."""
    return str(_chosen(pool, "credentials") or DEFAULT_ACCOUNT)


def daily_limit_usd(pool: WorkPool) -> float:
    """*Most $ a day* as the pool's form has it, which no run can raise."""
    return float(_chosen(pool, "max_usd_per_day") or Choices.model_fields["max_usd_per_day"].default)


def _chosen(pool: WorkPool, name: str) -> Any:
    """What the pool's own form says, whatever a run may say."""
    return pool.base_job_template.get("variables", {}).get("properties", {}).get(name, {}).get("default")
