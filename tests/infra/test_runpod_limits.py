"""The rate limit of an account that others use too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from infra.runpod.limits import RateLimits

POLICY = '"minute";q=60;w=60'


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def told(left: int, in_s: int) -> dict[str, str]:
    return {"ratelimit": f'"minute";r={left};t={in_s}', "ratelimit-policy": POLICY}


def trying(go: Callable[[RateLimits, Clock, Callable[[int], Awaitable[int]]], Awaitable[None]]) -> None:
    """Run it with limits of which one answer has told that the minute is used up, for ten seconds more."""

    async def all_() -> None:
        clock = Clock()
        limits = RateLimits(clock)
        entered = 0
        waiting: list[asyncio.Task[None]] = []

        async def enter(urgent: bool) -> None:
            nonlocal entered
            await limits.enter(urgent=urgent)
            entered += 1

        async def more(count: int, urgent: bool = False) -> int:
            """So many ask to be let in; how many are by now."""
            waiting.extend(asyncio.create_task(enter(urgent)) for _ in range(count))
            for _ in range(20):
                await asyncio.sleep(0)
            return entered

        await more(1)
        await limits.leave(told(0, 10))
        clock.now_s = 10.0
        await go(limits, clock, more)
        for task in waiting:
            task.cancel()

    asyncio.run(all_())


def test_window_that_begins_anew_is_tried_by_a_few_until_one_is_told_what_others_have_used():
    async def go(limits, clock, more):
        assert await more(50) == 1 + 6
        await limits.leave(told(30, 60))  # 24 others have asked, and five of ours are still under way
        assert await more(0) == 1 + 6 + 13  # 25 are left, and 12 of a minute are for urgent ones

    trying(go)


def test_window_that_others_have_used_up_by_then_costs_no_more_than_those_few():
    async def go(limits, clock, more):
        await more(50)
        for _ in range(6):
            await limits.leave(told(0, 60))
        assert await more(0) == 1 + 6

    trying(go)


def test_others_try_where_those_few_are_not_answered():
    async def go(limits, clock, more):
        await more(50)
        for _ in range(2):
            await limits.leave(None)
        assert await more(0) == 1 + 6 + 2

    trying(go)
