"""The files of a voice that runs on this machine: found by path or by name, and told from one another."""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path

from tasks.errors import ModelNotFound
from tasks.schemas import EngineAccess

FINGERPRINT_BLOCKS, FINGERPRINT_BLOCK_BYTES = 16, 65_536  # fine-tuned models differ everywhere, and not in size


def model_file(named: str, access: EngineAccess, *, suffix: str, what: str) -> Path:
    """The file that a preset names: a path, or a name in the engine's folder, with or without its suffix.

    what: of which preset field this is, for the message.
    Raises: ModelNotFound.
    """
    places = [Path(os.path.expanduser(named))]
    if access.folder:
        folder = Path(os.path.expanduser(access.folder))
        places += [folder / named, folder / f"{named}{suffix}"]
    for place in places:
        if named and os.path.isfile(place):
            return place
    where = f" or below {access.folder}" if access.folder else "; or set the engine's folder and give a name there"
    raise ModelNotFound(f"{what}: no file {named!r}{where}; give the path of a {suffix} file")


def fingerprint(path: Path) -> str:
    """A short hash of a file's size and of blocks all over it: the same on every machine, and some milliseconds' work.

    Raises: ModelNotFound.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelNotFound(f"{path} was there and is gone: {error}") from error
    return _fingerprint(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=256)
def _fingerprint(path: Path, size: int, changed_ns: int) -> str:
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        for index in range(FINGERPRINT_BLOCKS):
            file.seek(index * size // FINGERPRINT_BLOCKS)
            digest.update(file.read(FINGERPRINT_BLOCK_BYTES))
    return digest.hexdigest()[:12]
