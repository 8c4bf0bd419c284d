"""Getting a pod: found before it is made, made once, and paid no more for than is allowed.

A creation has no idempotency key. So whoever wants a pod looks for one with the run's stamp first; asks once; and when
nobody can know whether a pod was made, looks again for half a minute before asking anew. Should a list have hidden the
pod even so, or two workers of one name ask at the same moment, two exist for a moment. The one that stays is the one
that the server names, and until it names any, the oldest: everybody who looks agrees on it. The other is ended; its
launcher waits for the server's word, and has run nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from infra.runpod.api import RunPodApi
from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.day import HIDDEN_S, Day, most_usd_a_day
from infra.runpod.ending import end_pod
from infra.runpod.placement import Candidate, Catalogue
from infra.runpod.pods import Pod
from infra.runpod.stamp import Stamp
from infra.runpod.watch import Look, Watch
from tasks.errors import DailyLimitReached, NoCapacity, PodTooDear, RunPodDenied, RunPodUnreachable

log = structlog.get_logger(__name__)

SHORTEST_WAIT_S, LONGEST_WAIT_S = 15.0, 300.0
"""Between two rounds through all candidates."""
ASKING, NO_CAPACITY, NO_MONEY = "Asking for a pod", "Waiting for capacity", "Waiting for the day's money"
"""Names of the states that a run shows meanwhile."""
DEARER = 1.05
"""A pod's cost counts its disk, which the catalogue's price does not."""

Report = Callable[[str, str], Awaitable[None]]
"""Tell the run's user, by a state's name and a sentence, what is waited for. Raises: NotWanted, when the run is."""


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
    day: Day
    address: str
    report: Report
    discarded: frozenset[str] = frozenset()
    """Pods of this run that did not start; they are being ended."""
    given_back: set[str] = field(default_factory=set)
    """Pods that cost more than is allowed; they are being ended too."""

    async def find(self) -> Pod | None:
        """The run's pod, where one is listed and may be kept; waits until RunPod and Prefect can be asked.

        Raises: NotWanted.
        """
        while True:
            look = await self.watch.next(hurry=True)
            if look.pods is not None and self.stamp.flow_run_id in look.asked_runs:
                return await self._kept(look)
            await self.report(
                ASKING, "waiting for RunPod to answer" if look.pods is None else "waiting for Prefect to answer"
            )

    async def make(self) -> Pod:
        """A new pod; waits for capacity, and for the day's money, as long as the pool allows.

        Another worker of the same name may make it meanwhile: then that one's.

        Raises: NoCapacity, DailyLimitReached, PodTooDear, PodRefused, BalanceTooLow, RunPodDenied, InvalidSettings,
        NotWanted.
        """
        until_s = time.monotonic() + self.configuration.capacity_deadline_s
        wait_s = SHORTEST_WAIT_S
        while True:
            refused: Exception | None = None
            for candidate in self._within_a_day(await self.catalogue.candidates(self.configuration)):
                await self.report(ASKING, f"asking for {candidate.title}")
                if (found := await self._kept(self.watch.last)) is not None:
                    return found
                try:
                    return await self._buy(candidate)
                except (NoCapacity, DailyLimitReached, PodTooDear, RunPodDenied) as error:
                    refused = error
                    log.info("pod.refused", gpu=candidate.gpu_type, cloud=candidate.cloud, reason=str(error))
                    if not isinstance(error, NoCapacity | DailyLimitReached):  # for which it waits, and says so then
                        await self.report(ASKING, str(error))
            if isinstance(refused, RunPodDenied):
                raise refused
            left_s = until_s - time.monotonic()
            if left_s <= 0 and isinstance(refused, DailyLimitReached):
                raise refused
            if left_s <= 0:
                raise NoCapacity(
                    f"nothing was free within {self.configuration.capacity_deadline_s} s ({refused}); "
                    "give the pool more GPU types, data centres or clouds, or more time"
                )
            wait_s = min(wait_s, left_s)
            await self._pause(wait_s * random.uniform(0.8, 1.2), *_waiting(refused, wait_s))
            wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _buy(self, candidate: Candidate) -> Pod:
        """Raises: as `make`; NoCapacity where nothing was made though nobody refused it."""
        usd_per_h, longest_s = self._at_most(candidate)
        limit_usd = self.configuration.max_usd_per_day
        with self.day.wish(self.stamp.flow_run_id, usd_per_h=usd_per_h, longest_s=longest_s, limit_usd=limit_usd):
            pod = await self._create(candidate)
            look = await self.watch.next(hurry=True)  # for what other workers of the pool have made meanwhile
            if (kept := await self._kept(look, but=pod.id)) is not None:
                return kept  # whoever accompanies it ends this one
            await self._check(pod)
        return pod

    def _at_most(self, candidate: Candidate) -> tuple[float, float]:
        """Dollars an hour that a pod there may cost, and for how many seconds."""
        usd_per_h = candidate.usd_per_h or self.configuration.max_usd_per_hour
        return usd_per_h * DEARER, self.configuration.longest_s(usd_per_h)

    def _within_a_day(self, candidates: tuple[Candidate, ...]) -> list[Candidate]:
        """Those of which a day's money buys one at all. Raises: PodTooDear where it does not buy any."""
        limit_usd = min(self.configuration.max_usd_per_day, self.day.limit_usd)
        most_usd = {each: most_usd_a_day(*self._at_most(each)) for each in candidates}
        found = [each for each in candidates if most_usd[each] <= limit_usd]
        if not found:
            raise PodTooDear(
                f"one pod of the pool's choices may cost ${min(most_usd.values()):.2f}, and all of its pods "
                f"${limit_usd:.2f} a day; shorten `Longest run`, lower `Most $ a run`, or raise `Most $ a day`"
            )
        return found

    async def _create(self, candidate: Candidate) -> Pod:
        request = self.configuration.request(candidate, self.stamp, runpod_address=self.address)
        try:
            return await self.api.create(request)
        except RunPodUnreachable as unclear:
            found = await self._look_for_it()
            if found is None:
                raise NoCapacity(f"RunPod did not say what became of {candidate.title}: {unclear}") from unclear
            log.info("pod.adopted", pod=found.id, reason="its creation was answered by nothing")
            return found

    async def _kept(self, look: Look, *, but: str = "") -> Pod | None:
        """The run's pod that was not made just now, where it may be kept.

        Whoever made it may not have come to check it. Once the server names it, it was checked, and the flow may run.
        but: the pod that was made just now.
        """
        pod = self._own(look)
        if pod is None or pod.id == but:
            return None
        try:
            if pod.id != look.named_pod(self.stamp.flow_run_id):
                await self._check(pod)
        except (PodTooDear, DailyLimitReached) as error:
            await self.report(ASKING, f"pod {pod.id}, which was found, is given back: {error}")
            return None
        return pod

    async def _check(self, pod: Pod) -> None:
        """Give back a pod that costs more than is allowed. Raises: PodTooDear, DailyLimitReached."""
        limit_usd = self.configuration.max_usd_per_hour * DEARER
        try:
            if pod.cost_usd_per_h > limit_usd:
                place = f"{pod.gpu_type} ({pod.cloud.lower()})"
                raise PodTooDear(f"{place} would have cost ${pod.cost_usd_per_h:.2f}/h, above ${limit_usd:.2f}/h")
            self.day.check(pod, limit_usd=self.configuration.max_usd_per_day)
        except (PodTooDear, DailyLimitReached):
            self.given_back.add(pod.id)
            if not await end_pod(self, pod.id):
                log.error("pod.not_given_back", pod=pod.id)
            raise

    async def _look_for_it(self) -> Pod | None:
        until_s = time.monotonic() + HIDDEN_S
        while time.monotonic() < until_s:
            await self.report(ASKING, "RunPod did not say whether it made the pod; looking for it")
            look = await self.watch.next(hurry=True)
            if (found := self._own(look)) is not None:
                return found
        return None

    async def _pause(self, wait_s: float, name: str, message: str) -> None:
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            await self.report(name, message)
            await asyncio.sleep(min(5.0, left_s))

    def _own(self, look: Look) -> Pod | None:
        """Of this attempt's pods the one that the server names, or else the oldest."""
        found = look.stamped(self.stamp.pool_id, self.stamp.flow_run_id)
        gone = self.discarded | self.given_back
        own = [pod for pod, stamp in found if stamp.attempt == self.stamp.attempt and pod.id not in gone]
        named = look.named_pod(self.stamp.flow_run_id)
        return next((pod for pod in own if pod.id == named), own[0] if own else None)


def _waiting(refused: Exception | None, wait_s: float) -> tuple[str, str]:
    """What the run shows until the next round."""
    if isinstance(refused, DailyLimitReached):
        return NO_MONEY, str(refused)
    return NO_CAPACITY, f"waiting for capacity, next try in {wait_s:.0f} s"
