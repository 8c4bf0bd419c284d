"""What a pool's pods cost on a day, by UTC as RunPod's bills have it: kept below `Most $ a day` before a pod is made.

    spent       of every pod of the pool, its price times its time since midnight, or its bill where that is more
    set aside   what pods that live may still cost until their deadlines, or until midnight
    wanted      the same of the pod that is to be made

A pod is made where the three together are within the limit. Known are the pods that a look shows, whoever made them;
those of the cost artifacts, which outlive a worker; and this worker's own wishes that no look shows yet. Two workers of
one pool may wish at once: each looks again after its pod was made, and the younger pod that does not fit is given back.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from infra.runpod.pods import Bill, Pod
from infra.runpod.stamp import DEADLINE, stamped
from tasks.errors import DailyLimitReached

DAY_S = 86_400
HIDDEN_S = 30.0
"""How long a list may lack a pod that was made."""


@dataclass
class Spell:
    """One pod's price and time."""

    usd_per_h: float
    from_s: float
    until_s: float | None = None
    """None while it lives."""
    deadline_s: float = 0.0
    age_key: tuple[str, str] = ("", "")
    billed_usd: float = 0.0
    billed_on_s: float = 0.0
    """Midnight before the day that is billed."""

    def spent_usd(self, now_s: float) -> float:
        """Since midnight."""
        midnight_s = _midnight_s(now_s)
        hours = max(0.0, (self.until_s or now_s) - max(self.from_s, midnight_s)) / 3600
        billed_usd = self.billed_usd if self.billed_on_s == midnight_s else 0.0
        return max(billed_usd, hours * self.usd_per_h)

    def to_come_usd(self, now_s: float) -> float:
        """Until its deadline, or midnight."""
        return 0.0 if self.until_s else _most_usd(self.usd_per_h, self.deadline_s - now_s, now_s)


class Day:
    """One pool's day; for all runs of one worker, in one event loop."""

    def __init__(self, pool_id: UUID, *, limit_usd: float, clock: Callable[[], float] = time.time) -> None:
        """limit_usd: the pool's own; a run may lower it for itself, and never raise it. clock: seconds of the epoch."""
        self.limit_usd = limit_usd
        self._pool_id, self._clock = pool_id, clock
        self._spells: dict[str, Spell] = {}
        self._wishes: dict[UUID, float] = {}

    @property
    def spent_usd(self) -> float:
        """What the pool's pods have cost today."""
        now_s = self._clock()
        return sum(spell.spent_usd(now_s) for spell in self._spells.values())

    @property
    def set_aside_usd(self) -> float:
        """What pods that live, or are being made, may still cost today."""
        now_s = self._clock()
        return sum(spell.to_come_usd(now_s) for spell in self._spells.values()) + sum(self._wishes.values())

    def see(self, pods: Mapping[str, Pod]) -> None:
        """All pods of the account at this moment, by id: new ones begin to cost, and those that are gone have ended."""
        now_s = self._clock()
        own = {pod.id: pod for pod, _ in stamped(pods.values(), self._pool_id)}
        for pod in own.values():
            spell = self.recall(pod.id, pod.cost_usd_per_h, pod.created_at.timestamp() if pod.created_at else now_s)
            spell.usd_per_h, spell.until_s = pod.cost_usd_per_h or spell.usd_per_h, None
            spell.deadline_s, spell.age_key = _deadline_s(pod), pod.age_key
        for pod_id, spell in self._spells.items():
            if pod_id not in own and spell.until_s is None and now_s - spell.from_s > HIDDEN_S:
                spell.until_s = now_s
        midnight_s = _midnight_s(now_s)
        self._spells = {key: each for key, each in self._spells.items() if (each.until_s or now_s) >= midnight_s}

    def recall(self, pod_id: str, usd_per_h: float, from_s: float, until_s: float | None = None) -> Spell:
        """A pod that is known from elsewhere; of two ends the earlier one holds, as a look may come late."""
        spell = self._spells.setdefault(pod_id, Spell(usd_per_h, from_s))
        spell.until_s = min((each for each in (spell.until_s, until_s) if each), default=None)
        return spell

    def bill(self, records: Iterable[Bill]) -> None:
        """What RunPod has billed, all of it at once: a pod's cost of today may come in several records."""
        midnight_s = _midnight_s(self._clock())
        billed_usd: defaultdict[str, float] = defaultdict(float)
        for record in records:
            if record.from_ is not None and record.from_.timestamp() >= midnight_s:
                billed_usd[record.pod_id] += record.total_usd
        for pod_id in billed_usd.keys() & self._spells.keys():
            self._spells[pod_id].billed_usd, self._spells[pod_id].billed_on_s = billed_usd[pod_id], midnight_s

    @contextmanager
    def wish(self, flow_run_id: UUID, *, usd_per_h: float, longest_s: float, limit_usd: float) -> Iterator[None]:
        """While inside, a pod is being made that may cost so much an hour, for so many seconds.

        Raises: DailyLimitReached where others leave too little.
        """
        most_usd = _most_usd(usd_per_h, longest_s, self._clock())
        self._check(most_usd, self.set_aside_usd, limit_usd)
        self._wishes[flow_run_id] = most_usd
        try:
            yield
        finally:
            del self._wishes[flow_run_id]

    def check(self, pod: Pod, *, limit_usd: float) -> None:
        """Whether a pod that was made still fits, beside those that are older. Raises: DailyLimitReached."""
        now_s = self._clock()
        own = self.recall(pod.id, pod.cost_usd_per_h, now_s)
        own.deadline_s, own.age_key = _deadline_s(pod), pod.age_key
        older = [each for each in self._spells.values() if each is not own and each.age_key < own.age_key]
        to_come_usd = sum(each.to_come_usd(now_s) for each in older)
        self._check(own.to_come_usd(now_s), to_come_usd, limit_usd)

    def _check(self, wanted_usd: float, set_aside_usd: float, limit_usd: float) -> None:
        limit_usd = min(limit_usd, self.limit_usd)
        if self.spent_usd + set_aside_usd + wanted_usd > limit_usd:
            raise DailyLimitReached(
                f"the pool's pods have cost ${self.spent_usd:.2f} today (UTC), those under way may still cost "
                f"${set_aside_usd:.2f} and this one ${wanted_usd:.2f}, which is above ${limit_usd:.2f}; "
                "wait for them or for tomorrow, or raise `Most $ a day` of the pool"
            )


def most_usd_a_day(usd_per_h: float, longest_s: float) -> float:
    """What one pod can cost on one day."""
    return usd_per_h * min(longest_s, DAY_S) / 3600


def _most_usd(usd_per_h: float, longest_s: float, now_s: float) -> float:
    """Of so many seconds from now on, as far as they are today's."""
    return usd_per_h * max(0.0, min(longest_s, _midnight_s(now_s) + DAY_S - now_s)) / 3600


def _midnight_s(now_s: float) -> float:
    return now_s // DAY_S * DAY_S


def _deadline_s(pod: Pod) -> float:
    deadline = pod.env.get(DEADLINE, "")
    return float(deadline) if deadline.isdigit() else 0.0
