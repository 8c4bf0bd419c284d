"""Synthesize: a script becomes clips, and only lines that were never said before are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, THREADS, all_done, done
from tasks.schemas import CastEntry, Cost, DocumentRef, EngineUse, PlannedLine, Synthesis, SynthesisPlan
from tasks.synthesize import gather_clips, plan_lines, speak_lines
from tasks.tts.engine import load_engine

FEWEST_CHARACTERS = 200  # that are worth a task of their own


@flow(name="synthesize", flow_run_name="a script in {language}", task_runner=RUNNER)
async def synthesize(
    script: DocumentRef, language: str, cast: tuple[CastEntry, ...] = (), budget_usd: float = 0.0
) -> Synthesis:
    """Speak a script, in batches of a few minutes.

    Args:
        script: A script in the store.
        language: The language that it is written in.
        cast: Voices of speakers; others are looked up in the settings' cast.
        budget_usd: Stop before the first paid request if the estimate is above this; 0 means no limit.
    """
    plan = await done(plan_lines.submit(script, cast, language, budget_usd))
    batches = tuple(in_batches(plan, load_settings().tts.batch_characters))
    requests = await all_done([speak_lines.submit(batch) for batch in batches])
    narration = await done(gather_clips.submit(plan))
    voices = {line.line.speaker: line.voice.name for line in plan.lines}
    sent: dict[str, int] = {line.voice.engine: 0 for line in plan.lines}
    for batch, count in zip(batches, requests, strict=True):
        sent[batch[0].voice.engine] += count
    return Synthesis(
        narration=narration,
        cast=tuple(CastEntry(speaker=speaker, preset=voice) for speaker, voice in voices.items()),
        engines=tuple(
            EngineUse(role="tts", engine=name, version=load_engine(name).version, requests=count)
            for name, count in sent.items()
        ),
        clips_made=sum(requests),
        clips_reused=len(plan.lines) - sum(requests),
        cost=Cost(estimated_usd=plan.estimated_usd),
    )


def in_batches(plan: SynthesisPlan, characters: int) -> Iterator[tuple[PlannedLine, ...]]:
    """The missing lines in batches of one engine, much alike, of about `characters` at the most.

    A task costs some 20 ms, a line less; but what is long enough for two is spoken by two at once.
    """
    missing = sorted((plan.lines[index] for index in plan.missing), key=lambda line: line.voice.engine)
    for _, group in groupby(missing, key=lambda line: line.voice.engine):
        lines = tuple(group)
        total = sum(len(line.spoken.text) for line in lines)
        size = total / max(math.ceil(total / characters), min(THREADS, math.ceil(total / FEWEST_CHARACTERS)), 1)
        batch: list[PlannedLine] = []
        gathered = 0.0
        for line in lines:
            batch.append(line)
            gathered += len(line.spoken.text)
            if gathered >= size:
                yield tuple(batch)
                batch, gathered = [], gathered - size
        if batch:
            yield tuple(batch)
