"""The review: an episode that its gate held back is published, or not, by a person's word."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow_async
from prefect.flow_runs import aresume_flow_run

from blocks.audit import read_all
from flows.__main__ import main
from flows.review import review_episode
from tasks.errors import KeptForReview
from tasks.publish import kept_episodes
from tasks.schemas import EpisodeManifest, Gate

DEMANDING = Gate(predicted=4.9)
NOTE = "Þetta á að hljóma svona."


async def deploy() -> None:
    await (await review_episode.ato_deployment("review-episode")).aapply()


async def scheduled() -> FlowRun:
    """The run that waits for a worker."""
    async with get_client() as client:
        return max((run for run in await client.read_flow_runs() if run.deployment_id), key=lambda run: run.created)


async def taken_up(run: FlowRun) -> Any:
    """What a worker does with a run: go on with it in a process, until it ends or is suspended."""
    async with get_client() as client:
        run = await client.read_flow_run(run.id)
        with suppress(Pause):
            await run_flow_async(review_episode, flow_run=run, parameters=run.parameters, return_type="state")
        return (await client.read_flow_run(run.id)).state


async def decided(decision: str) -> Any:
    run = await scheduled()
    suspended = await taken_up(run)
    assert suspended.name == "Suspended", suspended
    await aresume_flow_run(run.id, run_input={"decision": decision, "reviewer": "Anna", "note": NOTE})
    return await taken_up(run)


@pytest.mark.slow
@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_person_decides_in_a_run_that_holds_no_process(studio, decision: str):
    asyncio.run(deploy())
    with pytest.raises(KeptForReview, match="resume the run"):
        studio.produce(studio.script(), gate=DEMANDING)
    (kept,) = kept_episodes()
    draft = studio.published / "_review" / kept.id
    assert {"index.html", "episode.mp3", "quality.html", "spectrogram.png"} <= {path.name for path in draft.iterdir()}
    assert not (studio.published / "hladvarp" / "surtsey").exists()

    ended = asyncio.run(decided(decision))

    assert ended.is_completed(), ended
    (entry,) = [one for one in read_all() if one.event.startswith("episode.")]
    assert (entry.event, entry.person) == (f"episode.{'approved' if decision == 'approve' else 'rejected'}", "Anna")
    assert not kept_episodes()
    assert not list(draft.glob("*"))
    manifests = list(studio.published.rglob("manifest.json"))
    assert len(manifests) == (1 if decision == "approve" else 0)
    for path in manifests:
        manifest = EpisodeManifest.model_validate_json(path.read_text())
        assert manifest.review is not None
        assert (manifest.review.reviewer, manifest.review.note) == ("Anna", NOTE)
        assert "predicted quality" in manifest.review.failures[0]
        assert not manifest.verdict.passed


@pytest.mark.slow
def test_a_person_decides_on_the_command_line(studio, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(KeptForReview, match=r"predicted quality is .*; at least 4.9 was asked for"):
        studio.produce(studio.script(), gate=DEMANDING)
    (kept,) = kept_episodes()

    assert main(["review"]) == 0
    assert kept.id in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["review", kept.id, "--approve"])
    assert main(["review", kept.id, "--approve", "--by", "Anna"]) == 0
    assert (studio.published / "hladvarp" / "feed.xml").exists()
    assert main(["review", kept.id, "--reject", "--by", "Anna"]) == 1
    assert "NotKept" in capsys.readouterr().err


def test_a_record_that_nobody_can_read_hides_no_other(studio, capsys: pytest.CaptureFixture[str]):
    folder = studio.folder / "data" / "store" / "reviews"
    folder.mkdir(parents=True)
    (folder / "0123456789abcdef.json").write_text('{"id": "0123456789abcdef"}')

    assert kept_episodes() == ()
    assert main(["review", "0123456789abcdef", "--reject", "--by", "Anna"]) == 1
    assert "produce the episode again" in capsys.readouterr().err
