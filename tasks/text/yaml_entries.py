"""What a studio keeps in a folder of YAML files, such as voices: in each file one entry, or a list of them."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import ValidationError

from tasks.errors import InvalidScript, InvalidSettings
from tasks.schemas import EpisodeTemplate, VoicePreset
from tasks.text.yaml_script import refuse_bombs

Entry = TypeVar("Entry", VoicePreset, EpisodeTemplate)


def entries_in(folder: Path, schema: type[Entry], failure: type[InvalidSettings]) -> tuple[Entry, ...]:
    """The entries in a folder's YAML files; none where there is no such folder.

    Raises: `failure`, naming the file, and what is wrong in it.
    """
    files = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    entries: list[Entry] = []
    seen: dict[str, str] = {}
    for path in files:
        for entry in read_entries(_text(path, failure), schema, failure, name=path.name):
            if entry.name in seen:
                raise failure(f"{path.name}: {entry.name!r} stands in {seen[entry.name]} already; rename one of them")
            seen[entry.name] = path.name
            entries.append(entry)
    return tuple(entries)


def read_entries(text: str, schema: type[Entry], failure: type[InvalidSettings], *, name: str) -> tuple[Entry, ...]:
    """The entries in the text of one file.

    Raises: `failure`, naming the file, and what is wrong in it.
    """
    try:
        refuse_bombs(text)
        found = yaml.safe_load(text)
    except (yaml.YAMLError, InvalidScript) as error:
        raise failure(f"{name}: this is not YAML ({' '.join(str(error).split())}); put texts in quotes") from error
    entries = []
    for number, entry in enumerate(found if isinstance(found, list) else [found], start=1):
        try:
            entries.append(schema.model_validate(entry))
        except ValidationError as error:
            called = entry.get("name", number) if isinstance(entry, dict) else number
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise failure(f"{name}: entry {called} is not right: {wrong}") from None
    return tuple(entries)


def _text(path: Path, failure: type[InvalidSettings]) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise failure(f"{path.name} cannot be read: {error}") from error
