"""Round trip: lines that a voice has read are heard again, where an engine knows their language well."""

from __future__ import annotations

from collections import Counter

import numpy as np
import soxr
import structlog
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store
from blocks.settings import load_settings
from blocks.storage import Store
from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, AsrEngine, hears_well, load_engine
from tasks.asr.round_trip import error_rate, write_down
from tasks.audio.pcm import info, read_span
from tasks.cast import engine_of
from tasks.clips import stored_clip
from tasks.memory import require_memory
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import AsrConfig, Clip, PlannedLine, SynthesisPlan
from tasks.schemas.gate import Gate
from tasks.schemas.retakes import Choice, Heard
from tasks.text.normalize import normalize
from tasks.tts.account import says_something

log = structlog.get_logger(__name__)


@task(cache_policy=NO_CACHE, **RETRYING)
def choose_lines(plan: SynthesisPlan, config: AsrConfig, gate: Gate) -> Choice:
    """Which lines are to be heard again, and why the others are not."""
    if gate.round_trip == "never":
        return Choice(not_measured=("the request asks for no line to be heard again",))
    known, chosen, reasons = hears_well(config), [], Counter[str]()
    for place, line in enumerate(plan.lines):
        if not says_something(line):
            continue
        if gate.round_trip == "auto" and engine_of(line.voice).capabilities(line.voice).by_rule:
            reasons[f"{line.voice.engine} reads by rule; ask for always to have it heard"] += 1
        elif line.language not in known:
            name = config.model or "the embedded model"
            reasons[
                f"{config.engine} with {name} is not known to hear {line.language!r} well enough to judge a voice; "
                "name a model that is, and the language in asr.hears_well"
            ] += 1
        else:
            chosen.append(place)
    return Choice(
        lines=tuple(chosen),
        not_measured=tuple(f"{count} {'line' if count == 1 else 'lines'}: {why}" for why, count in reasons.items()),
    )


@task(
    task_run_name="hear_lines {lines[0].line.number} and on",
    cache_policy=NO_CACHE,
    **RETRYING,
)
def hear_lines(lines: tuple[PlannedLine, ...], config: AsrConfig) -> tuple[Heard, ...]:
    """Write down what is heard of these lines' clips; one whose clip was never made is left out.

    What was heard of a clip is kept, and is not asked for again.
    """
    require_memory()
    store, engine = audio_store(), load_engine(config, load_settings().models_folder)
    heard = []
    for line in lines:
        clip = stored_clip(store, line.key)
        if clip:
            text = _heard(store, engine, config, clip, line.language)
            # Whisper writes 1963 where a voice says it in words.
            in_words = normalize(text, line.language).text
            rate = round(error_rate(line.spoken.text, in_words), 3)
            heard.append(Heard(key=line.key, text=text, error_rate=rate))
    log.info("lines.heard", lines=len(heard), worst=max((one.error_rate for one in heard), default=0.0))
    return tuple(heard)


def _heard(store: Store, engine: AsrEngine, config: AsrConfig, clip: Clip, language: str) -> str:
    key = content_key(heard=clip.audio.sha256, by=engine.version, beam_size=config.beam_size, language=language)
    if (kept := store.recall(key)) is not None:
        return kept.decode()
    with slot(f"asr-{config.engine}"):
        text = write_down(engine, _speech(store, clip), language)
    store.remember(key, text.encode())
    return text


def _speech(store: Store, clip: Clip) -> NDArray[np.float32]:
    """A clip as ASR engines want it: 16 kHz, one channel, shape (n_samples,)."""
    with store.local(clip.audio.uri) as path:
        sound = info(path)
        samples = read_span(path, 0, sound.duration_s).mean(axis=0)
    return np.asarray(soxr.resample(samples, sound.sample_rate_hz, ASR_SAMPLE_RATE_HZ), np.float32)
