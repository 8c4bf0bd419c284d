"""Text to speech: what every engine offers, and the table that finds one by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.errors import EngineUnavailable, UnknownEngine
from tasks.schemas import VoicePreset

ENGINES = {
    "espeak": "tasks.tts.espeak:Espeak",
}


@dataclass(frozen=True)
class TtsCapabilities:
    """What an engine can do, as data."""

    languages: frozenset[str]
    """ISO 639-1 codes that it speaks."""
    sample_rate_hz: int
    max_characters: int
    """The longest text that it takes at once."""
    word_times: bool = False
    usd_per_character: float = 0.0
    """The vendor's published price; 0 for an engine that runs here."""


@dataclass(frozen=True)
class SpokenWord:
    """A stretch of the spoken text, and when it is heard."""

    start: int
    """First character in the text that was given."""
    end: int
    start_s: float
    end_s: float


@dataclass(frozen=True, eq=False)
class Speech:
    """What an engine said. samples: float32, shape (1, n_samples), full scale 1.0."""

    samples: NDArray[np.float32]
    sample_rate_hz: int
    words: tuple[SpokenWord, ...] = ()


class TtsEngine(Protocol):
    """One implementation of text to speech."""

    capabilities: TtsCapabilities
    version: str
    """It changes when the same text may sound otherwise."""

    def check(self, preset: VoicePreset, language: str) -> None:
        """Refuse, before anything is synthesized, a voice or a language that this engine does not have.

        Raises: UnknownPreset, LanguageNotAllowed.
        """
        ...

    def synthesize(self, text: str, preset: VoicePreset, language: str) -> Speech:
        """Say `text`, which is already in spoken form.

        Raises: EngineFailed when the engine breaks.
        """
        ...


@lru_cache
def load_engine(name: str) -> TtsEngine:
    """The engine of this name, one per process.

    Raises: UnknownEngine, EngineUnavailable.
    """
    try:
        module_name, class_name = ENGINES[name].split(":")
    except KeyError:
        raise UnknownEngine(f"no TTS engine {name!r}; choose one of {', '.join(sorted(ENGINES))}") from None
    try:
        engine: TtsEngine = getattr(import_module(module_name), class_name)()
    except ImportError as error:
        raise EngineUnavailable(f"TTS engine {name!r} needs {error.name!r}, which is not installed here") from error
    return engine
