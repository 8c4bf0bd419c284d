"""Synthesize: every line of a script becomes a clip, and only those that no store holds are made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import task_run

from blocks.places import audio_store, keep_document, read_document, scratch
from blocks.settings import load_settings
from blocks.storage import Store
from tasks.audio.levelling import voice_gain_db
from tasks.audio.loudness import measure
from tasks.audio.pcm import write_flac
from tasks.audio.programme import recorded_line
from tasks.cast import engine_of, known_voices, lexicon, record_use, require_consent
from tasks.clips import missing_clips, stored_clip, stored_clips
from tasks.errors import BudgetExceeded, EmptySource, EngineError, ObjectMissing
from tasks.memory import require_memory
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import (
    AudioRef,
    CastEntry,
    Clip,
    DocumentRef,
    LinesFailed,
    Moment,
    Narration,
    PlannedLine,
    Script,
    SpokenLine,
    SynthesisPlan,
    Word,
)
from tasks.schemas.retakes import Poor, Retake, Retakes
from tasks.text.normalize import written_words
from tasks.tts.account import Tally, estimates_of, require_budget
from tasks.tts.casting import cast_voices, idle_entries
from tasks.tts.engine import Speech
from tasks.tts.planning import Planner, replaced

log = structlog.get_logger(__name__)


@task(cache_policy=NO_CACHE, **RETRYING)
def plan_lines(
    script: DocumentRef, cast: tuple[CastEntry, ...], language: str, show: str, budget_usd: float
) -> SynthesisPlan:
    """Say for every line how it is spoken and by whom, and which clips are missing; stop here if they cost too much."""
    read, planner = read_document(script, Script), planner_for(language, show)
    planner.cast = cast_voices(read, (*cast, *load_settings().cast), planner.presets)
    lines, inserts, chapters = planner.plan(read)
    if not inserts and not any(character.isalnum() for line in lines for character in line.spoken.text):
        raise EmptySource(
            f"nothing in this script can be said: its {len(read.lines)} lines hold no letter and no digit; "
            "write some text"
        )
    missing = missing_clips(lines)
    estimates = estimates_of([lines[index] for index in missing], engine_of)
    plan = SynthesisPlan(
        lines=lines,
        missing=missing,
        inserts=inserts,
        chapters=chapters,
        estimates=estimates,
        versions=planner.versions,
        notes=(*idle_entries(read, cast), *planner.notes),
    )
    log.info("lines.planned", lines=len(lines), missing=len(missing), estimated_usd=round(plan.estimated_usd, 2))
    require_budget(estimates, budget_usd)
    record_use(lines, show)
    return plan


@task(cache_policy=NO_CACHE, **RETRYING)
def plan_fallback(
    plan: SynthesisPlan,
    failures: tuple[LinesFailed, ...],
    language: str,
    show: str,
    budget_usd: float,
    asked: tuple[UUID, ...],
) -> SynthesisPlan | None:
    """The plan with the lines that failed given to the voices that read instead; None where one has nobody left.

    asked: the batches that were asked for until now, whose cost the budget has borne already.
    """
    planner = planner_for(language, show)
    unsaid = {plan.lines[index].key for index in missing_clips(plan.lines)}
    reasons = {key: failure.reason for failure in failures for key in failure.clips if key in unsaid}
    lines: list[PlannedLine] = []
    places = []
    for line in plan.lines:
        places.append(len(lines))
        instead = planner.instead(line, reasons[line.key]) if line.key in reasons else (line,)
        if not instead:
            return None
        lines += instead
    inserts, chapters = replaced(plan.inserts, plan.chapters, [*places, len(lines)])
    notes = tuple(dict.fromkeys((*plan.notes, *planner.notes)))
    log.warning("lines.recast", lines=len(reasons), reason=failures[0].reason)
    missing = missing_clips(lines)
    spent_usd = sum(tally.usd or 0.0 for tally in tallies_of(asked))
    require_budget(estimates_of([lines[index] for index in missing], engine_of), budget_usd, spent_usd=spent_usd)
    known = {line.voice.name for line in plan.lines}
    record_use((line for line in lines if line.voice.name not in known), show)
    return SynthesisPlan(
        lines=tuple(lines),
        missing=missing,
        inserts=inserts,
        chapters=chapters,
        estimates=plan.estimates,
        versions=plan.versions | planner.versions,
        notes=notes,
    )


@task(cache_policy=NO_CACHE, **RETRYING)
def plan_retakes(
    plan: SynthesisPlan,
    poor: tuple[Poor, ...],
    language: str,
    show: str,
    budget_usd: float,
    asked: tuple[UUID, ...],
) -> Retakes:
    """How lines that were heard badly are read another time: with another seed, or by the next voice that can.

    None where that would cost more than the budget: a poor line is no reason to end the run.
    """
    planner = planner_for(language, show)
    takes = []
    for one in poor:
        last = one.last[0]
        lines = planner.again(plan.lines[one.place], one.take)
        if not lines:
            first = plan.lines[one.place]
            cast = first.instead_of or (first.voice.name if last.voice != first.voice else "")
            lines = planner.instead(first.model_copy(update={"voice": last.voice, "instead_of": cast}), one.reason)
        if lines:
            takes.append(Retake(place=one.place, lines=lines))
    lines = tuple(line for take in takes for line in take.lines)
    missing = missing_clips(lines)
    spent_usd = sum(tally.usd or 0.0 for tally in tallies_of(asked))
    try:
        require_budget(estimates_of([lines[index] for index in missing], engine_of), budget_usd, spent_usd=spent_usd)
    except BudgetExceeded as error:
        return Retakes(note=f"lines that were heard badly are not read another time: {error}")
    record_use((line for line in lines if line.instead_of), show)
    return Retakes(takes=tuple(takes), versions=planner.versions)


def planner_for(language: str, show: str) -> Planner:
    """A planner that knows this studio's voices and words, and casts nobody yet."""
    return Planner(
        presets=known_voices(),
        cast={},
        language=language,
        show=show,
        lexicon=lexicon(),
        engine_of=engine_of,
        allow=partial(require_consent, show=show),
    )


@task(
    task_run_name="speak_lines {lines[0].voice.engine}, {lines[0].line.number} and on",
    cache_policy=NO_CACHE,
    **RETRYING,
)
def speak_lines(lines: tuple[PlannedLine, ...], show: str) -> None:
    """Make the clips of these lines, of one engine; what a killed or failed attempt has made already is kept.

    A person may take their consent back while an episode is read: what they said of it is read anew for each line.
    """
    store, name = audio_store(), lines[0].voice.engine
    speaker = engine_of(lines[0].voice)
    tally = Tally(engine=name, version=speaker.version)
    alone = load_settings().alone and not speaker.capabilities(lines[0].voice).leaves_this_machine
    try:
        with slot(f"tts-{name}", alone=alone), scratch() as folder:
            for planned in lines:
                if stored_clip(store, planned.key):
                    continue
                require_memory(begun=tally.made > 0)
                require_consent(planned.voice, show)
                engine = engine_of(planned.voice)
                engine.confirm(planned.voice, planned.language)
                try:
                    speech = engine.synthesize(planned.spoken.text, planned.voice, planned.language, planned.marks)
                except EngineError as error:
                    tally = tally.failed(engine, planned, error)
                    raise
                answered = tally.answered(engine, planned, speech)
                tally = answered.model_copy(update={"made": tally.made})  # paid for, even if it cannot be kept
                keep_clip(store, planned.key, speech, folder)
                tally = answered
    finally:
        store.remember(tally_key(task_run.id, task_run.run_count), tally.model_dump_json().encode())
    log.info("lines.spoken", engine=name, lines=len(lines), requests=tally.requests)


def tally_key(task_run_id: UUID | str, attempt: int) -> str:
    """Where an attempt leaves its tally."""
    return content_key(tally=str(task_run_id), attempt=attempt)


def keep_clip(store: Store, key: str, speech: Speech, folder: Path) -> None:
    """Keep what an engine said under its key: the sound first, so that a record never points at nothing."""
    path = folder / "clip.flac"
    written = write_flac(path, speech.samples, sample_rate_hz=speech.sample_rate_hz)
    stored = store.put_file(path, ".flac")
    audio = AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=written.duration_s,
        sample_rate_hz=written.sample_rate_hz,
        channels=written.channels,
    )
    timed = tuple((word.start, word.end, word.start_s, word.end_s) for word in speech.words)
    loudness = measure(speech.samples, speech.sample_rate_hz).integrated_lufs
    store.remember(key, Clip(audio=audio, timed=timed, loudness_lufs=loudness).model_dump_json().encode())


@task(cache_policy=NO_CACHE, **RETRYING)
def count_requests(task_run_ids: tuple[UUID, ...]) -> tuple[Tally, ...]:
    """What all attempts at these batches have asked of their engines, those that failed among them."""
    return tallies_of(task_run_ids)


def tallies_of(task_run_ids: tuple[UUID, ...]) -> tuple[Tally, ...]:
    """The tallies of all attempts at these batches."""
    store, tallies = audio_store(), []
    for task_run_id in task_run_ids:
        for attempt in range(1, RETRYING["retries"] + 2):
            kept = store.recall(tally_key(task_run_id, attempt))
            if kept is not None:
                tallies.append(Tally.model_validate_json(kept))
    return tuple(tallies)


@task(cache_policy=NO_CACHE, **RETRYING)
def gather_clips(plan: SynthesisPlan, language: str) -> DocumentRef:
    """Collect every line's clip, with the times of its words as they are written, each voice at one loudness."""
    clips = []
    for planned, clip in zip(plan.lines, stored_clips(line.key for line in plan.lines), strict=True):
        if clip is None:
            raise ObjectMissing(f"the clip of line {planned.line.number} was removed while it was needed; run again")
        clips.append(clip)
    gains = voice_gains(plan.lines, clips)
    lines = []
    for planned, clip in zip(plan.lines, clips, strict=True):
        words = written_words(planned.spoken, clip.timed, duration_s=clip.audio.duration_s)
        lines.append(
            SpokenLine(
                speaker=planned.line.speaker,
                text=planned.line.text,
                audio=clip.audio,
                words=words,
                moments=moments_in(planned, words, clip.audio.duration_s),
                gain_db=gains[planned.voice.name],
                before_s=planned.before_s,
                pause_s=planned.pause_s,
            )
        )
    for insert in plan.inserts:
        lines.insert(insert.place, recorded_line(insert.line))
    return keep_document(Narration(language=language, lines=tuple(lines), chapters=plan.chapters))


def voice_gains(lines: Sequence[PlannedLine], clips: Sequence[Clip]) -> dict[str, float]:
    """The gain in dB of each preset: what levels its voice with the others, and what its preset adds."""
    heard: dict[str, list[tuple[float, float]]] = {line.voice.name: [] for line in lines}
    for line, clip in zip(lines, clips, strict=True):
        heard[line.voice.name].append((clip.loudness_lufs, clip.audio.duration_s))
    return {line.voice.name: voice_gain_db(heard[line.voice.name]) + line.voice.gain_db for line in lines}


def moments_in(planned: PlannedLine, words: Sequence[Word], duration_s: float) -> tuple[Moment, ...]:
    """When the author's named places are heard: as the next word begins."""
    starts = [match.start() for match in re.finditer(r"\S+", planned.spoken.written)]
    return tuple(
        Moment(
            name=mark.settings["name"],
            at_s=next((word.start_s for at, word in zip(starts, words, strict=True) if at >= mark.start), duration_s),
        )
        for mark in planned.line.marks
        if mark.kind == "mark"
    )
