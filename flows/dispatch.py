"""Where work runs: in threads beside the flow's event loop, or on the pool that a stage needs.

What was made once is made again only if it is gone.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from prefect import Flow, Task
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import BaseModel

from blocks.places import audio_store
from blocks.settings import load_settings
from flows.pods import Crew, Makes
from flows.pool_runs import bound, bring
from tasks.schemas import AudioRef, DocumentRef, FileRef, PodEntry, SourceRef, Work

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound=Makes)
log = structlog.get_logger(__name__)

THREADS = max(2, os.cpu_count() or 2)
# Without a number Prefect starts a thread for every submitted task.
RUNNER = cast("TaskRunner[PrefectFuture[Any]]", ThreadPoolTaskRunner[Any](max_workers=THREADS))


def on_pool(stage: Flow[P, Coroutine[Any, Any, R]], pool: str, crew: Crew | None = None) -> Callable[P, Awaitable[R]]:
    """A stage to be called: here, or where a pool is named, by a run of its deployment there, of the pool's own name.

    The run shows below the calling flow, is joined by whoever asks for the same, and ends with the last that waits for
    it. Its result comes back through the store; its failure as the error that was raised there. Raises besides:
    StageError's leaves.

    crew: shares the stage among several machines, and tells who did what.
    """
    if not pool:
        return stage

    async def there(*args: P.args, **kwargs: P.kwargs) -> R:
        parameters = bound(stage, args, kwargs)
        result: R
        if crew is None:
            result, _ = await bring(stage, pool, parameters)
        else:
            result = await crew.bring(stage, pool, parameters)
        return result

    return there


def spread(
    stage: Flow[P, Coroutine[Any, Any, M]],
    helper: Flow[..., Coroutine[Any, Any, Work]],
    pods: int,
    worked: Callable[[tuple[PodEntry, ...]], None],
) -> Callable[P, Awaitable[M]]:
    """The stage, here or on the pool that the settings place it on, there by so many runs at once: see `Crew`."""
    return on_pool(stage, load_settings().pool_of(stage.name), Crew(helper, pods, worked))


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


async def all_settled(futures: Iterable[PrefectFuture[Any]]) -> tuple[BaseException | None, ...]:
    """What became of submitted tasks, when all have ended: their failures, in the order of submission."""
    outcomes = await asyncio.gather(*(done(future) for future in futures), return_exceptions=True)
    return tuple(outcome if isinstance(outcome, BaseException) else None for outcome in outcomes)


async def stored(task: Task[..., R], *inputs: object) -> R:
    """The result of a cached task, whole: see `all_stored`."""
    results, _ = await all_stored(task, [inputs])
    return results[0]


async def all_stored(task: Task[..., R], calls: Sequence[tuple[object, ...]]) -> tuple[tuple[R, ...], int]:
    """The results of a cached task's calls, and how many of them were made now.

    A result that was found, but points at an object that somebody removed from the store, is made again.
    """
    futures = [task.submit(*inputs) for inputs in calls]
    results = list(await all_done(futures))
    made = sum(future.state.name != "Cached" for future in futures)
    lost = [index for index, result in enumerate(results) if not await asyncio.to_thread(is_whole, result)]
    if lost:
        log.warning("results.lost", task=task.name, count=len(lost))
        again = task.with_options(refresh_cache=True)
        remade = await all_done([again.submit(*calls[index]) for index in lost])
        for index, result in zip(lost, remade, strict=True):
            results[index] = result
    return tuple(results), made + len(lost)


def is_whole(result: object) -> bool:
    """Whether every object that a task's result points at is in the store."""
    store = audio_store()
    return all(store.exists(uri) for uri in _uris(result))


def _uris(value: object) -> Iterator[str]:
    if isinstance(value, AudioRef | DocumentRef | FileRef | SourceRef):
        yield value.uri
    elif isinstance(value, BaseModel):
        for _, part in value:
            yield from _uris(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _uris(part)
