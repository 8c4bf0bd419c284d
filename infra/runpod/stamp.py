"""Whose pod it is: a stamp in its environment, which every list shows. Nothing without our stamp is ever touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from infra.runpod.pods import ENDED, Pod

POOL = "PREFECT_RUNPOD_POOL"
POOL_ID = "PREFECT_RUNPOD_POOL_ID"
ATTEMPT = "PREFECT_RUNPOD_ATTEMPT"
DEADLINE = "PREFECT_RUNPOD_DEADLINE"
FLOW_RUN = "PREFECT__FLOW_RUN_ID"


@dataclass(frozen=True)
class Stamp:
    """A pool, which by its id is one of one server alone; a flow run in it; and which attempt at that run."""

    pool: str
    pool_id: UUID
    flow_run_id: UUID
    attempt: int

    @property
    def pod_name(self) -> str:
        """The same for every pod of a run, so that people find them; 44 characters."""
        return f"prefect-{self.flow_run_id}"

    def env(self) -> dict[str, str]:
        """As variables of the pod."""
        return {
            POOL: self.pool,
            POOL_ID: str(self.pool_id),
            FLOW_RUN: str(self.flow_run_id),
            ATTEMPT: str(self.attempt),
        }


def stamp_of(pod: Pod) -> Stamp | None:
    """The pod's stamp; None where it has none, or one that we did not write."""
    try:
        return Stamp(
            pool=pod.env[POOL],
            pool_id=UUID(pod.env[POOL_ID]),
            flow_run_id=UUID(pod.env[FLOW_RUN]),
            attempt=int(pod.env[ATTEMPT]),
        )
    except (KeyError, ValueError):
        return None


def stamped(pods: Iterable[Pod], pool_id: UUID, flow_run_id: UUID | None = None) -> tuple[tuple[Pod, Stamp], ...]:
    """The pool's living pods, or those of one of its runs; the newest attempt first, and in it the oldest pod."""
    found = [
        (pod, stamp)
        for pod in pods
        if pod.status not in ENDED
        and (stamp := stamp_of(pod)) is not None
        and stamp.pool_id == pool_id
        and flow_run_id in (None, stamp.flow_run_id)
    ]
    return tuple(sorted(found, key=lambda each: (-each[1].attempt, each[0].age_key)))
