"""Sweep the inbox: one produce_episode run for every new source, however often it is dropped."""

from __future__ import annotations

import hashlib
from pathlib import Path

import structlog
from prefect import flow
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import arun_deployment

from blocks.places import audio_store
from blocks.settings import load_settings
from tasks.policies import content_key
from tasks.schemas import EpisodeRequest
from tasks.source.local import is_settled, stays_inside
from tasks.text.script import looks_like_script

log = structlog.get_logger(__name__)

DEPLOYMENT = "produce-episode/produce-episode"
HEAD_BYTES = 64 * 1024
READ_BYTES = 1 << 20


@flow(name="sweep-inbox")
async def sweep_inbox() -> tuple[str, ...]:
    """Start a run for every source that is new in the inbox.

    Returns the names of the sources that a run was started for or belongs to.
    """
    settings = load_settings().inbox
    folder = load_settings().inbox_folder
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or not path.is_file() or not stays_inside(path, folder):
            continue
        if not is_settled(path, settings.settle_s):
            log.info("source.unsettled", name=path.name)
            continue
        run = await start_episode(path)
        log.info("source.swept", name=path.name, run=run.name, state=run.state.name if run.state else "")
        names.append(path.name)
    return tuple(names)


async def start_episode(path: Path) -> FlowRun:
    """The run that makes an episode of this file: the one that exists for its content, or a new one.

    A file that was dropped again after its run had failed gets another try.
    """
    settings = load_settings().inbox
    with path.open("rb") as file:
        is_script = looks_like_script(file.read(HEAD_BYTES), path.name)
    request = EpisodeRequest(
        source=str(path.absolute()),
        production="narrate" if is_script else settings.recordings,
        show=settings.show,
    )
    key = f"inbox-{digest_of(path)}"
    run = await _run(request, key)
    ended = run.end_time
    if run.state and run.state.is_final() and not run.state.is_completed() and ended:
        dropped_ns = path.stat().st_ctime_ns  # a copy may keep an old time of modification
        if dropped_ns / 1e9 > ended.timestamp():
            run = await _run(request, f"{key}-{dropped_ns}")
    return run


async def _run(request: EpisodeRequest, key: str) -> FlowRun:
    parameters = {"request": request.model_dump(mode="json")}
    return await arun_deployment(DEPLOYMENT, parameters=parameters, idempotency_key=key, timeout=0, as_subflow=False)


def digest_of(path: Path) -> str:
    """SHA-256 of a file; remembered, so that a sweep does not read gigabytes every minute."""
    stat = path.stat()
    key = content_key(path=str(path.absolute()), size_bytes=stat.st_size, modified_ns=stat.st_mtime_ns)
    store = audio_store()
    known = store.recall(key)
    if known:
        return known.decode()
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    store.remember(key, digest.hexdigest().encode())
    return digest.hexdigest()
