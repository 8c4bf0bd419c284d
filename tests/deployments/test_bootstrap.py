import asyncio

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from deployments.bootstrap import bootstrap, limits


async def state_of_the_server() -> tuple[dict[str, int], set[str], set[str]]:
    async with get_client() as client:
        found = {limit.name: limit.limit for limit in await client.read_global_concurrency_limits(limit=200)}
        pools = {pool.name for pool in await client.read_work_pools()}
        types = {
            (await client.read_block_type_by_slug(slug)).slug
            for slug in ("hladvarp-s3-credentials", "hladvarp-storage-target")
        }
    return found, pools, types


def test_bootstrap_makes_everything_once_when_it_runs_twice():
    with prefect_test_harness(server_startup_timeout=120):
        asyncio.run(bootstrap())
        once = asyncio.run(state_of_the_server())
        automation = asyncio.run(Automation.aread(name="hladvarp: crash runs that stopped sending heartbeats"))
        asyncio.run(bootstrap())
        twice = asyncio.run(state_of_the_server())
        same = asyncio.run(Automation.aread(name=automation.name))

    assert once == twice
    assert once[0] == limits()
    assert "local" in once[1]
    assert same.id == automation.id
