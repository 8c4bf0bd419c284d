"""Folders for large intermediates: in memory where they fit, otherwise on disk; none outlives its process for long."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from blocks.failures import translated
from blocks.memory import host_memory

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a scratch folder of our own is made in it, readable by us alone
MEMORY_RESERVE_BYTES = 512 << 20
"""Left free for the process itself: a full tmpfs takes its pages from the same memory."""
FOREIGN_AFTER_S = 86_400.0
"""Age at which a folder of another pid namespace (another container) counts as forgotten."""
_NAME = re.compile(r"hladvarp-scratch-(\d+)-(\d+)-(\d+)-")

log = structlog.get_logger(__name__)


@contextmanager
def scratch_folder(*, directory: Path | None = None, bytes_needed: int = 0, in_memory: bool = False) -> Iterator[Path]:
    """Give an empty folder, removed at the end.

    directory: where on disk it is made; None: where this machine keeps temporary files.
    in_memory: make it in /dev/shm instead, if `bytes_needed` fit there beside everything else.
    Raises: StorageDenied, StorageFull or StorageMissing when it cannot be made.
    """
    parent = directory or Path(tempfile.gettempdir())
    if in_memory and bytes_needed <= memory_room_bytes():
        parent = MEMORY_FOLDER
    with translated(str(parent)):
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_prefix(), dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale_scratch(directory: Path | None = None) -> int:
    """Remove scratch folders of dead processes, on disk and in memory; say how many they were."""
    removed = 0
    for parent in {directory or Path(tempfile.gettempdir()), MEMORY_FOLDER}:
        for folder in parent.glob("hladvarp-scratch-*"):
            if _is_stale(folder):
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
    if removed:
        log.info("scratch.removed", folders=removed)
    return removed


def memory_room_bytes(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """Say how many bytes can go to /dev/shm: what it has free, what the machine has, what our cgroup may still take.

    Where /dev/shm is as large as all memory, its own count says free when the machine is not.
    """
    if not os.access(MEMORY_FOLDER, os.W_OK):
        return 0
    state = os.statvfs(MEMORY_FOLDER)
    return max(0, min(state.f_bavail * state.f_frsize, host_memory(proc, cgroups).free_bytes) - MEMORY_RESERVE_BYTES)


def _prefix() -> str:
    return f"hladvarp-scratch-{_namespace()}-{os.getpid()}-{_start_ticks(os.getpid())}-"


def _is_stale(folder: Path) -> bool:
    name = _NAME.match(folder.name)
    if name is None:
        return False
    namespace, pid, start = (int(group) for group in name.groups())
    if namespace == _namespace():
        return _start_ticks(pid) != start
    try:
        return time.time() - folder.stat().st_mtime > FOREIGN_AFTER_S
    except FileNotFoundError:
        return False


def _namespace() -> int:
    return Path("/proc/self/ns/pid").stat().st_ino


def _start_ticks(pid: int) -> int:
    """Give the moment a process started, in ticks since boot; -1 when there is none, since pids come again."""
    try:
        # The second field, the name in parentheses, may hold spaces and parentheses itself.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return -1
