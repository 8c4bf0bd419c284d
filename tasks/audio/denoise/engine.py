"""What every engine for noise reduction offers, and the table that finds one by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol

from tasks.audio.samples import Samples
from tasks.errors import EngineUnavailable, UnknownEngine

ENGINES = {
    "deepfilternet": "tasks.audio.denoise.deepfilternet:DeepFilterNet",
    "afftdn": "tasks.audio.denoise.afftdn:Afftdn",
}


class Denoiser(Protocol):
    """One implementation of noise reduction. It holds processes or memory until it is closed."""

    version: str
    """Of library and model: it changes when the same sound may come out otherwise."""

    def __init__(self, *, channels: int, strength_db: float) -> None: ...

    def clean(self, blocks: Iterable[Samples], *, noise_dbfs: float) -> Iterator[Samples]:
        """The same sound with less noise: as many samples as went in, none of them late, whatever the blocks' sizes.

        blocks: 48 kHz, as many channels as the engine was made for. Each call begins anew.
        noise_dbfs: the level of the noise in them, for engines that cannot tell it themselves.
        Raises: EngineFailed.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


def load_engine(name: str, *, channels: int, strength_db: float) -> Denoiser:
    """The engine of this name, for so many channels; strength_db: the most that it takes from noise.

    Raises: UnknownEngine, EngineUnavailable, EngineFailed.
    """
    try:
        module_name, class_name = ENGINES[name].split(":")
    except KeyError:
        raise UnknownEngine(f"no noise reduction {name!r}; choose one of {', '.join(sorted(ENGINES))}") from None
    try:
        engine_class: type[Denoiser] = getattr(import_module(module_name), class_name)
    except ImportError as error:
        raise EngineUnavailable(
            f"noise reduction {name!r} needs {error.name!r}, which is not installed here; choose another engine"
        ) from error
    return engine_class(channels=channels, strength_db=strength_db)
