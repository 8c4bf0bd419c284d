"""eSpeak NG: the embedded voices, robotic in every language, with no model to fetch."""

from __future__ import annotations

import atexit
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from queue import Empty, LifoQueue, SimpleQueue
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

import numpy as np

from tasks.errors import EngineFailed, EngineUnavailable, InvalidRequest, LanguageNotAllowed, UnknownPreset
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.espeak.commands import parameters, with_commands
from tasks.tts.espeak.process import EspeakProcess, Utterance
from tasks.tts.espeak.voices import base_voices, variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset

SAMPLE_RATE_HZ = 22_050
PLAIN_RATE_WPM = 150  # eSpeak's own 175 is understood less often (reference/tts.md, 1.3)
MAX_CHARACTERS = 50_000


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
            markup=frozenset({"prosody"}),
            streaming=True,
            word_times=True,
            by_rule=True,
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

        Raises: EngineFailed when the process dies or gets stuck; InvalidRequest when the text is too long for one call,
        or a mark cannot be read; UnknownPreset, LanguageNotAllowed.
        """
        utterance, positions = self._utterance(text, voice, language, marks)
        if not is_speakable(text):
            return silence(SAMPLE_RATE_HZ)
        sound = bytearray()
        with self._process() as process:
            words = process.say(utterance, sound.extend)
        starts = [(positions[min(start, len(positions) - 1)], sample) for start, _, sample in words]
        return shaped(_samples(sound), SAMPLE_RATE_HZ, text=text, starts=starts)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same in pieces of some 60 ms, as they are made, untrimmed.

        The process is read at its own speed, so a slow listener holds up nobody, and one who stops early neither: the
        rest is made and dropped, at some 400 times the speed of speech.
        Raises: at the call what `synthesize` raises for its arguments; EngineFailed at any piece.
        """
        utterance, _ = self._utterance(text, voice, language, marks)
        if not is_speakable(text):
            return iter([silence(SAMPLE_RATE_HZ).samples[0]])
        return self._pieces(utterance)

    def phonemes(self, texts: Sequence[str], voice: str) -> tuple[str, ...]:
        """Each text in IPA, without its punctuation; `^` ties the letters of one sound (t^ʃ).

        voice: eSpeak's own name for one that reads: is, en-us, en-gb.
        Raises: EngineFailed, also when there is no such voice.
        """
        with self._process() as process:
            return tuple(process.transcribe([speakable(text)[0] for text in texts], voice))

    def _utterance(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...]
    ) -> tuple[Utterance, list[int]]:
        """What a process is told, and for each character of it its place in `text`."""
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise InvalidRequest(
                f"eSpeak takes {MAX_CHARACTERS} characters at once, not the {len(text)} of {text[:40]!r} …; split it"
            )
        rate_wpm = PLAIN_RATE_WPM * voice.rate
        said, positions = with_commands(*speakable(text), marks, rate_wpm=rate_wpm, pitch_st=voice.pitch)
        speed, pitch, _ = parameters(rate_wpm, voice.pitch)
        name = base_voices()[language] + (f"+{voice.voice}" if voice.voice else "")
        return Utterance(text=said, voice=name, rate_wpm=speed, pitch=pitch), positions

    def _pieces(self, utterance: Utterance) -> Iterator[NDArray[np.float32]]:
        sounds: SimpleQueue[bytes] = SimpleQueue()

        def speak() -> None:
            try:
                with self._process() as process:
                    process.say(utterance, sounds.put)
            finally:
                sounds.put(b"")

        reader = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        spoken = reader.submit(speak)
        reader.shutdown(wait=False)
        while sound := sounds.get():
            yield _samples(sound)
        spoken.result()

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


def _samples(pcm: bytes | bytearray) -> NDArray[np.float32]:
    """16-bit samples as float32, shape (n_samples,), full scale 1.0."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32_768)
