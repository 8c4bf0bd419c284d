"""Review: an episode that its gate held back waits for a person, and no process and no GPU waits with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import structlog
from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field

from flows.dispatch import RUNNER, done
from flows.marks import plain
from flows.publish import publish
from flows.report import report_episode
from flows.sound_report import stored_picture
from tasks.publish import close_review, find_kept, open_kept
from tasks.schemas import EpisodeManifest, Kept, Review

log = structlog.get_logger(__name__)

DEPLOYMENT = "review-episode/review-episode"


class Decision(RunInput):
    """Publish it or not."""

    decision: Literal["approve", "reject"] = Field(
        title="Decision",
        description="approve: it is published as it is. reject: it is not, and what was kept is removed.",
        json_schema_extra={"position": 1},
    )
    reviewer: str = Field(
        min_length=1, max_length=200, title="Who decides", description="Your name.", json_schema_extra={"position": 2}
    )
    note: str = Field(
        default="",
        max_length=2000,
        title="Note",
        description="Why; the manifest of an approved episode keeps it.",
        json_schema_extra={"position": 3},
    )


@flow(name="review-episode", flow_run_name="decide on {name}", task_runner=RUNNER)
async def review_episode(name: str) -> EpisodeManifest | None:
    """Wait until a person says whether an episode is published after all. Resume the run to decide.

    Args:
        name: The id of an episode that waits; a run that kept one for review says it.
    """
    kept = await done(find_kept.submit(name))
    if flow_run.run_count <= 1:
        title = plain(kept.title)
        await acreate_markdown_artifact(_question(kept), key="review", description=f"{title}, to be decided")
    form = Decision.with_initial_data(description=_reasons(kept))
    # The process ends here; resuming starts another, which comes back to this place with the answer.
    answer = await asuspend_flow_run(wait_for_input=form)
    assert answer is not None
    return await settle(kept, decision=answer.decision, reviewer=answer.reviewer, note=answer.note)


@flow(name="settle-review", flow_run_name="{decision} {kept.id}", task_runner=RUNNER)
async def settle(
    kept: Kept, decision: Literal["approve", "reject"], reviewer: str, note: str
) -> EpisodeManifest | None:
    """Do what a person has decided: publish it as ever, or leave it; None where nothing is published.

    Args:
        kept: An episode that waits.
        decision: Whether it is published.
        reviewer: Who decides.
        note: Why.
    """
    now = datetime.now(UTC).replace(microsecond=0).isoformat()
    review = Review(decision=decision, reviewer=reviewer, note=note, decided_at=now, failures=kept.failures)
    manifest = None
    if decision == "approve":
        parcel = await done(open_kept.submit(kept, review))
        manifest = await publish(parcel)
        await report_episode(manifest, parcel.finish.picture, parcel.quality)
    await done(close_review.submit(kept, review))
    await acreate_markdown_artifact(
        _answer(kept, review, manifest), key="decision", description=f"{plain(kept.title)}: {decision}"
    )
    return manifest


async def ask_a_person(kept: Kept) -> str:
    """Start a run that waits for a decision; what it is called, or "" on a server that has no such deployment."""
    name = f"decide on {kept.id}"
    try:
        run = await arun_deployment(
            DEPLOYMENT, parameters={"name": kept.id}, flow_run_name=name, timeout=0, as_subflow=False
        )
    except ObjectNotFound:
        return ""
    log.info("review.asked", id=kept.id, run=run.name)
    return run.name


def _reasons(kept: Kept) -> str:
    held = "".join(f"* {plain(failure)}\n" for failure in kept.failures)
    return f"**{plain(kept.title)}** is whole, and not as it was asked for:\n\n{held}\n**[Listen]({kept.page})**\n"


def _question(kept: Kept) -> str:
    quality = kept.page.rpartition("/")[0] + "/quality.html"
    return (
        f"# {plain(kept.title)}\n\n{_reasons(kept)}\n[All that was measured]({quality})\n\n"
        f"{stored_picture('Loudness', kept.loudness_png)}\n{stored_picture('Spectrogram', kept.spectrogram_png)}\n"
        f"Resume this run to decide, or `python -m flows review {kept.id} --approve --by NAME`.\n"
    )


def _answer(kept: Kept, review: Review, manifest: EpisodeManifest | None) -> str:
    became = f"**[Listen]({manifest.page})**, `{manifest.published_to}`" if manifest else "It is not published."
    note = f"\n> {plain(review.note)}\n" if review.note else ""
    verb = "approved" if review.decision == "approve" else "rejected"
    return f"# {plain(kept.title)}\n\n{verb} by {plain(review.reviewer)}, {review.decided_at}. {became}\n{note}"
