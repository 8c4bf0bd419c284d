"""Preview: one voice says a few sentences, now."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from tasks.cast import engine_of, known_voices, require_consent
from tasks.errors import EmptySource, InvalidRequest
from tasks.feed.address import ShowAddress, address_of_uri
from tasks.policies import RETRYING, content_key, slot
from tasks.schemas import Line, PlannedLine, VoicePreset
from tasks.schemas.frozen import Frozen
from tasks.schemas.preview import HowRead, Preview
from tasks.tts.account import billed, price_usd
from tasks.tts.casting import preset_named
from tasks.tts.engine import TtsEngine, load_engine
from tasks.tts.planning import Planner
from tasks.tts.presets import presets_in, shipped_presets

log = structlog.get_logger(__name__)

MOST_CHARACTERS = 1000
FOLDER = "previews"
PREVIEW_LUFS = -19.0
"""All voices alike, as in an episode. Source: as loud in one channel as -16 LUFS in two (`Mastering.target_lufs`)."""
HIGHEST_PEAK = 10 ** (-1 / 20)
_HERE = ("espeak", "kokoro", "nemo", "piper")  # engines that need no account


@dataclass(frozen=True)
class Reading:
    """A text, as a voice is about to say it."""

    voice: VoicePreset
    engine: TtsEngine
    language: str
    lines: tuple[PlannedLine, ...]
    notes: tuple[str, ...]
    """What the engine cannot do that was asked of it."""

    @property
    def text(self) -> str:
        """What is said, in words."""
        return " ".join(line.spoken.text for line in self.lines)

    @property
    def readings(self) -> tuple[HowRead, ...]:
        """What is said otherwise than it is written."""
        spans = (span for line in self.lines for span in line.spoken.spans)
        return tuple(HowRead(written=span.written, spoken=span.spoken, kind=span.kind) for span in spans)

    @property
    def key(self) -> str:
        """The same for what sounds the same."""
        return content_key(preview=[line.key for line in self.lines], gain_db=self.voice.gain_db)

    @property
    def sample_rate_hz(self) -> int:
        """Of the pieces."""
        return self.engine.capabilities(self.voice).sample_rate_hz

    @property
    def characters(self) -> int:
        """What the vendor will count."""
        return sum(billed(self.engine, line) for line in self.lines)

    @property
    def cost_usd(self) -> float | None:
        """At the published price; None where none is published by the character."""
        return price_usd(self.voice, self.engine, self.characters)

    def pieces(self) -> Iterator[NDArray[np.float32]]:
        """The sound as it is made: float32, shape (n_samples,).

        Raises: EngineError, at any piece.
        """
        self.engine.confirm(self.voice, self.language)
        for number, line in enumerate(self.lines, start=1):
            yield from self.engine.stream(line.spoken.text, self.voice, self.language, line.marks)
            if number < len(self.lines):
                pause_s = load_settings().pauses.line_s if line.pause_s is None else line.pause_s
                yield np.zeros(round(pause_s * self.sample_rate_hz), np.float32)


class Heard(Frozen):
    """How a reading went."""

    first_sound_s: float
    duration_s: float


def prepare_reading(preset: str, text: str, language: str) -> Reading:
    """What is to be said, checked: nothing has been asked of a vendor yet.

    Raises: InvalidRequest, EmptySource, UnknownPreset, LanguageNotAllowed, ConsentMissing, ConsentEnded, EngineError.
    """
    if not any(character.isalnum() for character in text):
        raise EmptySource("there is nothing to say: the text holds no letter and no digit; write a sentence")
    if len(text) > MOST_CHARACTERS:
        raise InvalidRequest(
            f"a preview says {MOST_CHARACTERS} characters at the most, and this text has {len(text)}; shorten it, "
            "or narrate it as an episode"
        )
    voice, engine = voice_and_engine(preset)
    planner = Planner(
        presets={preset: voice},
        cast={"": voice},
        language=language,
        show="",
        engine_of=lambda _: engine,
        allow=partial(require_consent, show=""),
    )
    lines = tuple(planner.stretches(Line(number=1, speaker="", text=text), voice, language))
    return Reading(voice=voice, engine=engine, language=language, lines=lines, notes=tuple(planner.notes))


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
    try:
        return _say_into(sink, reading, begun=lambda: None)
    except BrokenPipeError:
        raise InvalidRequest("whoever was to play the sound has ended before it; is there such a player?") from None


def hear_into_file(path: Path, reading: Reading, *, begun: Callable[[], None]) -> Heard:
    """The same into a file that can be played from its first piece on, when `begun` is called; removed on failure.

    Raises: EngineError, InvalidRequest when the file cannot be written.
    """
    try:
        with path.open("wb") as file:
            try:
                return _say_into(file, reading, begun=begun)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror}; choose another with --out") from error


def _say_into(sink: BinaryIO, reading: Reading, *, begun: Callable[[], None]) -> Heard:
    note_preview(reading)
    started, first_sound_s = time.perf_counter(), 0.0
    stream: WavStream | None = None
    for piece in reading.pieces():
        stream = stream or WavStream(sink, sample_rate_hz=reading.sample_rate_hz)
        stream.write(piece)
        if not first_sound_s:
            first_sound_s = time.perf_counter() - started
            begun()
    if stream is None:
        return Heard(first_sound_s=0.0, duration_s=0.0)
    stream.close()
    return Heard(first_sound_s=first_sound_s, duration_s=stream.duration_s)


@task(cache_policy=NO_CACHE, task_run_name="hear {preset}", **RETRYING)
def hear_voice(preset: str, text: str, language: str) -> Preview:
    """Say a text, publish it as a WAV file, and give where to listen; what was said before is not asked for again."""
    reading = prepare_reading(preset, text, language)
    note_preview(reading)
    target, public_url = publishing_target("")
    file, store = f"{preset}-{reading.key[:16]}.wav", audio_store()
    known = _said_before(store.recall(reading.key)) if target.shelf.size(f"{FOLDER}/{file}") else None
    if known is None:
        with slot(f"tts-{reading.voice.engine}"):
            heard, samples = _spoken(reading)
        _publish(target, f"{FOLDER}/{file}", samples, reading)
        store.remember(reading.key, heard.model_dump_json().encode())
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


def _spoken(reading: Reading) -> tuple[Heard, NDArray[np.float32]]:
    began, first_sound_s = time.perf_counter(), 0.0
    pieces = []
    for piece in reading.pieces():
        first_sound_s = first_sound_s or time.perf_counter() - began
        pieces.append(piece)
    samples = np.concatenate([*pieces, np.zeros(0, np.float32)])
    duration_s = len(samples) / reading.sample_rate_hz
    return Heard(first_sound_s=first_sound_s, duration_s=duration_s), samples


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
