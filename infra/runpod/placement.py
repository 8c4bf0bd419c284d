"""Where a pod may stand: GPU types, clouds and data centres, in the order in which they are tried."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from infra.runpod.api import RunPodApi
from infra.runpod.choices import Choices
from infra.runpod.pods import Cloud, Offer
from tasks.errors import PodRefused, PodTooDear, RunPodUnreachable

FRESH_S = 60.0
"""Prices and stock are asked for no more often, for all runs together."""

_STOCK = {"HIGH": 0, "MEDIUM": 1, "LOW": 2}
_NO_STOCK = 3


T = TypeVar("T")


@dataclass(frozen=True)
class Candidate:
    """One place that may be asked for a pod."""

    gpu_type: str
    cloud: Cloud
    data_center_ids: tuple[str, ...] = ()
    """None of them named: any."""
    usd_per_h: float = 0.0
    """For all its GPUs; 0 where nobody knows."""
    availability: str = ""

    @property
    def title(self) -> str:
        """In words."""
        price = f", ${self.usd_per_h:.2f}/h" if self.usd_per_h else ""
        return f"{self.gpu_type} ({self.cloud.lower()}{price})"


class Catalogue:
    """What RunPod has to let, asked for once a minute for all runs."""

    def __init__(self, api: RunPodApi) -> None:
        self._api = api
        self._answers: dict[Hashable, tuple[float, Any]] = {}
        self._lock = asyncio.Lock()

    async def offers(self, cloud: Cloud, count: int, min_cuda: str) -> dict[str, Offer]:
        """By GPU type; empty where RunPod does not tell: the pod itself has a price too. Raises: RunPodError."""
        try:
            found = await self._fresh(
                (cloud, count, min_cuda), lambda: self._api.offers(cloud=cloud, count=count, min_cuda=min_cuda)
            )
        except RunPodUnreachable:
            return {}
        return {offer.id: offer for offer in found}

    async def _fresh(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer, or the one of less than a minute ago. Raises: RunPodError."""
        async with self._lock:
            asked_at_s, answer = self._answers.get(key, (float("-inf"), None))
            if time.monotonic() - asked_at_s > FRESH_S:
                answer = await ask()
                self._answers[key] = (time.monotonic(), answer)
            return cast("T", answer)

    async def candidates(self, choices: Choices) -> tuple[Candidate, ...]:
        """Every place that fits, the one to try first in front; what shows no stock comes last, as that is a hint.

        Raises: PodTooDear, PodRefused where nothing fits; RunPodError.
        """
        clouds = _clouds(choices)
        data_centers = await self._data_centers(choices)
        found = []
        for gpu_type in choices.gpu_types:
            for cloud in clouds:
                offer = (await self.offers(cloud, choices.gpu_count, choices.min_cuda)).get(gpu_type)
                usd_per_h = offer.usd_per_h(cloud) * choices.gpu_count if offer else 0.0
                stock = offer.stock(data_centers) if offer else ""
                found.append(Candidate(gpu_type, cloud, data_centers, usd_per_h, stock))
        affordable = [each for each in found if each.usd_per_h <= choices.max_usd_per_hour]
        if not affordable:
            cheapest = min(found, key=lambda each: each.usd_per_h)
            raise PodTooDear(
                f"the cheapest of the pool's choices is {cheapest.title}, above ${choices.max_usd_per_hour:.2f}/h; "
                "raise `Most $ an hour`, or add GPU types"
            )
        return tuple(sorted(affordable, key=lambda each: _rank(each, choices)))

    async def _data_centers(self, choices: Choices) -> tuple[str, ...]:
        """Ids of those that will do; none: any will."""
        allowed = set(choices.data_centers)
        if choices.gdpr_only:
            centers = await self._fresh("GDPR", lambda: self._api.data_centers(compliance="GDPR"))
            compliant = {center.id for center in centers}
            allowed = allowed & compliant if allowed else compliant
            if not allowed:
                raise PodRefused(
                    f"none of the data centres {', '.join(choices.data_centers)} is listed as compliant with the GDPR; "
                    "choose others, or do without that"
                )
        if choices.volume_id:
            volume = await self._fresh(choices.volume_id, lambda: self._api.volume(choices.volume_id))
            if volume is None:
                raise PodRefused(f"there is no network volume {choices.volume_id}; correct the pool's variable")
            if allowed and volume.data_center not in allowed:
                raise PodRefused(
                    f"network volume {volume.id} lies in {volume.data_center}, where the pool's pods may not stand; "
                    "add that data centre, or choose another volume"
                )
            return (volume.data_center,)
        return tuple(sorted(allowed))


def _clouds(choices: Choices) -> tuple[Cloud, ...]:
    if choices.cloud == "either":
        return ("SECURE",) if choices.volume_id else ("SECURE", "COMMUNITY")
    if choices.volume_id and choices.cloud == "COMMUNITY":
        raise PodRefused("a network volume is of the cloud SECURE alone; choose that, or no volume")
    return (choices.cloud,)


def _rank(candidate: Candidate, choices: Choices) -> tuple[float, ...]:
    """Sorts the candidate to try first in front; Python's sort keeps the pool's own order where it ties."""
    stock = _STOCK.get(candidate.availability, _NO_STOCK)
    is_out = candidate.availability == "NONE"
    if choices.prefer == "price":
        return (is_out, candidate.usd_per_h or float("inf"))
    if choices.prefer == "stock":
        return (is_out, stock)
    return (is_out, 0)
