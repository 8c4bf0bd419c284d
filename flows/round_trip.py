"""The round trip of a synthesis: lines are heard again, and those that are heard badly are read another time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from blocks.settings import load_settings
from flows.batches import in_batches
from flows.dispatch import all_done, all_settled, done
from flows.transcribe import asr_config
from tasks.clips import missing_clips
from tasks.round_trip import choose_lines, hear_lines
from tasks.schemas import PlannedLine, SynthesisPlan
from tasks.schemas.gate import Gate, HeardLine, RoundTrip
from tasks.schemas.retakes import Heard, Poor, Retake
from tasks.synthesize import plan_retakes, speak_lines
from tasks.tts.planning import replaced

log = structlog.get_logger(__name__)

LINES_A_TASK = 20
MOST_LISTED = 50


@dataclass
class Reading:
    """A line of a plan, as it is read for the time being."""

    lines: tuple[PlannedLine, ...]
    heard: str
    error_rate: float
    last: tuple[PlannedLine, ...]
    """As it was read the last time, which need not be the best."""
    takes: int = 1


@dataclass
class RoundTripOf:
    """One plan on its round trip."""

    plan: SynthesisPlan
    gate: Gate
    readings: dict[int, Reading] = field(default_factory=dict)
    """The lines that are heard again, by their places in the plan."""
    asked: list[UUID] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def poor(self, take: int) -> tuple[Poor, ...]:
        """The lines that are heard too badly, and have been read as often as all the others of them."""
        return tuple(
            Poor(
                place=place,
                take=take,
                last=reading.last,
                reason=f"{reading.error_rate:.0%} of the letters were heard otherwise: {reading.heard[:80]!r}",
            )
            for place, reading in self.readings.items()
            if reading.error_rate > self.gate.line_error_rate and reading.takes == take
        )

    def take(self, retake: Retake, heard: Sequence[Heard]) -> None:
        """Keep a retake if it is the best so far."""
        reading = self.readings[retake.place]
        reading.takes += 1
        reading.last = retake.lines
        worst = max((one.error_rate for one in heard), default=1.0)
        if len(heard) == len(retake.lines) and worst < reading.error_rate:
            reading.lines, reading.error_rate = retake.lines, worst
            reading.heard = " ".join(one.text for one in heard)

    def best(self) -> SynthesisPlan:
        """The plan with the best reading of every line, recorded clips and chapters where they were."""
        lines: list[PlannedLine] = []
        places = []
        for place, line in enumerate(self.plan.lines):
            places.append(len(lines))
            lines += self.readings[place].lines if place in self.readings else (line,)
        inserts, chapters = replaced(self.plan.inserts, self.plan.chapters, [*places, len(lines)])
        notes = tuple(dict.fromkeys((*self.plan.notes, *self.notes)))
        update = {"lines": tuple(lines), "inserts": inserts, "chapters": chapters, "notes": notes}
        return self.plan.model_copy(update=update)

    def result(self, engine: str, not_measured: tuple[str, ...]) -> RoundTrip:
        """What is told of it."""
        read = [self.readings[place] for place in sorted(self.readings)]
        rates = [reading.error_rate for reading in read]
        again = [reading for reading in read if reading.takes > 1]
        limit = self.gate.line_error_rate
        return RoundTrip(
            engine=engine if read else "",
            lines=len(read),
            mean_error_rate=round(sum(rates) / len(rates), 3) if rates else None,
            worst_error_rate=max(rates, default=None),
            retaken=len(again),
            retakes=sum(reading.takes - 1 for reading in again),
            failed=tuple(_told(reading) for reading in read if reading.error_rate > limit)[:MOST_LISTED],
            mended=tuple(_told(reading) for reading in again if reading.error_rate <= limit)[:MOST_LISTED],
            not_measured=not_measured,
        )


async def hear_again(
    plan: SynthesisPlan, gate: Gate, language: str, show: str, budget_usd: float, asked: tuple[UUID, ...]
) -> tuple[SynthesisPlan, RoundTrip, tuple[UUID, ...]]:
    """The plan with every line read as well as it could be, what was heard, and the tasks that asked for retakes."""
    config = asr_config()
    chosen = await done(choose_lines.submit(plan, config, gate))
    trip = RoundTripOf(plan, gate)
    first = await _hear([plan.lines[place] for place in chosen.lines])
    for place in chosen.lines:
        line = plan.lines[place]
        if heard := first.get(line.key):  # a clip that somebody removed meanwhile is missed when they are gathered
            trip.readings[place] = Reading((line,), heard.text, heard.error_rate, last=(line,))
    for take in range(1, gate.retakes + 1):
        poor = trip.poor(take)
        if not poor:
            break
        planned = await done(plan_retakes.submit(plan, poor, language, show, budget_usd, (*asked, *trip.asked)))
        trip.notes += [planned.note] if planned.note else []
        if not planned.takes:
            break
        log.warning("lines.retaken", lines=len(planned.takes), take=take)
        trip.plan = trip.plan.model_copy(update={"versions": trip.plan.versions | planned.versions})
        lines = [line for retake in planned.takes for line in retake.lines]
        trip.asked += await _speak(lines, show)
        again = await _hear(lines)
        for retake in planned.takes:
            trip.take(retake, [again[line.key] for line in retake.lines if line.key in again])
    return trip.best(), trip.result(f"{config.engine} {config.model}".strip(), chosen.not_measured), tuple(trip.asked)


async def _hear(lines: Sequence[PlannedLine]) -> dict[str, Heard]:
    config = asr_config()
    batches = [tuple(lines[start : start + LINES_A_TASK]) for start in range(0, len(lines), LINES_A_TASK)]
    heard = await all_done([hear_lines.submit(batch, config) for batch in batches])
    return {one.key: one for batch in heard for one in batch}


async def _speak(lines: Sequence[PlannedLine], show: str) -> list[UUID]:
    """Make the retakes' clips; one that cannot be made is let go, as there is a take already."""
    missing = await asyncio.to_thread(missing_clips, lines)
    plan = SynthesisPlan(lines=tuple(lines), missing=missing)
    futures = [speak_lines.submit(batch, show) for batch in in_batches(plan, load_settings().tts.batch_characters)]
    for error in await all_settled(futures):
        if error is not None:
            log.warning("retake.failed", reason=str(error))
    return [future.task_run_id for future in futures]


def _told(reading: Reading) -> HeardLine:
    line = reading.lines[0]
    return HeardLine(
        line=line.line.number,
        speaker=line.line.speaker,
        preset=line.voice.name,
        said=" ".join(part.spoken.text for part in reading.lines),
        heard=reading.heard,
        error_rate=reading.error_rate,
        takes=reading.takes,
    )
