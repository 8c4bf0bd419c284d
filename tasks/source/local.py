"""Files and folders of this machine, among them those that somebody is still copying."""

from __future__ import annotations

import difflib
import os
import stat
import time
from pathlib import Path

from tasks.errors import EmptySource, SourceNotFound, SourceRefused, SourceUnreachable
from tasks.schemas import SourceLimits
from tasks.source.landing import CHUNK_BYTES, Landing

_DEBRIS = {"thumbs.db", "desktop.ini"}
_LISTED = 10


def find_file(path: Path) -> Path:
    """The file at `path`, or the only visible one in the folder there.

    Raises: SourceNotFound, SourceRefused, EmptySource for a folder without files.
    """
    try:
        is_folder = path.is_dir()
        if not is_folder and not path.exists():
            raise SourceNotFound(f"there is nothing at {path}{_near_misses(path)}")
        files = _files_in(path) if is_folder else [path]
    except (PermissionError, RuntimeError) as error:  # RuntimeError: a symbolic link that points at itself
        raise SourceRefused(f"{path} may not be read ({error}); give its reader the right to") from error
    except (OSError, ValueError) as error:
        raise SourceNotFound(f"{str(path)[:200]!r} cannot be the name of a file: {error}") from error
    if not files:
        raise EmptySource(f"the folder {path} holds no file; put a recording or a script into it")
    if len(files) > 1:
        names = ", ".join(repr(f.name) for f in files[:_LISTED]) + (" …" if len(files) > _LISTED else "")
        raise SourceRefused(f"the folder {path} holds {len(files)} files: {names}; name one of them")
    return files[0]


def stays_inside(path: Path, folder: Path) -> bool:
    """Whether `path`, all symbolic links followed, lies below `folder`."""
    return path.resolve().is_relative_to(folder.resolve())


def is_settled(path: Path, for_s: float, *, now_s: float | None = None) -> bool:
    """Whether nobody has written to `path` (a file, or a folder's own files) for `for_s` seconds.

    It looks at the time of the last change (ctime), which moves with each write and with the renaming or the setting
    of times at a copy's end, and which nobody can set. A time in the future (a file server's clock) is not settled.
    now_s: seconds since the epoch.
    """
    try:
        parts = [path, *path.iterdir()] if path.is_dir() else [path]
        changed_at_s = max(part.lstat().st_ctime for part in parts)
    except FileNotFoundError:
        return False  # renamed while we looked: it is being worked on
    return (time.time() if now_s is None else now_s) - changed_at_s >= for_s


def copy_local(path: Path, target: Path, *, limits: SourceLimits) -> Landing:
    """Copy a regular file; what is hashed is what lies at `target`.

    Raises: SourceRefused, SourceTooLarge, SourceUnreachable when it changes meanwhile, EmptySource, StorageFull.
    """
    # O_NONBLOCK: opening a named pipe must not wait for its writer. Checked on the open file, so it can't be swapped.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise SourceNotFound(f"{path} went away while it was fetched") from error
    except OSError as error:
        raise SourceRefused(f"{path} may not be read ({error.strerror}); give its reader the right to") from error
    with os.fdopen(handle, "rb") as file:
        before = os.fstat(handle)
        if not stat.S_ISREG(before.st_mode):
            raise SourceRefused(f"{path} is not a file but a device, a pipe or a socket; name a file")
        if before.st_size == 0:
            # Also those of /proc, which say 0 and hold something that is nobody's episode.
            raise EmptySource(f"{path} is empty: it has no bytes; check the file, or wait until it is there")
        with Landing(target, address=str(path), max_bytes=limits.max_bytes, expected_bytes=before.st_size) as landing:
            while chunk := _read(file.fileno(), path):
                landing.write(chunk)
            after = os.fstat(handle)
            if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise SourceUnreachable(f"{path} changed while it was copied; wait until it is written")
    return landing


def _read(handle: int, path: Path) -> bytes:
    try:
        return os.read(handle, CHUNK_BYTES)
    except OSError as error:
        raise SourceUnreachable(f"{path} cannot be read to its end ({error.strerror}); check the disk") from error


def _files_in(folder: Path) -> list[Path]:
    files = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name.lower() in _DEBRIS or not entry.is_file():
            continue
        if not stays_inside(entry, folder):
            raise SourceRefused(f"{entry} is a link to something outside its folder; put the file itself there")
        files.append(entry)
    return files


def _near_misses(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent}"
    names = [entry.name for entry in path.parent.iterdir()]
    near = difflib.get_close_matches(path.name, names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else "; check the name"
