import asyncio

from prefect.automations import Automation
from prefect.client.orchestration import get_client
from prefect.states import Crashed, Running, Scheduled

from deployments.bootstrap import ZOMBIES, bootstrap, limits, watch_heartbeats
from deployments.lost_runs import crash_lost_runs
from flows.inbox import sweep_inbox


async def state_of_the_server() -> dict[str, object]:
    async with get_client() as client:
        slugs = ("hladvarp-s3-credentials", "hladvarp-storage-target")
        return {
            "limits": {limit.name: limit.limit for limit in await client.read_global_concurrency_limits(limit=200)},
            "pools": {pool.name: pool.id for pool in await client.read_work_pools()},
            "types": {slug: (await client.read_block_type_by_slug(slug)).id for slug in slugs},
        }


def test_bootstrap_changes_nothing_when_it_runs_again(prefect_api):
    once = asyncio.run(state_of_the_server())
    asyncio.run(bootstrap())

    assert asyncio.run(state_of_the_server()) == once
    assert limits().items() <= once["limits"].items()
    assert "local" in once["pools"]


def test_bootstrap_leaves_a_limit_that_a_user_has_set(prefect_api):
    async def limit() -> int:
        async with get_client() as client:
            return (await client.read_global_concurrency_limit_by_name("asr-faster-whisper")).limit

    async def raise_it(slots: int) -> None:
        from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

        async with get_client() as client:
            wanted = GlobalConcurrencyLimitUpdate(limit=slots)
            await client.update_global_concurrency_limit("asr-faster-whisper", wanted)

    asyncio.run(raise_it(3))
    asyncio.run(bootstrap())
    assert asyncio.run(limit()) == 3
    asyncio.run(raise_it(1))


def test_watch_heartbeats_makes_one_automation_and_updates_one_that_differs(prefect_api):
    async def age() -> None:
        automation = await Automation.aread(name=ZOMBIES.name)
        automation.trigger.expect = {"prefect.flow-run.*"}
        await automation.aupdate()

    asyncio.run(watch_heartbeats())
    first = asyncio.run(Automation.aread(name=ZOMBIES.name))
    asyncio.run(age())
    asyncio.run(watch_heartbeats())

    again = asyncio.run(Automation.aread(name=ZOMBIES.name))
    assert again.id == first.id
    assert again.trigger.expect == ZOMBIES.trigger.expect


def test_crash_lost_runs_marks_what_is_under_way_and_leaves_what_is_planned(prefect_api):
    async def lose() -> tuple[str, str, tuple[str, ...]]:
        async with get_client() as client:
            flow_id = await client.create_flow(sweep_inbox)
            deployment = await client.create_deployment(flow_id, name="lost", work_pool_name="local")
            running = await client.create_flow_run_from_deployment(deployment, state=Running())
            planned = await client.create_flow_run_from_deployment(deployment, state=Scheduled())
            await client.set_flow_run_state(running.id, Running(), force=True)
            lost = await crash_lost_runs(client, "local")
            states = [(await client.read_flow_run(run.id)).state for run in (running, planned)]
            return states[0], states[1], tuple(run.name for run in lost if run.id == running.id)

    ended, planned, named = asyncio.run(lose())

    assert ended.type == Crashed().type
    assert "run it again" in ended.message
    assert planned.type == Scheduled().type
    assert len(named) == 1
