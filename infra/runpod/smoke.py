"""A paid smoke test: one cheap pod of the pool, for a flow of a second, through the worker that is running.

It goes the whole way of a real run: the pool's form, the worker, RunPod, the image, the launcher, the Prefect API from
outside, the end of the pod. Only the money is narrower: the cheapest of the pool's GPU types, a cap on its price, and
a deadline at which the pod ends itself before it has cost the cap of the run. Whatever happens, at the end the run is
cancelled and its pods are ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from uuid import UUID

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.client.schemas.objects import FlowRun, WorkerStatus, WorkPool
from prefect.client.schemas.sorting import LogSort
from prefect.states import Cancelling

from infra.runpod.api import RunPodApi
from infra.runpod.cost import Bill
from infra.runpod.desk import account_of, load_account
from infra.runpod.doctor import Finding, pool_named
from infra.runpod.smoke_flow import look_around
from infra.runpod.stamp import stamped
from tasks.errors import InvalidSettings, RunPodError

log = structlog.get_logger(__name__)

CAPACITY_S, START_S, RUN_S = 300, 900, 300
"""How long each part may take."""
LONGEST_S = CAPACITY_S + 3 * START_S + RUN_S + 120
GONE_S = 90.0
LOOK_S = 2.0


async def smoke(
    client: PrefectClient, name: str, *, most_usd: float, most_usd_per_hour: float
) -> AsyncIterator[Finding]:
    """The run's log while it comes, then a finding for each thing that had to be seen.

    Raises: InvalidSettings before anything costs; RunPodError.
    """
    pool = await pool_named(client, name)
    await _check_worker(client, pool)
    credentials = await load_account(account_of(pool))
    async with RunPodApi(credentials.api_key, address=credentials.base_url) as api:
        run = await _submit(client, pool, most_usd, most_usd_per_hour)
        try:
            async with aclosing(_follow(client, run.id)) as lines:
                async for line in lines:
                    yield Finding("run", True, line)
            yield _outcome(await client.read_flow_run(run.id))
            yield await _gone(api, pool, run.id)
            yield await _cost(client, pool, run.id, most_usd)
        finally:
            await asyncio.shield(_clear(client, api, pool, run.id))


async def _check_worker(client: PrefectClient, pool: WorkPool) -> None:
    workers = await client.read_workers_for_work_pool(pool.name)
    if not any(each.status is WorkerStatus.ONLINE for each in workers):
        raise InvalidSettings(
            f"no worker of pool {pool.name} is online; start one: prefect worker start --pool {pool.name} --name gpu-1"
        )


async def _submit(client: PrefectClient, pool: WorkPool, most_usd: float, most_usd_per_hour: float) -> FlowRun:
    """A run of the smoke test's own deployment; its code is in the pool's image, as that of every stage is."""
    deployment = await client.create_deployment(
        await client.create_flow(look_around),
        name=f"smoke-{pool.name}",
        work_pool_name=pool.name,
        entrypoint="infra.runpod.smoke_flow.look_around",
        pull_steps=[],
    )
    narrower = {
        "prefer": "price",
        "max_usd_per_hour": most_usd_per_hour,
        "max_usd_per_run": most_usd,
        "capacity_deadline_s": CAPACITY_S,
        "start_deadline_s": START_S,
        "run_deadline_s": RUN_S,
    }
    return await client.create_flow_run_from_deployment(deployment, job_variables=narrower)


async def _follow(client: PrefectClient, run_id: UUID) -> AsyncGenerator[str, None]:
    """Lines of the run's log, until it has ended. Raises: RunPodError where it does not."""
    wanted, seen = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])), 0
    try:
        async with asyncio.timeout(LONGEST_S):
            while True:
                run = await client.read_flow_run(run_id)
                is_over = run.state is not None and run.state.is_final()
                if is_over:
                    await asyncio.sleep(2 * LOOK_S)  # the last lines come late
                lines = await client.read_logs(log_filter=wanted, sort=LogSort.TIMESTAMP_ASC, offset=seen, limit=200)
                for line in lines:
                    yield line.message
                seen += len(lines)
                if is_over:
                    return
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise RunPodError(f"the run has not ended within {LONGEST_S} s; see it in the Prefect UI") from None


def _outcome(run: FlowRun) -> Finding:
    state = run.state
    said = f"{state.name} {state.message or ''}".strip() if state is not None else "no state"
    return Finding("outcome", state is not None and state.is_completed(), f"{said}, run {run.run_count} time(s)")


async def _gone(api: RunPodApi, pool: WorkPool, run_id: UUID) -> Finding:
    """Whether RunPod lists no pod of the run any more; the worker and the pod itself see to that."""
    until_s = asyncio.get_running_loop().time() + GONE_S
    while left := stamped(await api.pods(), pool.id, run_id):
        if asyncio.get_running_loop().time() > until_s:
            names = ", ".join(pod.id for pod, _ in left)
            return Finding("end", False, f"after {GONE_S:.0f} s there still is {names}; see RunPod's console")
        await asyncio.sleep(LOOK_S)
    return Finding("end", True, "RunPod lists no pod of this run any more")


async def _cost(client: PrefectClient, pool: WorkPool, run_id: UUID, most_usd: float) -> Finding:
    bill = Bill(client, run_id, pool.id)
    await bill.recall()
    usd = sum(meter.estimate_usd for meter in bill.meters.values())
    pods = ", ".join(f"{meter.pod_id} ({meter.place['GPU']})" for meter in bill.meters.values()) or "no pod"
    return Finding(
        "cost",
        bool(bill.meters) and usd <= most_usd,
        f"{pods}: ${usd:.4f} by its price and time, of ${most_usd:.2f}; "
        "what RunPod bills follows in the run's artifact `runpod-cost` within ten minutes",
    )


async def _clear(client: PrefectClient, api: RunPodApi, pool: WorkPool, run_id: UUID) -> None:
    """Leave nothing that costs."""
    run = await client.read_flow_run(run_id)
    if run.state is None or not run.state.is_final():
        await client.set_flow_run_state(run_id, Cancelling())
    for pod, _ in stamped(await api.pods(), pool.id, run_id):
        log.warning("smoke.pod_ended", pod=pod.id)
        await api.delete(pod.id)
