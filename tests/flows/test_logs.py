"""Our events reach Prefect with the run that they belong to, and a failure is told in a sentence."""

import asyncio
import time
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterName,
    LogFilter,
    LogFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, Log
from prefect.client.schemas.sorting import FlowRunSort

from tasks.errors import UncastSpeaker


async def read_run(name: str) -> FlowRun:
    by_name = FlowRunFilter(name=FlowRunFilterName(any_=[name]))
    async with get_client() as client:
        found = await client.read_flow_runs(flow_run_filter=by_name, sort=FlowRunSort.START_TIME_DESC, limit=1)
    return found[0]


async def read_logs(run_id: UUID) -> list[Log]:
    async with get_client() as client:
        return await client.read_logs(LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run_id])))


def logs_of(run_id: UUID, until: str) -> list[Log]:
    """The logs of a run, as soon as one of them says `until`: Prefect sends them every two seconds."""
    deadline = time.monotonic() + 20
    while True:
        logs = asyncio.run(read_logs(run_id))
        if any(until in log.message for log in logs):
            return logs
        assert time.monotonic() < deadline, [log.message for log in logs]
        time.sleep(0.5)


def test_events_reach_the_server_with_their_flow_run_and_their_task_run(studio):
    source = studio.script("Þetta er prufa um annála.", "annall.txt")
    studio.produce(source)

    run = asyncio.run(read_run(f"narrate {source}"))
    (started, *_) = [log for log in logs_of(run.id, "stage.finished stage=publish") if "stage.started" in log.message]
    assert started.message == "stage.started stage=ingest number=1 of=5"
    assert started.name == "flows.progress"
    publish = asyncio.run(read_run("annall"))
    (published,) = [log for log in logs_of(publish.id, "episode.published") if "episode.published" in log.message]
    assert published.name == "tasks.publish"
    assert published.task_run_id is not None


def test_a_failure_of_ours_is_logged_as_a_sentence_without_a_traceback(studio):
    source = studio.script("**Amma:** Sæl og blessuð.\n", "amma.md")
    with pytest.raises(UncastSpeaker):
        studio.produce(source)

    run = asyncio.run(read_run(f"narrate {source}"))
    logs = logs_of(run.id, "UncastSpeaker")
    told = [log.message for log in logs if log.level >= 40]
    assert any("'Amma'" in message for message in told)
    assert not any("Traceback" in message or 'File "' in message for message in told)


def test_subflows_are_named_for_what_they_do(studio):
    source = studio.script("Þetta er prufa um nöfn.", "nofn.txt")
    studio.produce(source)

    for name in ("to narrate", "a script in is", "clips to a programme", "nofn"):
        assert asyncio.run(read_run(name)).parent_task_run_id is not None
