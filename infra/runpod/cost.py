"""What a run's pods cost, as an artifact of the run: first estimated, then as RunPod billed it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate

from infra.runpod.api import RunPodApi
from infra.runpod.pods import Pod
from tasks.errors import RunPodError

log = structlog.get_logger(__name__)

KEY = "runpod-cost"
BILLED_WITHIN_S = 3600.0
"""RunPod settles every five minutes; what it has not billed by then stays an estimate."""
SETTLED_AFTER_S = 600.0
"""A bill that is read sooner after a pod's end may lack its last minutes."""


@dataclass
class Meter:
    """One pod's cost."""

    pod: Pod
    made_at_s: float
    ended_at_s: float | None = None
    billed_usd: float | None = None

    @property
    def duration_s(self) -> float:
        """How long it has existed."""
        return (self.ended_at_s or time.time()) - self.made_at_s

    @property
    def estimate_usd(self) -> float:
        """Its price times its time."""
        return self.pod.cost_usd_per_h * self.duration_s / 3600

    def row(self) -> dict[str, str]:
        """As a line of the table."""
        return {
            "pod": self.pod.id,
            "GPU": self.pod.gpu_type,
            "cloud": self.pod.cloud,
            "data centre": self.pod.data_center_id or "",
            "$ an hour": f"{self.pod.cost_usd_per_h:.3f}",
            "minutes": f"{self.duration_s / 60:.1f}" + ("" if self.ended_at_s else " so far"),
            "$ estimated": f"{self.estimate_usd:.4f}",
            "$ billed": "not yet" if self.billed_usd is None else f"{self.billed_usd:.4f}",
        }


@dataclass
class Bill:
    """The pods of one run, and the artifact that tells what they cost."""

    client: PrefectClient
    flow_run_id: UUID
    meters: dict[str, Meter] = field(default_factory=dict)
    artifact_id: UUID | None = None

    def start(self, pod: Pod) -> None:
        """From here on this pod costs."""
        made_at_s = pod.created_at.timestamp() if pod.created_at else time.time()
        self.meters.setdefault(pod.id, Meter(pod, made_at_s))

    def stop(self, pod_id: str) -> None:
        """This pod has ended."""
        if (meter := self.meters.get(pod_id)) is not None and meter.ended_at_s is None:
            meter.ended_at_s = time.time()

    async def show(self) -> None:
        """Write the artifact, or write it anew. A server that can't be reached is no reason to fail a run."""
        data = json.dumps([meter.row() for meter in self.meters.values()])
        try:
            if self.artifact_id is None:
                artifact = ArtifactCreate(
                    key=KEY,
                    type="table",
                    description="What the run's pods at RunPod cost.",
                    data=data,
                    flow_run_id=self.flow_run_id,
                )
                self.artifact_id = (await self.client.create_artifact(artifact)).id
            else:
                await self.client.update_artifact(self.artifact_id, ArtifactUpdate(data=data))
        except httpx.HTTPError as error:
            log.warning("cost.not_shown", run=str(self.flow_run_id), reason=type(error).__name__)


class Accounts:
    """Bills of ended pods that RunPod has not settled yet: one question for all of them, now and then."""

    def __init__(self, api: RunPodApi) -> None:
        self._api = api
        self._open: list[Bill] = []

    def settle(self, bill: Bill) -> None:
        """Ask for this one too, from now on."""
        if bill.meters:
            self._open.append(bill)

    async def ask(self) -> None:
        """Read what was billed, and show it. Raises nothing."""
        if not self._open:
            return
        try:
            records = await self._api.bills(days=2)
        except RunPodError as error:
            log.warning("bills.unreachable", reason=str(error))
            return
        billed: dict[str, float] = {}
        for record in records:
            billed[record.pod_id] = billed.get(record.pod_id, 0.0) + record.total_usd
        for bill in list(self._open):
            for pod_id, meter in bill.meters.items():
                meter.billed_usd = billed.get(pod_id, meter.billed_usd)
            await bill.show()
            ended_s = time.time() - max(meter.ended_at_s or time.time() for meter in bill.meters.values())
            is_billed = all(meter.billed_usd is not None for meter in bill.meters.values())
            if ended_s > BILLED_WITHIN_S or (is_billed and ended_s > SETTLED_AFTER_S):
                self._open.remove(bill)
