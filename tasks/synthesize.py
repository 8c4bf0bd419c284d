"""Synthesize: every line of a script becomes a clip, and only those that no store holds are made."""

from __future__ import annotations

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store, keep_document, read_document, scratch
from blocks.settings import load_settings
from tasks.audio.pcm import write_flac
from tasks.errors import BudgetExceeded
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import (
    AudioRef,
    CastEntry,
    Clip,
    DocumentRef,
    Narration,
    PlannedLine,
    Script,
    SpokenLine,
    SynthesisPlan,
    VoicePreset,
)
from tasks.text.normalize import normalize, written_words
from tasks.tts.casting import cast_voices
from tasks.tts.engine import load_engine

log = structlog.get_logger(__name__)


@task(cache_policy=NO_CACHE, **RETRYING)
def plan_lines(script: DocumentRef, cast: tuple[CastEntry, ...], language: str, budget_usd: float) -> SynthesisPlan:
    """Say for every line how it is spoken and by whom, and which clips are missing; stop here if they cost too much."""
    settings = load_settings()
    read = read_document(script, Script)
    voices = cast_voices(read, (*cast, *settings.cast), settings.voices)
    for voice in set(voices.values()):
        load_engine(voice.engine).check(voice, language)
    lines = []
    for line in read.lines:
        voice, spoken = voices[line.speaker], normalize(line.text, language)
        key = clip_key(spoken.text, voice, language)
        lines.append(PlannedLine(line=line, spoken=spoken, voice=voice, language=language, key=key))
    store = audio_store()
    missing = tuple(index for index, line in enumerate(lines) if store.recall(line.key) is None)
    characters: dict[str, int] = {}
    for index in missing:
        engine, text = lines[index].voice.engine, lines[index].spoken.text
        characters[engine] = characters.get(engine, 0) + len(text)
    cost = sum(count * load_engine(engine).capabilities.usd_per_character for engine, count in characters.items())
    log.info("lines.planned", lines=len(lines), missing=len(missing), estimated_usd=round(cost, 2))
    if budget_usd and cost > budget_usd:
        raise BudgetExceeded(
            f"{len(missing)} lines would cost {cost:.2f} USD, above the budget of {budget_usd:.2f} USD"
        )
    return SynthesisPlan(
        lines=tuple(lines), missing=missing, chapters=read.chapters, characters=characters, estimated_usd=cost
    )


def clip_key(text: str, voice: VoicePreset, language: str) -> str:
    """The key of a clip: what is said, by which voice, with which engine. A preset's name and title do not sound."""
    return content_key(
        text=text,
        language=language,
        voice=voice.model_dump(exclude={"name", "title"}),
        version=load_engine(voice.engine).version,
    )


@task(
    task_run_name="speak_lines {lines[0].voice.engine}, {lines[0].line.number} and on",
    cache_policy=NO_CACHE,
    **RETRYING,
)
def speak_lines(lines: tuple[PlannedLine, ...]) -> int:
    """Make the clips of these lines, of one engine; what a killed or failed attempt has made already is kept.

    Returns how many requests the engine was sent.
    """
    store, engine_name, requests = audio_store(), lines[0].voice.engine, 0
    with slot(f"tts-{engine_name}"), scratch() as folder:
        for planned in lines:
            if store.recall(planned.key) is not None:
                continue
            speech = load_engine(engine_name).synthesize(planned.spoken.text, planned.voice, planned.language)
            requests += 1
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
            store.remember(planned.key, Clip(audio=audio, timed=timed).model_dump_json().encode())
    log.info("lines.spoken", engine=engine_name, lines=len(lines), requests=requests)
    return requests


@task(cache_policy=NO_CACHE, **RETRYING)
def gather_clips(plan: SynthesisPlan) -> DocumentRef:
    """Collect every line's clip, with the times of its words as they are written."""
    store, lines = audio_store(), []
    for planned in plan.lines:
        clip = Clip.model_validate_json(store.recall(planned.key) or b"")
        words = written_words(planned.spoken, clip.timed, duration_s=clip.audio.duration_s)
        lines.append(SpokenLine(speaker=planned.line.speaker, text=planned.line.text, audio=clip.audio, words=words))
    return keep_document(Narration(language=plan.lines[0].language, lines=tuple(lines), chapters=plan.chapters))
