"""Synthesize: a script becomes clips, and only lines that were never said before are asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import structlog
from prefect import flow

from blocks.settings import load_settings
from flows.batches import in_batches
from flows.dispatch import RUNNER, all_settled, done
from flows.pods import helped
from flows.round_trip import hear_again
from tasks.clips import missing_clips
from tasks.errors import EngineError
from tasks.schemas import (
    WHOLE,
    CastEntry,
    Cost,
    DocumentRef,
    LinesFailed,
    PlannedLine,
    Share,
    Substitution,
    Synthesis,
    SynthesisPlan,
    VoiceUse,
    Work,
)
from tasks.schemas.gate import Gate
from tasks.synthesize import count_requests, gather_clips, plan_fallback, plan_lines, speak_lines
from tasks.tts.account import uses_of

log = structlog.get_logger(__name__)


@flow(name="synthesize", flow_run_name="a script in {language}", task_runner=RUNNER)
async def synthesize(
    script: DocumentRef,
    language: str,
    show: str = "",
    cast: tuple[CastEntry, ...] = (),
    budget_usd: float = 0.0,
    gate: Gate = Gate(),  # noqa: B008 (frozen)
    share: Share = WHOLE,
) -> Synthesis:
    """Speak a script, in batches of a few minutes, and hear whether it was said.

    Args:
        script: A script in the store.
        language: The language that it is written in.
        show: The show that it is for: a consent or a pronunciation may be for that show only.
        cast: Voices of speakers; others are looked up in the settings' cast.
        budget_usd: Stop before the first paid request if the estimate is above this; 0 means no limit.
        gate: Which lines are heard again, and how often one that is heard badly is read another time.
        share: Which part is this run's to begin with, and who does the others.
    """
    began_s = time.monotonic()
    asked: tuple[UUID, ...] = ()
    plan = await done(plan_lines.submit(script, cast, language, show, budget_usd))
    estimated_usd = plan.estimated_usd
    if share.helpers:
        asked = await speak_part(plan, share, show)
        asked += tuple(task for work in await helped(share, began_s) for task in work.asked)
        plan = plan.model_copy(update={"missing": await asyncio.to_thread(missing_clips, plan.lines)})
    plan, asked = await speak(plan, language, show, budget_usd, asked)
    tallies = await done(count_requests.submit(asked))
    reused = len(plan.lines) - sum(tally.made for tally in tallies)
    plan, round_trip, retaken = await hear_again(plan, gate, language, show, budget_usd, asked)
    if retaken:
        tallies = (*tallies, *await done(count_requests.submit(retaken)))
    narration = await done(gather_clips.submit(plan, language))
    return Synthesis(
        narration=narration,
        voices=tuple(voices_in(plan)),
        substitutions=tuple(substitutions_in(plan)),
        engines=uses_of(plan.versions, tallies),
        clips_made=sum(tally.made for tally in tallies),
        clips_reused=reused,
        round_trip=round_trip,
        cost=Cost(estimated_usd=estimated_usd, spent_usd=sum(tally.usd or 0.0 for tally in tallies)),
        notes=plan.notes,
    )


@flow(name="help-synthesize", flow_run_name="part {share.number} of {share.of}", task_runner=RUNNER)
async def help_synthesize(
    script: DocumentRef,
    language: str,
    show: str = "",
    cast: tuple[CastEntry, ...] = (),
    budget_usd: float = 0.0,
    gate: Gate = Gate(),  # noqa: B008 (frozen)
    *,
    share: Share,
) -> Work:
    """Speak a part of a script, for the run that speaks all of it.

    Args:
        script: A script in the store.
        language: The language that it is written in.
        show: The show that it is for.
        cast: Voices of speakers; others are looked up in the settings' cast.
        budget_usd: Stop before the first paid request if the estimate for all of it is above this; 0 means no limit.
        gate: What the lines must be like; the run that speaks all of it hears them again.
        share: Which part.
    """
    plan = await done(plan_lines.submit(script, cast, language, show, budget_usd))
    asked = await speak_part(plan, share, show)
    tallies = await done(count_requests.submit(asked))
    return Work(made=sum(tally.made for tally in tallies), asked=asked)


async def speak_part(plan: SynthesisPlan, share: Share, show: str) -> tuple[UUID, ...]:
    """Make the missing clips of one share; the tasks that asked. What fails is the leader's to try again."""
    first: dict[str, int] = {}
    for index, line in enumerate(plan.lines):
        first.setdefault(line.key, index)
    mine = set(share.part_of((index, len(plan.lines[index].spoken.text)) for index in first.values()))
    own = plan.model_copy(update={"missing": tuple(index for index in plan.missing if index in mine)})
    futures = [speak_lines.submit(batch, show) for batch in in_batches(own, load_settings().tts.batch_characters)]
    for failure in filter(None, await all_settled(futures)):
        log.warning("part.unfinished", part=share.number, of=share.of, reason=str(failure))
    return tuple(future.task_run_id for future in futures)


async def speak(
    plan: SynthesisPlan, language: str, show: str, budget_usd: float, before: tuple[UUID, ...] = ()
) -> tuple[SynthesisPlan, tuple[UUID, ...]]:
    """Make all missing clips, by other voices where one is down; the plan as it was read, and the tasks that asked.

    before: the tasks that have asked already.
    """
    asked = list(before)
    while plan.missing:
        batches = tuple(in_batches(plan, load_settings().tts.batch_characters))
        futures = [speak_lines.submit(batch, show) for batch in batches]
        asked += [future.task_run_id for future in futures]
        outcomes = await all_settled(futures)
        failures = [(batch, error) for batch, error in zip(batches, outcomes, strict=True) if error is not None]
        if not failures:
            break
        failed = failed_lines(failures)
        instead = await done(plan_fallback.submit(plan, failed, language, show, budget_usd, tuple(asked)))
        if instead is None:
            raise failures[0][1]
        plan = instead
    return plan, tuple(asked)


def failed_lines(failures: Sequence[tuple[tuple[PlannedLine, ...], BaseException]]) -> tuple[LinesFailed, ...]:
    """The lines that another voice may read, as the engines of their own are down.

    Raises: the failure that no other voice can mend.
    """
    for _, error in failures:
        if not (isinstance(error, EngineError) and error.retryable):
            raise error
    return tuple(LinesFailed(clips=tuple(line.key for line in batch), reason=str(error)) for batch, error in failures)


def voices_in(plan: SynthesisPlan) -> Iterator[VoiceUse]:
    """The voices that read, for whom, and how many lines each."""
    for name in dict.fromkeys(line.voice.name for line in plan.lines):
        read = [line for line in plan.lines if line.voice.name == name]
        voice, speakers = read[0].voice, tuple(dict.fromkeys(line.line.speaker for line in read))
        yield VoiceUse(preset=name, engine=voice.engine, voice=voice.voice, speakers=speakers, lines=len(read))


def substitutions_in(plan: SynthesisPlan) -> Iterator[Substitution]:
    """The lines that another voice read than the one that was cast."""
    for line in plan.lines:
        if line.instead_of:
            yield Substitution(
                line=line.line.number,
                speaker=line.line.speaker,
                preset=line.voice.name,
                instead_of=line.instead_of,
                reason=line.reason,
            )
