"""A pool's open bills: of pods that have ended, and that RunPod has not settled yet. One question for all of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import Artifact
from prefect.client.schemas.sorting import ArtifactSort

from infra.runpod.api import RunPodApi
from infra.runpod.cost import KEY, POOL, Bill, Meter, meters_of
from infra.runpod.day import Day
from tasks.errors import RunPodError

log = structlog.get_logger(__name__)

BILLED_WITHIN_S = 3600.0
"""RunPod settles every five minutes; what it has not billed by then stays an estimate."""
SETTLED_AFTER_S = 600.0
"""A bill that is read sooner after a pod's end may lack its last minutes."""
REMEMBERED = timedelta(days=2)
ENDED_FOR_S = 120.0
"""A run that has ended for so long, and whose table says that its pod lives, has lost the worker that wrote it."""
PAGE = 200


class Accounts:
    """Remembers nothing by itself: the tables are in Prefect, and the sums at RunPod."""

    def __init__(self, api: RunPodApi, client: PrefectClient, pool_id: UUID, day: Day) -> None:
        self._api, self._client, self._pool_id, self._day = api, client, pool_id, day
        self._open: list[Bill] = []
        """A run that was started again has a bill for each time."""

    def settle(self, bill: Bill) -> None:
        """Ask for this one too, from now on."""
        if bill.meters:
            self._open = [each for each in self._open if not _are_same(each, bill)] + [bill]

    async def recall(self) -> None:
        """Read the pool's tables of two days: what was spent, and which bills are open. Raises: httpx.HTTPError."""
        unended: list[Bill] = []
        for artifact in await self._artifacts():
            if artifact.flow_run_id is None or artifact.id in {bill.artifact_id for bill in self._open}:
                continue
            bill = Bill(self._client, artifact.flow_run_id, self._pool_id, meters_of(artifact), artifact.id)
            for meter in bill.meters.values():
                self._day.recall(meter.pod_id, meter.usd_per_h, meter.from_s, meter.until_s)
            if any(meter.until_s is None for meter in bill.meters.values()):
                unended.append(bill)
            elif bill.meters and _is_open(bill):
                self.settle(bill)
        await self._end(unended)

    async def ask(self) -> None:
        """Read what was billed, and show it. Raises nothing."""
        if not self._open and not self._day.spent_usd:
            return
        try:
            records = await self._api.bills(days=REMEMBERED.days)
        except RunPodError as error:
            log.warning("bills.unreachable", reason=str(error))
            return
        self._day.bill(records)
        billed: dict[str, float] = {}
        for record in records:
            billed[record.pod_id] = billed.get(record.pod_id, 0.0) + record.total_usd
        for bill in list(self._open):
            before = [meter.billed_usd for meter in bill.meters.values()]
            for pod_id, meter in bill.meters.items():
                meter.billed_usd = billed.get(pod_id, meter.billed_usd)
            if before != [meter.billed_usd for meter in bill.meters.values()]:
                await bill.show()
        self._open = [bill for bill in self._open if _is_open(bill)]

    async def _artifacts(self) -> list[Artifact]:
        """Tables of this pool that were written lately."""
        wanted, found = ArtifactFilter(key=ArtifactFilterKey(any_=[KEY])), list[Artifact]()
        oldest = datetime.now(UTC) - REMEMBERED
        while True:
            page = await self._client.read_artifacts(
                artifact_filter=wanted, sort=ArtifactSort.UPDATED_DESC, limit=PAGE, offset=len(found)
            )
            found += page
            if len(page) < PAGE or (page[-1].updated is not None and page[-1].updated < oldest):
                break
        return [each for each in found if (each.metadata_ or {}).get(POOL) == str(self._pool_id)]

    async def _end(self, bills: list[Bill]) -> None:
        """Where a run has ended and nobody wrote when its pods did: with the run, as far as anybody knows."""
        if not bills:
            return
        ids = FlowRunFilter(id=FlowRunFilterId(any_=[bill.flow_run_id for bill in bills[:PAGE]]))
        ended = {
            run.id: (run.end_time or run.state.timestamp).timestamp()
            for run in await self._client.read_flow_runs(flow_run_filter=ids, limit=PAGE)
            if run.state is not None and run.state.is_final()
        }
        for bill in bills:
            ended_s = ended.get(bill.flow_run_id)
            if ended_s is None or time.time() - ended_s < ENDED_FOR_S:
                continue
            for meter in bill.meters.values():
                meter.until_s = meter.until_s or max(meter.from_s, ended_s)
                self._day.recall(meter.pod_id, meter.usd_per_h, meter.from_s, meter.until_s)
            await bill.show()
            self.settle(bill)


def _are_same(one: Bill, other: Bill) -> bool:
    """Whether both are of one table; of a bill that could not be shown yet, whether it is the very one."""
    return one is other or (one.artifact_id is not None and one.artifact_id == other.artifact_id)


def _is_open(bill: Bill) -> bool:
    """Whether RunPod may still bill more of it, and not too long ago."""
    ended_s = time.time() - max(_ended_s(meter) for meter in bill.meters.values())
    is_billed = all(meter.billed_usd is not None for meter in bill.meters.values())
    return ended_s <= SETTLED_AFTER_S or (ended_s <= BILLED_WITHIN_S and not is_billed)


def _ended_s(meter: Meter) -> float:
    return meter.until_s or time.time()
