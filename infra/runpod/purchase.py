"""Getting a pod: found before it is made, made once, and paid no more for than is allowed.

A creation has no idempotency key. So whoever wants a pod looks for one with the run's stamp first; asks once; and when
nobody can know whether a pod was made, looks again for half a minute before asking anew. Should a list have hidden the
pod even so, two exist for a moment: `claimed` keeps the one that the server names, and ends the other, whose launcher
waits for that name and has run nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.placement import Candidate, Catalogue
from infra.runpod.pods import Pod
from infra.runpod.stamp import Stamp, stamped
from infra.runpod.watch import Watch
from tasks.errors import NoCapacity, PodTooDear, RunPodDenied, RunPodUnreachable

log = structlog.get_logger(__name__)

HIDDEN_S = 30.0
"""How long a list may lack a pod that was made."""
SHORTEST_WAIT_S, LONGEST_WAIT_S = 15.0, 300.0
"""Between two rounds through all candidates."""
DEARER = 1.05
"""A pod's cost counts its disk, which the catalogue's price does not."""

Report = Callable[[str], Awaitable[None]]
"""Tell the run's user what is being waited for. Raises: NotWanted when the run wants no pod any more."""


class NotWanted(Exception):
    """The run was cancelled or deleted while its pod was being got."""


@dataclass(frozen=True)
class Purchase:
    """One run's way to a pod."""

    api: RunPodApi
    watch: Watch
    catalogue: Catalogue
    configuration: RunPodJobConfiguration
    stamp: Stamp
    address: str
    report: Report
    discarded: frozenset[str] = frozenset()
    """Pods of this run that did not start; they are being ended."""

    async def find(self) -> Pod | None:
        """The run's pod, where one is listed; waits until RunPod can be asked. Raises: NotWanted."""
        while True:
            look = await self.watch.next(hurry=True)
            if look.pods is not None:
                return self._own(list(look.pods.values()))
            await self.report("waiting for RunPod to answer")

    async def make(self) -> Pod:
        """A new pod; waits for capacity as long as the pool allows.

        Raises: NoCapacity, PodTooDear, PodRefused, BalanceTooLow, RunPodDenied, InvalidSettings, NotWanted.
        """
        until_s = time.monotonic() + self.configuration.capacity_deadline_s
        wait_s = SHORTEST_WAIT_S
        while True:
            refused: Exception | None = None
            for candidate in await self.catalogue.candidates(self.configuration):
                await self.report(f"asking for {candidate.title}")
                try:
                    return await self._buy(candidate)
                except (NoCapacity, PodTooDear, RunPodDenied) as error:
                    refused = error
                    log.info("pod.refused", gpu=candidate.gpu_type, cloud=candidate.cloud, reason=str(error))
            if isinstance(refused, RunPodDenied):
                raise refused
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise NoCapacity(
                    f"nothing was free within {self.configuration.capacity_deadline_s} s ({refused}); "
                    "give the pool more GPU types, data centres or clouds, or more time"
                )
            wait_s = min(wait_s, left_s)
            await self._pause(wait_s * random.uniform(0.8, 1.2), f"waiting for capacity, next try in {wait_s:.0f} s")
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _buy(self, candidate: Candidate) -> Pod:
        """Raises: as `make`; NoCapacity where nothing was made though nobody refused it."""
        request = self.configuration.request(candidate, self.stamp, runpod_address=self.address)
        try:
            pod = await self.api.create(request)
        except RunPodUnreachable as unclear:
            found = await self._look_for_it()
            if found is None:
                raise NoCapacity(f"RunPod did not say what became of {candidate.title}: {unclear}") from unclear
            log.info("pod.adopted", pod=found.id, reason="its creation was answered by nothing")
            pod = found
        limit_usd = self.configuration.max_usd_per_hour * DEARER
        if pod.cost_usd_per_h > limit_usd:
            await self.api.delete(pod.id)
            raise PodTooDear(f"{candidate.title} would have cost ${pod.cost_usd_per_h:.2f}/h, above ${limit_usd:.2f}/h")
        return pod

    async def _look_for_it(self) -> Pod | None:
        until_s = time.monotonic() + HIDDEN_S
        while time.monotonic() < until_s:
            await self.report("RunPod did not say whether it made the pod; looking for it")
            look = await self.watch.next(hurry=True)
            if look.pods is not None and (found := self._own(list(look.pods.values()))) is not None:
                return found
        return None

    async def _pause(self, wait_s: float, message: str) -> None:
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            await self.report(message)
            await asyncio.sleep(min(5.0, left_s))

    def _own(self, pods: list[Pod]) -> Pod | None:
        found = stamped(pods, self.stamp.pool_id, self.stamp.flow_run_id)
        return next(
            (pod for pod, stamp in found if stamp.attempt == self.stamp.attempt and pod.id not in self.discarded), None
        )
