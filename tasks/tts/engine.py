"""Text to speech: what every engine offers, and the table that finds one by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.errors import EngineUnavailable, UnknownEngine
from tasks.schemas import EngineAccess, Mark, VoicePreset

ENGINES = {
    "azure": "tasks.tts.azure.engine:Azure",
    "elevenlabs": "tasks.tts.elevenlabs.engine:ElevenLabs",
    "espeak": "tasks.tts.espeak.engine:Espeak",
    "kokoro": "tasks.tts.kokoro.engine:Kokoro",
    "nemo": "tasks.tts.nemo.engine:NemoTts",
    "openai": "tasks.tts.openai.engine:OpenAi",
    "openai_compatible": "tasks.tts.openai_compatible:OpenAiCompatible",
    "piper": "tasks.tts.piper:Piper",
    "polly": "tasks.tts.polly.engine:Polly",
}

EXTRAS = {"piper": "piper"}
"""Engines whose library comes with an extra of this installation, and which."""


@dataclass(frozen=True)
class TtsCapabilities:
    """What an engine can do with a voice, as data."""

    languages: frozenset[str]
    """ISO 639-1 codes that it speaks."""
    sample_rate_hz: int
    max_characters: int
    """The longest text that is given to it at once."""
    settings: frozenset[str] = frozenset()
    """The fields of a preset that it obeys, besides voice, model and account: rate, pitch, seed …"""
    markup: frozenset[str] = frozenset()
    """The kinds of mark that it renders inside a text: emphasis, prosody. Others are done for it, or warned of."""
    lexicon: Literal["alias", "ipa"] = "alias"
    """Whether it takes a phoneme mark with IPA, or respelled words only."""
    streaming: bool = False
    """Whether sound comes while the rest is still being made."""
    word_times: bool = False
    by_rule: bool = False
    """Whether it reads by rule, no word left out, the same every time: nothing is won by hearing it again."""
    cloning: bool = False
    leaves_this_machine: bool = False
    """Whether the text is sent to somebody else."""
    usd_per_million_characters: float | None = 0.0
    """The vendor's published price; 0 for an engine that runs here, None where none is published by the character."""


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
    billed_characters: int = 0
    """What the vendor says that it counts; 0 where it does not say, or nothing is billed."""


class TtsEngine(Protocol):
    """One implementation of text to speech."""

    version: str
    """It changes when the same text may sound otherwise. Known without asking anybody."""

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """What it can do with this voice. Known without asking anybody.

        Raises: UnknownVoice when a model is named that it does not know.
        """
        ...

    def revision(self, voice: VoicePreset) -> str:
        """What tells this voice's files from others of the same name: with `version`, part of a clip's key.

        Empty where the version says it all.
        Raises: ModelNotFound.
        """
        return ""

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse, before anything is synthesized, a voice or a language that this engine does not have.

        Raises: UnknownPreset, UnknownVoice, LanguageNotAllowed, ModelNotFound; EngineDenied when a key is missing.
        """
        ...

    def confirm(self, voice: VoicePreset, language: str) -> None:
        """Ask the vendor whether the account has this voice and model: once, and only if something is to be said.

        Raises: what `check` raises, EngineDenied, QuotaExceeded, EngineUnreachable, EngineBusy.
        """
        self.check(voice, language)

    def bills(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> int:
        """How many characters the vendor will count of this. Known without asking anybody."""
        return len(text)

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`, which is already in spoken form.

        marks: over `text`, of the kinds that `capabilities` names; others are not given.
        Raises: EngineError, of which some leaves are retryable.
        """
        ...

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, piece by piece as it is made: float32, shape (n_samples,), untrimmed, at the engine's rate.

        Raises: as `synthesize`, at any piece.
        """
        yield self.synthesize(text, voice, language, marks).samples[0]


@lru_cache
def load_engine(name: str, access: EngineAccess = EngineAccess()) -> TtsEngine:  # noqa: B008 (frozen)
    """The engine of this name, one per process and way to reach it.

    Raises: UnknownEngine, EngineUnavailable.
    """
    try:
        module_name, class_name = ENGINES[name].split(":")
    except KeyError:
        raise UnknownEngine(f"no TTS engine {name!r}; choose one of {', '.join(sorted(ENGINES))}") from None
    try:
        engine: TtsEngine = getattr(import_module(module_name), class_name)(access)
    except ImportError as error:
        how = f": pip install 'hladvarp[{EXTRAS[name]}]'" if name in EXTRAS else ""
        raise EngineUnavailable(
            f"TTS engine {name!r} needs {error.name!r}, which is not installed here{how}"
        ) from error
    return engine
