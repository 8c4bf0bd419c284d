"""Whether a pool can work: the key, the account's pods, stock and prices, image, volume, and the way back to the API.

Each check says what was found and, where something is wrong, what to do. Nothing is made, and nothing is changed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import WorkPool
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError

from infra.runpod import environment
from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.day import most_usd_a_day
from infra.runpod.desk import account_of, daily_limit_usd, load_account
from infra.runpod.placement import Catalogue
from infra.runpod.reach import reach
from infra.runpod.stamp import Stamp, stamped
from tasks.errors import HladvarpError, InvalidSettings

NOBODY = UUID(int=0)
ONLY_A_POD_TELLS = (
    ("key", "whether it may make pods, and whether there is credit: API v2 does not tell the balance; see the console"),
    ("pod", "whether the image can be pulled, starts, and reaches the Prefect API: `python -m infra.runpod smoke`"),
)


@dataclass(frozen=True)
class Finding:
    """One check's result."""

    check: str
    is_well: bool
    said: str
    is_open: bool = False
    """Whether it cannot be told from here."""

    @property
    def line(self) -> str:
        """As a line of the report."""
        mark = "?" if self.is_open else "ok" if self.is_well else "WRONG"
        return f"{mark:<6}{self.check}: {self.said}"


async def pool_named(client: PrefectClient, name: str) -> WorkPool:
    """The work pool. Raises: InvalidSettings."""
    try:
        pool = await client.read_work_pool(name)
    except ObjectNotFound as error:
        raise InvalidSettings(
            f"there is no work pool {name}; `python -m deployments.bootstrap` makes one named gpu"
        ) from error
    if pool.type != "runpod":
        raise InvalidSettings(f"the work pool {name} is of type {pool.type}, and not runpod; name another with --pool")
    return pool


async def configuration_of(pool: WorkPool, client: PrefectClient) -> RunPodJobConfiguration:
    """The pool's form, as a run that changes nothing gets it. Raises: InvalidSettings."""
    try:
        return await RunPodJobConfiguration.from_template_and_values(pool.base_job_template, {}, client=client)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise InvalidSettings(f"the form of pool {pool.name} is not filled in well: {wrong}") from None


async def examine(client: PrefectClient, name: str) -> AsyncIterator[Finding]:
    """One finding after the other; those that need what is missing are left out."""
    try:
        pool = await pool_named(client, name)
        yield Finding("pool", True, f"{pool.name} is there")
        configuration = await configuration_of(pool, client)
        account = account_of(pool)
        credentials = await load_account(account)
        yield Finding("account", True, f"block {account} holds a key for {credentials.base_url}")
    except HladvarpError as error:
        yield Finding("pool", False, str(error))
        return
    async with RunPodApi(credentials.api_key, address=credentials.base_url) as api:
        pods = await _tried("key", lambda: _pods(api, pool))
        yield pods
        if not pods.is_well:
            return
        yield await _tried("GPUs", lambda: _places(api, configuration))
        yield await _tried("image", lambda: _image(api, configuration))
        yield await _tried("environment", lambda: _environment(api, configuration))
        yield await _tried("money", lambda: _money(api, pool, configuration))
    async for finding in _way_back(configuration, pool):
        yield finding
    for check, said in ONLY_A_POD_TELLS:
        yield Finding(check, True, said, is_open=True)


async def dry_run(client: PrefectClient, name: str) -> str:
    """The pod that would be asked for now, as JSON, secrets masked. Raises: HladvarpError."""
    pool = await pool_named(client, name)
    configuration = await configuration_of(pool, client)
    credentials = await load_account(account_of(pool))
    async with RunPodApi(credentials.api_key, address=credentials.base_url) as api:
        candidates = await Catalogue(api).candidates(configuration)
    stamp = Stamp(pool.name, pool.id, NOBODY, 0)
    configuration.env = {**configuration.env, **environment.inherited()}
    request = configuration.request(candidates[0], stamp, runpod_address=credentials.base_url)
    body = request.body()
    return json.dumps(body | {"env": environment.masked(request.env)}, indent=2, ensure_ascii=False)


async def _tried(check: str, look: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(check, True, await look())
    except HladvarpError as error:
        return Finding(check, False, str(error))


async def _pods(api: RunPodApi, pool: WorkPool) -> str:
    pods = await api.pods()
    own = stamped(pods, pool.id)
    cost_usd = sum(pod.cost_usd_per_h for pod, _ in own)
    return f"RunPod takes it; {len(own)} of the account's {len(pods)} pods are this pool's, ${cost_usd:.2f}/h"


async def _places(api: RunPodApi, configuration: RunPodJobConfiguration) -> str:
    candidates = await Catalogue(api).candidates(configuration)
    free = [each for each in candidates if each.availability not in ("", "NONE")]
    if not free:
        raise InvalidSettings(
            f"none of {', '.join(configuration.gpu_types)} shows any stock just now; "
            "runs would wait, so add GPU types or a cloud"
        )
    where = ", ".join(free[0].data_center_ids) or "any data centre"
    return "; ".join(f"{each.title}: {each.availability.lower()}" for each in candidates) + f"; in {where}"


async def _image(api: RunPodApi, configuration: RunPodJobConfiguration) -> str:
    if configuration.registry and await api.registry(configuration.registry) is None:
        raise InvalidSettings(
            f"there is no registry credential {configuration.registry} at RunPod; make one in its console"
        )
    name = configuration.image.rsplit("/", 1)[-1]
    if "@" not in name and (":" not in name or name.endswith(":latest")):
        raise InvalidSettings(
            f"the image {configuration.image} names no version, and RunPod's hosts keep old ones; add a tag or a digest"
        )
    return f"{configuration.image}" + (", with a credential for its registry" if configuration.registry else "")


async def _money(api: RunPodApi, pool: WorkPool, configuration: RunPodJobConfiguration) -> str:
    """What a run can cost at most, and what was billed: of the whole account, as bills don't tell pools apart."""
    limit_usd = min(daily_limit_usd(pool), configuration.max_usd_per_day)
    candidates = await Catalogue(api).candidates(configuration)
    prices = [each.usd_per_h or configuration.max_usd_per_hour for each in candidates]
    most_usd = [most_usd_a_day(price, configuration.longest_s(price)) for price in prices]
    if min(most_usd) > limit_usd:
        raise InvalidSettings(
            f"a run may cost ${min(most_usd):.2f}, and all of a day ${limit_usd:.2f}, so that none is ever made; "
            "shorten `Longest run`, lower `Most $ a run`, or raise `Most $ a day`"
        )
    billed_usd = sum(bill.total_usd for bill in await api.bills(days=1))
    return (
        f"a run may cost ${max(most_usd):.2f}, all of a day ${limit_usd:.2f}; "
        f"RunPod has billed the account's pods ${billed_usd:.2f} today so far"
    )


async def _environment(api: RunPodApi, configuration: RunPodJobConfiguration) -> str:
    env = {name: value for name, value in configuration.env.items() if value is not None}
    environment.checked(env)
    references = environment.references(configuration.secret_env)
    known = await api.secret_names()
    missing = sorted(set(configuration.secret_env.values()) - known) if known is not None else []
    if missing:
        raise InvalidSettings(f"there is no secret {', '.join(missing)} at RunPod; make it in its console")
    return f"{len(env)} variables and {len(references)} secrets by reference" + (
        ", which RunPod does not list" if known is None and references else ""
    )


async def _way_back(configuration: RunPodJobConfiguration, pool: WorkPool) -> AsyncIterator[Finding]:
    """Each step of `reach`, up to the first that is wrong."""
    try:
        url = environment.api_url(configuration.api_url)
        yield Finding("Prefect API", True, f"pods will use {url}")
        async for said in reach(url, pool, configuration.secret_env):
            yield Finding("Prefect API", True, said)
    except HladvarpError as error:
        yield Finding("Prefect API", False, str(error))
