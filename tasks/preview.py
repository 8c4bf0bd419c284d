"""Preview: one voice says a few sentences, now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import structlog
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.settings import get_current_settings
from pydantic import ValidationError

from blocks.audit import record
from blocks.places import audio_store, publishing_target, scratch
from blocks.settings import load_settings
from blocks.storage import Target
from tasks.audio.loudness import measure
from tasks.audio.wav import WavStream
from tasks.cast import engine_of, known_voices, lexicon, require_consent
from tasks.errors import EmptySource, InvalidRequest
from tasks.feed.address import ShowAddress, address_of_uri
from tasks.memory import require_memory
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import Line, VoicePreset
from tasks.schemas.preview import Preview
from tasks.tts.casting import preset_named
from tasks.tts.engine import TtsEngine, load_engine
from tasks.tts.planning import Planner
from tasks.tts.presets import presets_in, shipped_presets
from tasks.tts.reading import Heard, Reading

log = structlog.get_logger(__name__)

MOST_CHARACTERS = 1000
FOLDER = "previews"
PREVIEW_LUFS = -19.0
"""All voices alike, as in an episode. Source: as loud in one channel as -16 LUFS in two (`Mastering.target_lufs`)."""
HIGHEST_PEAK = 10 ** (-1 / 20)
_HERE = ("espeak", "kokoro", "nemo", "piper")  # engines that need no account


def prepare_reading(preset: str, text: str, language: str) -> Reading:
    """What is to be said, checked: nothing has been asked of a vendor yet.

    Raises: InvalidRequest, EmptySource, UnknownPreset, LanguageNotAllowed, ConsentMissing, ConsentEnded, EngineError,
        MemoryShort.
    """
    if not any(character.isalnum() for character in text):
        raise EmptySource("there is nothing to say: the text holds no letter and no digit; write a sentence")
    if len(text) > MOST_CHARACTERS:
        raise InvalidRequest(
            f"a preview says {MOST_CHARACTERS} characters at the most, and this text has {len(text)}; shorten it, "
            "or narrate it as an episode"
        )
    require_memory()
    voice, engine = voice_and_engine(preset)
    voice = voice.model_copy(update={"fallback": ()})  # one wants to hear this voice, or why it can't be heard
    planner = Planner(
        presets={preset: voice},
        cast={"": voice},
        language=language,
        show="",
        lexicon=lexicon(),
        engine_of=lambda _: engine,
        allow=partial(require_consent, show=""),
    )
    lines = tuple(planner.stretches(Line(number=1, speaker="", text=text), voice, language))
    return Reading(
        voice=voice,
        engine=engine,
        language=language,
        lines=lines,
        notes=tuple(planner.notes),
        pause_s=load_settings().pauses.line_s,
    )


def voice_and_engine(preset: str) -> tuple[VoicePreset, TtsEngine]:
    """The voice that a preset names, and its engine.

    Saved blocks are asked for only where somebody has set up a server, or nothing else knows the voice or its account:
    a temporary server takes six seconds, and a preview should be heard at once.
    Raises: UnknownPreset, InvalidPreset, InvalidRequest, UnknownEngine, EngineUnavailable.
    """
    if get_current_settings().api.url is None:
        settings = load_settings()
        sources = (shipped_presets(), presets_in(settings.tts.presets), settings.voices)
        voice = {voice.name: voice for voices in sources for voice in voices}.get(preset)
        if voice and not voice.consent and not voice.account:
            access = settings.tts.access.get(voice.engine)
            if access:
                return voice, load_engine(
                    voice.engine, access.model_copy(update={"source": f"the setting tts.access.{voice.engine}"})
                )
            if voice.engine in _HERE:
                return voice, engine_of(voice)
    voice = preset_named(preset, known_voices(), "the preview is to be read by")
    return voice, engine_of(voice)


def hear_into_stream(sink: BinaryIO, reading: Reading) -> Heard:
    """Write a WAV while it is made: whoever reads the other end hears its beginning while the end is not made yet.

    Raises: EngineError, at any piece; InvalidRequest when nobody reads any longer.
    """
    note_preview(reading)
    try:
        return reading.say_into(sink)
    except BrokenPipeError:
        raise InvalidRequest("whoever was to play the sound has ended before it; is there such a player?") from None


def hear_into_file(path: Path, reading: Reading, *, begun: Callable[[], None]) -> Heard:
    """The same into a file that can be played from its first piece on, when `begun` is called; removed on failure.

    Raises: EngineError, InvalidRequest when the file cannot be written.
    """
    note_preview(reading)
    try:
        with path.open("wb") as file:
            try:
                return reading.say_into(file, begun=begun)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}; choose another with --out") from error


@task(cache_policy=NO_CACHE, task_run_name="hear {preset}", **RETRYING)
def hear_voice(preset: str, text: str, language: str) -> Preview:
    """Say a text, publish it as a WAV file, and give where to listen; what was said before is not asked for again."""
    reading = prepare_reading(preset, text, language)
    note_preview(reading)
    key = content_key(preview=[line.key for line in reading.lines], gain_db=reading.voice.gain_db)
    target, public_url = publishing_target("")
    file, store = f"{preset}-{key[:16]}.wav", audio_store()
    known = _said_before(store.recall(key)) if target.shelf.size(f"{FOLDER}/{file}") else None
    if known is None:
        with slot(f"tts-{reading.voice.engine}"):
            heard, samples = reading.say()
        _publish(target, f"{FOLDER}/{file}", samples, reading)
        store.remember(key, heard.model_dump_json().encode())
    heard = known or heard
    log.info("preview.published", preset=preset, file=file, duration_s=round(heard.duration_s, 2), new=known is None)
    return Preview(
        preset=preset,
        engine=reading.voice.engine,
        language=language,
        spoken=reading.text,
        readings=reading.readings,
        notes=reading.notes,
        uri=target.uri(f"{FOLDER}/{file}"),
        listen=ShowAddress(public_url or address_of_uri(target.uri("")), FOLDER).url(file),
        duration_s=heard.duration_s,
        first_sound_s=heard.first_sound_s,
        characters=0 if known else reading.characters,
        cost_usd=0.0 if known else reading.cost_usd,
    )


def note_preview(reading: Reading) -> None:
    """Write into the audit log that a cloned voice is about to be heard."""
    voice = reading.voice
    if voice.consent:
        record("voice.previewed", preset=voice.name, engine=voice.engine, voice=voice.voice, consent=voice.consent)


def _said_before(data: bytes | None) -> Heard | None:
    try:
        return Heard.model_validate_json(data) if data else None
    except ValidationError:
        return None  # made by another version; it is said again


def _publish(target: Target, name: str, samples: NDArray[np.float32], reading: Reading) -> None:
    with scratch() as folder:
        path = folder / "preview.wav"
        with path.open("wb") as file:
            stream = WavStream(file, sample_rate_hz=reading.sample_rate_hz)
            stream.write(_levelled(samples, reading))
            stream.close()
        target.put_file(path, name)


def _levelled(samples: NDArray[np.float32], reading: Reading) -> NDArray[np.float32]:
    """As loud as every other voice, so that two of them can be compared; softer where its peaks would be clipped."""
    loudness = measure(samples[np.newaxis], reading.sample_rate_hz).integrated_lufs if samples.size else -np.inf
    if not np.isfinite(loudness):
        return samples
    gain = 10 ** ((PREVIEW_LUFS + reading.voice.gain_db - loudness) / 20)
    return samples * np.float32(min(gain, HIGHEST_PEAK / float(np.abs(samples).max())))
