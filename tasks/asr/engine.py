"""Speech to text: what every engine offers, and the table that finds one by name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tasks.errors import EngineUnavailable, UnknownEngine
from tasks.models.cache import MODELS, Need
from tasks.schemas import AsrConfig, Segment

ASR_SAMPLE_RATE_HZ = 16_000  # Whisper and the NeMo ASR models are trained at 16 kHz; anything else degrades silently

ENGINES = {
    "faster-whisper": "tasks.asr.faster_whisper:FasterWhisper",
    "nemo": "tasks.asr.nemo:NemoAsr",
}


@dataclass(frozen=True)
class AsrCapabilities:
    """What an engine can do, as data."""

    languages: frozenset[str] = frozenset()
    """ISO 639-1 codes; empty: whatever its model was trained on, which only its owner knows."""
    hears_well: frozenset[str] = frozenset()
    """Those that it writes down so well that it may judge how a voice speaks."""
    detects_language: bool = False
    word_times: bool = True
    max_chunk_s: float = 30.0
    """The longest stretch of sound that it takes at once, in seconds."""


class AsrEngine(Protocol):
    """One implementation of speech to text, with its model loaded."""

    capabilities: AsrCapabilities
    version: str
    """Of library and model: it changes when the same sound may give another text."""

    def __init__(self, config: AsrConfig, *, models_folder: Path) -> None: ...

    @classmethod
    def need(cls, config: AsrConfig, *, models_folder: Path) -> Need:
        """What the model will take in memory, by its files.

        Raises: ModelNotFound, ModelDamaged, EngineUnavailable.
        """
        ...

    def detect_language(self, samples: NDArray[np.float32], allowed: tuple[str, ...]) -> str:
        """The most likely of the `allowed` languages.

        samples: float32, shape (n_samples,), 16 kHz, full scale 1.0.
        """
        ...

    def transcribe(self, samples: NDArray[np.float32], language: str) -> tuple[Segment, ...]:
        """The words of a chunk, in order; none where nobody speaks. Times are seconds from the chunk's start.

        samples: float32, shape (n_samples,), 16 kHz, full scale 1.0.
        Raises: EngineFailed when the engine breaks.
        """
        ...


def load_engine(config: AsrConfig, models_folder: Path) -> AsrEngine:
    """The engine that `config` names, loaded once per process; an embedded model is put together in `models_folder`.

    Raises: UnknownEngine, EngineUnavailable, ModelNotFound, ModelDamaged, ModelTooLarge, MemoryShort.
    """
    engine_class = find_engine(config.engine)
    return MODELS.get(
        ("asr", config, models_folder),
        lambda: engine_class.need(config, models_folder=models_folder),
        lambda: engine_class(config, models_folder=models_folder),
    )


def find_engine(name: str) -> type[AsrEngine]:
    """The engine of this name, no model loaded.

    Raises: UnknownEngine, EngineUnavailable.
    """
    try:
        module_name, class_name = ENGINES[name].split(":")
    except KeyError:
        raise UnknownEngine(f"no ASR engine {name!r}; choose one of {', '.join(sorted(ENGINES))}") from None
    try:
        engine_class: type[AsrEngine] = getattr(import_module(module_name), class_name)
    except ImportError as error:
        raise EngineUnavailable(f"ASR engine {name!r} needs {error.name!r}, which is not installed here") from error
    return engine_class


def hears_well(config: AsrConfig) -> frozenset[str]:
    """The languages in which an engine may judge how a voice speaks, told without loading it.

    The embedded Whisper base knows English: of people it mishears 5 % of the letters, of eSpeak 7 %. Of Icelandic it
    mishears 42 %, so that it can't tell a mumble from a word (reference: Samrómur, 50 sentences). What another model
    knows, its owner says in the settings.
    """
    embedded = {"en"} if config.engine == "faster-whisper" and not config.model else set()
    return frozenset(config.hears_well or embedded)


def model_revision(model: str) -> str:
    """What tells a local model from another one of the same name: names, sizes and times of its files, not its bytes.

    Empty for the embedded model, which is pinned, and for a name on the hub, which only the hub knows.
    """
    path = Path(model).expanduser()
    if not model or not path.exists():
        return ""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        stat = file.stat()
        digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]
