"""A text that one voice is about to say: what it will be, what it costs, and its sound while it is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from tasks.audio.wav import WavStream
from tasks.schemas import PlannedLine, VoicePreset
from tasks.schemas.frozen import Frozen
from tasks.schemas.preview import HowRead
from tasks.tts.account import billed, price_usd
from tasks.tts.engine import TtsEngine


class Heard(Frozen):
    """How a reading went."""

    first_sound_s: float
    duration_s: float


@dataclass(frozen=True)
class Reading:
    """A text, as a voice is about to say it."""

    voice: VoicePreset
    engine: TtsEngine
    language: str
    lines: tuple[PlannedLine, ...]
    notes: tuple[str, ...] = ()
    """What the engine cannot do that was asked of it."""
    pause_s: float = 0.35
    """Between two lines, where the text asks for no other."""

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
            yield from self.engine.stream(line.spoken.text, self.voice, line.language, line.marks)
            if number < len(self.lines):
                pause_s = self.pause_s if line.pause_s is None else line.pause_s
                yield np.zeros(round(pause_s * self.sample_rate_hz), np.float32)

    def say_into(self, sink: BinaryIO, *, begun: Callable[[], None] = lambda: None) -> Heard:
        """Write a WAV while it is made; `begun` is called when its first piece is written.

        Raises: EngineError, at any piece.
        """
        started, first_sound_s = time.perf_counter(), 0.0
        stream: WavStream | None = None
        for piece in self.pieces():
            stream = stream or WavStream(sink, sample_rate_hz=self.sample_rate_hz)
            stream.write(piece)
            if not first_sound_s:
                first_sound_s = time.perf_counter() - started
                begun()
        if stream is None:
            return Heard(first_sound_s=0.0, duration_s=0.0)
        stream.close()
        return Heard(first_sound_s=first_sound_s, duration_s=stream.duration_s)

    def say(self) -> tuple[Heard, NDArray[np.float32]]:
        """All of it, and how it went: float32, shape (n_samples,).

        Raises: EngineError.
        """
        started, first_sound_s, pieces = time.perf_counter(), 0.0, [np.zeros(0, np.float32)]
        for piece in self.pieces():
            first_sound_s = first_sound_s or time.perf_counter() - started
            pieces.append(piece)
        samples = np.concatenate(pieces)
        return Heard(first_sound_s=first_sound_s, duration_s=len(samples) / self.sample_rate_hz), samples
