"""eSpeak NG: the embedded voices, robotic in every language, with no model to fetch."""

from __future__ import annotations

import atexit
import os
import re
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from queue import Empty, LifoQueue
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import espeakng_loader
import numpy as np

from tasks.errors import EngineFailed, EngineUnavailable, InvalidRequest, LanguageNotAllowed, UnknownPreset
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.espeak_process import EspeakProcess, Utterance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.schemas import EngineAccess, Mark, VoicePreset

SAMPLE_RATE_HZ = 22_050
PLAIN_RATE_WPM = 150  # eSpeak's own 175 is understood less often (reference/tts.md, 1.3)
SLOWEST_WPM, FASTEST_WPM = 80, 450  # what libespeak-ng takes
STEPS_PER_SEMITONE = 6  # of pitch 0 to 99, 50 being the voice's own: measured +8.8 semitones at 99, -6.6 at 0
MAX_CHARACTERS = 50_000
ACCENTS = {"en": "en-us"}
"""Which of several voices of a language speaks it, where no voice is called like the language itself."""

NOT_LANGUAGES = {"py"}  # eSpeak's Pyash: no ISO 639-1 code


@cache
def base_voices() -> dict[str, str]:
    """ISO 639-1 codes and the voices that speak them, as eSpeak's own data lists them."""
    voices: dict[str, str] = {}
    data = Path(espeakng_loader.get_data_path())
    for file in sorted(path for path in (data / "lang").rglob("*") if path.is_file()):
        definition = file.read_bytes().decode(errors="replace")  # comments in some are in other encodings
        named = re.search(r"^dictionary\s+(\S+)", definition, re.MULTILINE) or re.search(
            r"^language\s+([a-z]+)", definition, re.MULTILINE
        )
        if named is None or not (data / f"{named[1]}_dict").exists():
            continue  # Faroese: a voice without words
        for language in re.findall(r"^language\s+([a-z]{2})\s*(?:\d+\s*)?$", definition, re.MULTILINE):
            if language not in voices or file.name == language:
                voices[language] = file.name
    return {language: voice for language, voice in voices.items() if language not in NOT_LANGUAGES} | ACCENTS


@cache
def variants() -> frozenset[str]:
    """The names of eSpeak's variants; the empty name is the plain voice."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    return frozenset(file.name for file in folder.iterdir()) | {""}


class Espeak(TtsEngine):
    """eSpeak NG, in as many processes as there are cores; safe to call from several threads, and after a fork."""

    def __init__(self, access: EngineAccess | None = None, *, patience_s: float = 20.0) -> None:
        """Start the first process, which tells its version.

        patience_s: how long a process may be silent; it sends its sound while it speaks.
        Raises: EngineUnavailable when the library does not start.
        """
        self._patience_s = patience_s
        self._reset()
        os.register_at_fork(after_in_child=self._reset)
        atexit.register(self.close)
        try:
            first = EspeakProcess(patience_s)
        except EngineFailed as error:
            raise EngineUnavailable(f"eSpeak NG does not start here: {error}") from error
        self._idle.put(first)
        self.version = f"espeak-ng {first.version}, loader {version('espeakng-loader')}, shape {SHAPE_VERSION}"

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """The same for every voice."""
        return TtsCapabilities(
            languages=frozenset(base_voices()),
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate", "pitch"}),
            word_times=True,
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse a variant or a language that eSpeak's data does not hold.

        Raises: UnknownPreset, LanguageNotAllowed.
        """
        if voice.voice not in variants():
            raise UnknownPreset(
                f"voice preset {voice.name!r}: eSpeak has no variant {voice.voice!r}; "
                f"choose one of {', '.join(sorted(variants() - {''}))}, or leave it empty"
            )
        if language not in base_voices():
            raise LanguageNotAllowed(
                f"eSpeak does not speak {language!r}; it speaks {', '.join(sorted(base_voices()))}"
            )

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; a text with nothing to say gives a short silence. The same call gives the same samples.

        Raises: EngineFailed when the process dies or gets stuck; InvalidRequest when the text is too long for one call;
        UnknownPreset, LanguageNotAllowed.
        """
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise InvalidRequest(
                f"eSpeak takes {MAX_CHARACTERS} characters at once, not the {len(text)} of {text[:40]!r} …; split it"
            )
        if not is_speakable(text):
            return silence(SAMPLE_RATE_HZ)
        said, positions = speakable(text)
        utterance = Utterance(
            text=said,
            voice=base_voices()[language] + (f"+{voice.voice}" if voice.voice else ""),
            rate_wpm=int(np.clip(round(PLAIN_RATE_WPM * voice.rate), SLOWEST_WPM, FASTEST_WPM)),
            pitch=int(np.clip(round(50 + voice.pitch * STEPS_PER_SEMITONE), 0, 99)),
        )
        with self._process() as process:
            pcm, events = process.say(utterance)
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32_768)
        starts = [(positions[min(start, len(positions) - 1)], sample) for start, _, sample in events]
        return shaped(samples, SAMPLE_RATE_HZ, text=text, starts=starts)

    def close(self) -> None:
        """End the processes that wait for work; the next call starts new ones."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _reset(self) -> None:
        # A forked child shares its parent's pipes: it must leave those processes to the parent.
        self._idle: LifoQueue[EspeakProcess] = LifoQueue()
        self._free = BoundedSemaphore(os.cpu_count() or 1)

    @contextmanager
    def _process(self) -> Iterator[EspeakProcess]:
        """A process for one utterance; one that failed is ended, not used again."""
        with self._free:
            try:
                process = self._idle.get_nowait()
            except Empty:
                process = EspeakProcess(self._patience_s)
            try:
                yield process
            except BaseException:
                process.close()
                raise
            self._idle.put(process)
