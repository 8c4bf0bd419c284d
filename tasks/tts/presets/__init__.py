"""Voice presets: those that ship, a file for each engine beside this one, and those of a studio's own folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import ValidationError

from tasks.errors import InvalidPreset, InvalidScript
from tasks.schemas import VoicePreset
from tasks.text.yaml_script import refuse_bombs


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
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    found = [(path.name, preset) for path in files for preset in read_presets(_text(path), name=path.name)]
    seen: dict[str, str] = {}
    for file, preset in found:
        if preset.name in seen:
            raise InvalidPreset(f"{file}: {preset.name!r} stands in {seen[preset.name]} already; rename one of them")
        seen[preset.name] = file
    return tuple(preset for _, preset in found)


def read_presets(text: str, *, name: str) -> tuple[VoicePreset, ...]:
    """The presets in one file: a preset, or a list of them.

    Raises: InvalidPreset naming the file, and what is wrong in it.
    """
    try:
        refuse_bombs(text)
        found = yaml.safe_load(text)
    except (yaml.YAMLError, InvalidScript) as error:
        raise InvalidPreset(
            f"{name}: this is not YAML ({' '.join(str(error).split())}); put texts in quotes"
        ) from error
    presets = []
    for number, entry in enumerate(found if isinstance(found, list) else [found], start=1):
        try:
            presets.append(VoicePreset.model_validate(entry))
        except ValidationError as error:
            called = entry.get("name", number) if isinstance(entry, dict) else number
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InvalidPreset(f"{name}: preset {called} is not right: {wrong}") from None
    return tuple(presets)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidPreset(f"{path.name} cannot be read: {error}") from error
