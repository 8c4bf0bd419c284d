"""What two `.nemo` files say of themselves, without torch or NeMo: language, rate, and that they belong together."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tasks.errors import ModelDamaged, UnknownVoice

CONFIG = "model_config.yaml"
LANGUAGES = {
    "Arabic": "ar", "Chinese": "zh", "English": "en", "French": "fr", "German": "de", "Hindi": "hi", "Italian": "it",
    "Japanese": "ja", "Spanish": "es", "Vietnamese": "vi",
}  # fmt: skip
"""What NeMo calls its tokenizers by; one for Icelandic is told by its letters, one of IPA by its locale."""


@dataclass(frozen=True)
class Described:
    """What a pair of models say of themselves, without loading them."""

    language: str
    sample_rate_hz: int


@lru_cache(maxsize=64)
def describe(fastpitch: Path, hifigan: Path, revision: str) -> Described:
    """Language and rate, and that both are what they are used for.

    Raises: ModelDamaged, UnknownVoice.
    """
    voice, vocoder = _config(fastpitch, "FastPitchModel"), _config(hifigan, "HifiGanModel")
    try:
        given = (int(voice["preprocessor"]["sample_rate"]), int(voice["n_mel_channels"]))
        taken = (int(vocoder["preprocessor"]["sample_rate"]), int(vocoder["generator"].get("initial_input_size", 80)))
        language = _language(voice.get("text_tokenizer", {}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelDamaged(f"{fastpitch} and {hifigan} do not tell their rates and bands: {error!r}") from error
    if given != taken:
        raise UnknownVoice(
            f"{fastpitch.name} gives {given[1]} bands at {given[0]} Hz, and {hifigan.name} takes {taken[1]} at "
            f"{taken[0]} Hz; use the HiFi-GAN that was trained for it"
        )
    if not language:
        raise UnknownVoice(f"{fastpitch.name} does not tell which language it speaks; its tokenizer has no locale")
    return Described(language, given[0])


def _language(tokenizer: dict[str, Any]) -> str:
    if locale := tokenizer.get("locale"):
        return str(locale)[:2].lower()
    if "þ" in str(tokenizer.get("chars", "")):
        return "is"
    name = str(tokenizer.get("_target_", "")).rpartition(".")[2]
    return next((code for start, code in LANGUAGES.items() if name.startswith(start)), "")


def _config(path: Path, kind: str) -> dict[str, Any]:
    """The description inside a `.nemo` file, which is a tar archive."""
    try:
        with tarfile.open(path) as archive:
            name = next(name for name in archive.getnames() if name.removeprefix("./") == CONFIG)
            file = archive.extractfile(name)
            assert file is not None
            config = yaml.safe_load(file)
    except (tarfile.TarError, OSError, EOFError, StopIteration, yaml.YAMLError) as error:
        raise ModelDamaged(f"{path} is not a NeMo model that can be read: {error!r}") from error
    target = str(config.get("target", "")) if isinstance(config, dict) else ""
    if not target.endswith(f".{kind}"):
        raise UnknownVoice(f"{path} is no {kind} but {target.rpartition('.')[2] or 'something else'}")
    return dict(config)
