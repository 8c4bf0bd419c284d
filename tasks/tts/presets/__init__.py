"""Voice presets: those that ship, a file for each engine beside this one, and those of a studio's own folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tasks.errors import InvalidPreset
from tasks.schemas import VoicePreset
from tasks.text.yaml_entries import entries_in, read_entries


@cache
def shipped_presets() -> tuple[VoicePreset, ...]:
    """The presets that come with the project, those of the embedded engine first."""
    here = Path(__file__).parent
    files = sorted(here.glob("*.yaml"), key=lambda path: (path.stem != "espeak", path.stem))
    return tuple(preset for path in files for preset in read_presets(path.read_text(), name=path.name))


def embedded_voices() -> tuple[VoicePreset, ...]:
    """What a fresh installation speaks with; neighbours differ most, as the unnamed speakers of a recording need."""
    return tuple(preset for preset in shipped_presets() if preset.engine == "espeak")


def presets_in(folder: Path) -> tuple[VoicePreset, ...]:
    """The presets in a folder's YAML files; none where there is no such folder.

    Raises: InvalidPreset naming the file, and what is wrong in it.
    """
    return entries_in(folder, VoicePreset, InvalidPreset)


def read_presets(text: str, *, name: str) -> tuple[VoicePreset, ...]:
    """The presets in one file: a preset, or a list of them.

    Raises: InvalidPreset naming the file, and what is wrong in it.
    """
    return read_entries(text, VoicePreset, InvalidPreset, name=name)
