"""The languages and the variants that eSpeak NG's data holds."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import espeakng_loader

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
