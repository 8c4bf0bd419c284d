"""Synthesize: every line of a script becomes a clip, and only those that no store holds are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from blocks.places import audio_store, keep_document, read_document, scratch
from blocks.settings import load_settings
from blocks.storage import Store
from tasks.audio.pcm import write_flac
from tasks.cast import known_voices
from tasks.errors import BudgetExceeded, EmptySource, InvalidScript, ObjectMissing
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import (
    AudioRef,
    CastEntry,
    Clip,
    DocumentRef,
    Line,
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

LOOKUPS_AT_ONCE = 16


@task(cache_policy=NO_CACHE, **RETRYING)
def plan_lines(script: DocumentRef, cast: tuple[CastEntry, ...], language: str, budget_usd: float) -> SynthesisPlan:
    """Say for every line how it is spoken and by whom, and which clips are missing; stop here if they cost too much."""
    settings = load_settings()
    read = read_document(script, Script)
    voices = cast_voices(read, (*cast, *settings.cast), known_voices())
    for voice in set(voices.values()):
        load_engine(voice.engine).check(voice, language)
    lines = tuple(plan_line(line, voices[line.speaker], language) for line in read.lines)
    if not any(character.isalnum() for line in lines for character in line.spoken.text):
        raise EmptySource(
            f"nothing in this script can be said: its {len(lines)} lines hold no letter and no digit; write some text"
        )
    missing = missing_clips(lines)
    characters: dict[str, int] = {}
    for index in missing:
        engine, text = lines[index].voice.engine, lines[index].spoken.text
        characters[engine] = characters.get(engine, 0) + len(text)
    cost = 0.0
    log.info("lines.planned", lines=len(lines), missing=len(missing), estimated_usd=round(cost, 2))
    if budget_usd and cost > budget_usd:
        raise BudgetExceeded(
            f"{len(missing)} lines would cost {cost:.2f} USD, above the budget of {budget_usd:.2f} USD; "
            "raise the budget, or cast cheaper voices"
        )
    return SynthesisPlan(
        lines=lines, missing=missing, chapters=read.chapters, characters=characters, estimated_usd=cost
    )


def plan_line(line: Line, voice: VoicePreset, language: str) -> PlannedLine:
    """How a line is spoken, and the key of its clip.

    Raises: InvalidScript when it is longer than the engine takes at once.
    """
    spoken, longest = normalize(line.text, language), load_engine(voice.engine).capabilities(voice).max_characters
    if len(spoken.text) > longest:
        raise InvalidScript(
            f"line {line.number}: {len(spoken.text)} characters as it is spoken, and {voice.engine} takes {longest} "
            "at once; break it into paragraphs, each with its speaker"
        )
    key = clip_key(spoken.text, voice, language)
    return PlannedLine(line=line, spoken=spoken, voice=voice, language=language, key=key)


def missing_clips(lines: Sequence[PlannedLine]) -> tuple[int, ...]:
    """The indices of lines whose clips no store holds; a line that stands in a script twice is made once."""
    first: dict[str, int] = {}
    for index, line in enumerate(lines):
        first.setdefault(line.key, index)
    return tuple(index for index, clip in zip(first.values(), stored_clips(first), strict=True) if clip is None)


def stored_clips(keys: Iterable[str]) -> tuple[Clip | None, ...]:
    """The clips that were made under these keys, in their order; a bucket is asked for many at once."""
    store = audio_store()
    with ThreadPoolExecutor(LOOKUPS_AT_ONCE) as pool:
        return tuple(pool.map(partial(stored_clip, store), keys))


def stored_clip(store: Store, key: str) -> Clip | None:
    """The clip that was made under a key; None where there is none, or its sound was removed from the store."""
    record = store.recall(key)
    if record is None:
        return None
    try:
        clip = Clip.model_validate_json(record)
    except ValidationError:
        log.warning("clip.unreadable", key=key)
        return None
    return clip if store.exists(clip.audio.uri) else None


def clip_key(text: str, voice: VoicePreset, language: str) -> str:
    """The key of a clip: what is said, by which voice, with which engine. A preset's name and title do not sound."""
    return content_key(
        text=text,
        language=language,
        voice=voice.sounding,
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
            if stored_clip(store, planned.key):
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
    lines = []
    for planned, clip in zip(plan.lines, stored_clips(line.key for line in plan.lines), strict=True):
        if clip is None:
            raise ObjectMissing(f"the clip of line {planned.line.number} was removed while it was needed; run again")
        words = written_words(planned.spoken, clip.timed, duration_s=clip.audio.duration_s)
        lines.append(SpokenLine(speaker=planned.line.speaker, text=planned.line.text, audio=clip.audio, words=words))
    return keep_document(Narration(language=plan.lines[0].language, lines=tuple(lines), chapters=plan.chapters))
