"""A stage's run on a work pool: started once for equal content, waited for, and its result or failure brought back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import structlog
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun, State
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.results import ResultRecordMetadata  # type: ignore[attr-defined]  # where the documentation has it
from prefect.utilities.callables import get_call_parameters
from prefect.utilities.urls import url_for
from pydantic_core import to_jsonable_python

from blocks.places import audio_store
from blocks.results import RESULTS_SLUG, ResultStorage
from blocks.settings import load_settings
from flows.askers import LET_GO, asker, call_off, give_up, join, leave
from tasks.errors import HladvarpError, StageBroken, StageCancelled, StageLost
from tasks.policies import code_digest, content_key

log = structlog.get_logger(__name__)

LOOK_S = 2.0
SILENCE_S = 600.0
"""How long the server may be away while a run goes on elsewhere."""
TAKEN_WITHIN = timedelta(hours=1)
"""A result that nobody took, as its parent was killed, is taken by the next that asks; later it may be out of date."""


def bound(stage: Flow[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call as a deployment takes them: by name, in JSON."""
    called: dict[str, Any] = to_jsonable_python(get_call_parameters(stage.fn, args, kwargs, apply_defaults=False))
    return called


async def bring(
    stage: Flow[..., Any], pool: str, parameters: Mapping[str, Any], content: Mapping[str, Any] | None = None
) -> tuple[Any, FlowRun]:
    """The result of a stage's run on a pool, and the run. One that lost its machine is made again, once.

    A run that several wait for ends with the last of them. Who comes to wait while the last one goes asks anew.

    content: what tells this run from others, where that is not its parameters.
    Raises: what was raised there, with where that was; StageLost, StageCancelled, StageBroken.
    """
    tag = tag_of(stage, pool, parameters if content is None else content)
    was_lost = False
    await join(tag)
    while True:
        run = await find_or_start(stage, pool, parameters, tag, wish=tag)
        try:
            run = await ended(run.id)
        except ObjectNotFound:
            raise StageCancelled(
                f"the stage's run {run.name} was deleted while it was waited for; start it again if that was not meant"
            ) from None
        except Exception:
            raise
        except BaseException:  # whoever ends this flow, ends what it has rented
            give_up(tag, [run.id])
            raise
        try:
            result = await outcome(run)
        except StageLost as lost:
            if was_lost or not run.run_count:
                raise
            was_lost = True
            log.warning("stage.lost", stage=stage.name, run=run.name, reason=str(lost))
        except StageCancelled:
            if LET_GO not in run.tags:
                raise
            log.warning("stage.let_go", stage=stage.name, run=run.name)
        else:
            await asyncio.to_thread(audio_store().remember, _taken(run), _parent().encode())
            await asyncio.to_thread(leave, tag)
            return result, run


def tag_of(stage: Flow[..., Any], pool: str, content: Mapping[str, Any]) -> str:
    """The tag of runs that come to the same: equal content, settings and code. Secrets are masked in it."""
    settings = load_settings().model_dump(mode="json")
    return f"content:{content_key(stage=stage.name, pool=pool, content=content, settings=settings, code=_code())[:16]}"


async def find(tag: str) -> FlowRun | None:
    """A run of this content that is under way, or whose result nobody has taken yet."""
    return await _usable(await _known(tag))


async def find_or_start(
    stage: Flow[..., Any], pool: str, parameters: Mapping[str, Any], tag: str, *, wish: str
) -> FlowRun:
    """The run of this content as `find` has it, or a new one; two who ask at the same moment get the same.

    wish: the tag of the content that the run is for: its own, or that of the leader whom it helps.
    """
    known = await _known(tag)
    return await _usable(known) or await start(stage, pool, parameters, tag, wish=wish, after=known)


async def _usable(known: Iterable[FlowRun]) -> FlowRun | None:
    for run in known:
        if run.state is None or not (run.state.is_final() or run.state.is_cancelling()):
            log.info("stage.joined", run=run.name)
            return run
        if await _can_be_taken(run):
            log.info("stage.found", run=run.name)
            return run
    return None


async def start(
    stage: Flow[..., Any],
    pool: str,
    parameters: Mapping[str, Any],
    tag: str,
    *,
    wish: str,
    after: Sequence[FlowRun] = (),
) -> FlowRun:
    """A new run, shown in the UI below the flow that asks for it.

    wish: as in `find_or_start`; a flow that ends while it asks leaves no run that nobody else wishes for.
    after: the runs of this content that were known, the newest first: whoever knew the same ones gets the same new one.
    """
    async with get_client() as client:
        has_machine = (await client.read_work_pool(pool)).type != "process"
    deployment = f"{stage.name}/{pool}"
    asked: dict[str, Any] = {
        "parameters": dict(parameters),
        "tags": [tag],
        "idempotency_key": f"{tag} after {after[0].id if after else 'none'}",
        "job_variables": {"env": environment(alone=has_machine)},
    }
    try:
        run = await arun_deployment(deployment, timeout=0, **asked)
    except Exception:
        raise
    except BaseException:  # the server may have made the run, or be about to
        call_off(deployment, asked, wish)
        raise
    log.info("stage.placed", stage=stage.name, pool=pool, run=run.name, link=link_to(run))
    return run


def environment(*, alone: bool) -> dict[str, str]:
    """What a run elsewhere has to share with this one: the store, and how results are kept in it. No secret."""
    settings = load_settings()
    store = settings.store_uri
    said = {
        "HLADVARP_STORE": store if "://" in store else str(Path(store).absolute()),
        "HLADVARP_S3__BLOCK": settings.s3.block,
        "HLADVARP_S3__ENDPOINT_URL": settings.s3.endpoint_url,
        "HLADVARP_S3__REGION": settings.s3.region,
        "HLADVARP_ALONE": "true" if alone else "",
        "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK": RESULTS_SLUG,
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    }
    return {name: value for name, value in said.items() if value}


async def ended(run_id: UUID, give_up: Callable[[FlowRun], bool] = lambda _: False) -> FlowRun:
    """The run when it has ended, or when it is given up. Raises: httpx.HTTPError when the server is away for long."""
    heard_s = time.monotonic()
    while True:
        try:
            async with get_client() as client:
                run = await client.read_flow_run(run_id)
            heard_s = time.monotonic()
            if (run.state is not None and run.state.is_final()) or give_up(run):
                return run
        except httpx.HTTPError:
            if time.monotonic() - heard_s > SILENCE_S:
                raise
        await asyncio.sleep(LOOK_S)


async def outcome(run: FlowRun) -> Any:
    """What a run that has ended returned. Raises: as `bring`."""
    state, where = run.state, f"run {run.name}: {link_to(run)}"
    assert state is not None
    try:
        left = await _left_by(state)
    except HladvarpError as error:  # the store's own
        raise type(error)(f"{error} ({where})") from None
    except Exception as error:
        raise StageBroken(f"what the run left cannot be read: {type(error).__name__}: {error} ({where})") from error
    if state.is_completed():
        return left
    if isinstance(left, HladvarpError):
        raise type(left)(f"{left} ({where})")
    said = " ".join((state.message or "").split()) or "it did not say why"
    if state.is_cancelled():
        raise StageCancelled(f"the stage was cancelled; start it again if that was not meant ({where})")
    if state.is_crashed():
        raise StageLost(f"the stage ended without a word: {said}; run it again, and it goes on where it was ({where})")
    raise StageBroken(f"the stage failed: {said}; the run's log says more ({where})")


async def _left_by(state: State[Any]) -> Any:
    """What a run returned, or the failure that it raised; None where it left nothing."""
    if not isinstance(state.data, ResultRecordMetadata):
        return None
    assert state.data.storage_key is not None
    kept = await ResultStorage().aread_path(state.data.storage_key)
    # Prefect's `state.result()` takes what its JSON serializer writes of a flow's result, {"__class__", "data"}, for a
    # record of an old version, and gives a dictionary (3.8.8: ResultRecord.coerce_old_format).
    return state.data.serializer.loads(kept)


def link_to(run: FlowRun) -> str:
    """Where the UI shows a run; its id where nobody knows the UI's address."""
    return url_for("flow-run", obj_id=run.id) or str(run.id)


async def _known(tag: str) -> list[FlowRun]:
    """The runs of this content, the newest first."""
    async with get_client() as client:
        return await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[tag])),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=10,
        )


async def _can_be_taken(run: FlowRun) -> bool:
    is_fresh = run.end_time is not None and datetime.now(UTC) - run.end_time < TAKEN_WITHIN
    if not (is_fresh and run.state is not None and run.state.is_completed()):
        return False
    taker = await asyncio.to_thread(audio_store().recall, _taken(run))
    return taker is None or taker.decode() == _parent()


def _taken(run: FlowRun) -> str:
    return content_key(taken=str(run.id))


def _parent() -> str:
    return str(asker() or "")


def _code() -> str:
    return code_digest((".",))
