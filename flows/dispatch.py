"""Where work runs: in threads beside the flow's event loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from typing import Any, TypeVar, cast

from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

R = TypeVar("R")

# Without a number Prefect starts a thread for every submitted task.
RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner[Any](max_workers=max(2, os.cpu_count() or 2)))


async def done(future: PrefectFuture[R]) -> R:
    """The result of a submitted task, awaited without holding up the flow's event loop."""
    return await asyncio.to_thread(future.result)


async def all_done(futures: Iterable[PrefectFuture[R]]) -> tuple[R, ...]:
    """The results of submitted tasks, in the order of submission; the first failure is raised when all have ended."""
    outcomes = await asyncio.gather(*(done(future) for future in futures), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return tuple(outcome for outcome in outcomes if not isinstance(outcome, BaseException))
