"""What a run's pods cost, as an artifact of the run: first estimated, then as RunPod billed it.

The artifact is the memory too: whoever takes up a run goes on with its table, and a worker that starts anew finds the
bills that are still open, and what the pool has spent today.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import httpx
import structlog
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterFlowRunId,
    ArtifactFilterKey,
)
from prefect.client.schemas.objects import Artifact

from infra.runpod.pods import Pod

log = structlog.get_logger(__name__)

KEY = "runpod-cost"
POOL = "pool"


@dataclass
class Meter:
    """One pod's cost."""

    pod_id: str
    usd_per_h: float
    from_s: float
    until_s: float | None = None
    """None while it lives."""
    billed_usd: float | None = None
    place: Mapping[str, str] = field(default_factory=dict)
    """GPU, cloud and data centre, as the table shows them."""

    @classmethod
    def of_pod(cls, pod: Pod) -> Meter:
        """Of a pod that lives."""
        place = {"GPU": pod.gpu_type, "cloud": pod.cloud, "data centre": pod.data_center_id or ""}
        from_s = pod.created_at.timestamp() if pod.created_at else time.time()
        return cls(pod.id, pod.cost_usd_per_h, from_s, place=place)

    @classmethod
    def of_row(cls, row: Mapping[str, str]) -> Meter:
        """As the table has it. Raises: KeyError, ValueError for a row that we did not write."""
        return cls(
            row["pod"],
            float(row["$ an hour"]),
            datetime.fromisoformat(row["from"]).timestamp(),
            datetime.fromisoformat(row["to"]).timestamp() if row["to"] else None,
            None if row["$ billed"] == "not yet" else float(row["$ billed"]),
            {name: row[name] for name in ("GPU", "cloud", "data centre")},
        )

    @property
    def duration_s(self) -> float:
        """How long it has existed."""
        return (self.until_s or time.time()) - self.from_s

    @property
    def estimate_usd(self) -> float:
        """Its price times its time."""
        return self.usd_per_h * self.duration_s / 3600

    def row(self) -> dict[str, str]:
        """As a line of the table."""
        return {
            "pod": self.pod_id,
            **self.place,
            "from": _moment(self.from_s),
            "to": _moment(self.until_s) if self.until_s else "",
            "$ an hour": f"{self.usd_per_h:.3f}",
            "minutes": f"{self.duration_s / 60:.1f}" + ("" if self.until_s else " so far"),
            "$ estimated": f"{self.estimate_usd:.4f}",
            "$ billed": "not yet" if self.billed_usd is None else f"{self.billed_usd:.4f}",
        }


@dataclass
class Bill:
    """The pods of one run, and the artifact that tells what they cost."""

    client: PrefectClient
    flow_run_id: UUID
    pool_id: UUID
    meters: dict[str, Meter] = field(default_factory=dict)
    artifact_id: UUID | None = None

    def start(self, pod: Pod) -> None:
        """From here on this pod costs."""
        self.meters.setdefault(pod.id, Meter.of_pod(pod))

    def stop(self, pod_id: str) -> None:
        """This pod has ended."""
        if (meter := self.meters.get(pod_id)) is not None and meter.until_s is None:
            meter.until_s = time.time()

    async def recall(self) -> None:
        """Go on with the table that a worker of before has begun. Raises: httpx.HTTPError."""
        wanted = ArtifactFilter(
            key=ArtifactFilterKey(any_=[KEY]), flow_run_id=ArtifactFilterFlowRunId(any_=[self.flow_run_id])
        )
        for artifact in await self.client.read_artifacts(artifact_filter=wanted, limit=1):
            self.artifact_id = artifact.id
            self.meters = meters_of(artifact) | self.meters

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
                    metadata_={POOL: str(self.pool_id)},
                    flow_run_id=self.flow_run_id,
                )
                self.artifact_id = (await self.client.create_artifact(artifact)).id
            else:
                await self.client.update_artifact(self.artifact_id, ArtifactUpdate(data=data))
        except httpx.HTTPError as error:
            log.warning("cost.not_shown", run=str(self.flow_run_id), reason=type(error).__name__)


def meters_of(artifact: Artifact) -> dict[str, Meter]:
    """What the artifact tells, by pod; nothing where it is none of ours."""
    try:
        rows = json.loads(artifact.data) if isinstance(artifact.data, str) else artifact.data
        return {meter.pod_id: meter for meter in map(Meter.of_row, rows or [])}
    except (KeyError, TypeError, ValueError):
        return {}


def _moment(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")
