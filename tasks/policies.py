"""The cache and retry policies that every task uses."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from prefect import Task
from prefect.cache_policies import CachePolicy
from prefect.client.orchestration import get_client
from prefect.client.schemas import State, TaskRun
from prefect.concurrency.sync import concurrency
from prefect.context import TaskRunContext
from prefect.tasks import exponential_backoff
from pydantic_core import to_jsonable_python

from tasks.errors import HladvarpError

LONGEST_WAIT_S = 60.0  # a vendor that asks for more is as good as down: somebody else reads, or the run fails


async def if_retryable(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: our failures say so themselves, all others are bugs."""
    failure = await state.aresult(raise_on_failure=False)
    return isinstance(failure, HladvarpError) and failure.retryable and failure.wait_s <= LONGEST_WAIT_S


class Retrying(TypedDict):
    """The retry arguments of `@task`."""

    retries: int
    retry_delay_seconds: Callable[[int], list[float]]
    retry_jitter_factor: float
    retry_condition_fn: Callable[..., Any]


RETRYING = Retrying(
    retries=3,
    retry_delay_seconds=exponential_backoff(backoff_factor=4),  # 4, 8, 16 s: outlives a storage server's restart
    retry_jitter_factor=0.5,
    retry_condition_fn=if_retryable,
)


SLOT_LEASE_S = 60.0  # the shortest that Prefect grants: after it, what a killed process held is free again


def slot(limit: str, *, alone: bool = False) -> AbstractContextManager[object]:
    """One slot of a concurrency limit, held while the work goes on; a limit that does not exist is a failure.

    alone: the limit is this machine's, and no other process of ours is on it; as many slots, but its own.
    """
    if alone:
        with _COUNTING:
            return _own_slots(limit)
    # A server that is away for a minute costs the slot; it need not cost the hour of work that holds it.
    return concurrency(limit, lease_duration=SLOT_LEASE_S, strict=True, raise_on_lease_renewal_failure=False)


_COUNTING = threading.Lock()


@lru_cache
def _own_slots(limit: str) -> threading.BoundedSemaphore:
    with get_client(sync_client=True) as client:
        return threading.BoundedSemaphore(client.read_global_concurrency_limit_by_name(limit).limit)


@dataclass
class ByContent(CachePolicy):
    """Equal inputs, equal code, equal libraries: equal result, in any run, on any machine.

    Inputs are references whose uris are functions of their content, so that equal inputs mean equal bytes. Prefect's
    own TASK_SOURCE sees a task's few lines only; here a change anywhere in the nouns that do the work counts.
    """

    nouns: tuple[str, ...] = ()
    """Folders of `tasks` whose code makes the result."""
    libraries: tuple[str, ...] = ()
    """Distributions whose version makes the result."""

    def compute_key(
        self,
        task_ctx: TaskRunContext,
        inputs: dict[str, Any],
        flow_parameters: dict[str, Any],
        **kwargs: Any,
    ) -> str:
        """The key of this call: hexadecimal, since Prefect makes a file name of it."""
        return content_key(
            task=task_ctx.task.name,
            inputs=inputs,
            code=code_digest(("schemas", *self.nouns)),
            libraries={name: version(name) for name in self.libraries},
        )


def content_key(**parts: Any) -> str:
    """SHA-256 over the JSON form of `parts`: the same in every process, which a pickle's bytes are not."""
    text = json.dumps(to_jsonable_python(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache
def code_digest(nouns: tuple[str, ...]) -> str:
    """SHA-256 over the source of these folders of `tasks`."""
    here = Path(__file__).parent
    sources: Mapping[str, str] = {
        str(path.relative_to(here)): hashlib.sha256(path.read_bytes()).hexdigest()
        for noun in nouns
        for path in sorted((here / noun).rglob("*.py"))
    }
    return content_key(sources=sources)
