"""The host's memory: what this process may use of it, under every limit that stands above it. The one reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tasks.schemas.memory import Memory


def host_memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> Memory:
    """What may be used in all, and what of it is free: of the machine and of our cgroups, the least of each."""
    found = [_machine(proc), *_limits(proc, cgroups)]
    return Memory(
        total_bytes=min(memory.total_bytes for memory in found), free_bytes=min(memory.free_bytes for memory in found)
    )


def _machine(proc: Path) -> Memory:
    lines = (line.split() for line in (proc / "meminfo").read_text().splitlines())
    kib = {words[0].rstrip(":"): int(words[1]) for words in lines}
    return Memory(total_bytes=kib["MemTotal"] * 1024, free_bytes=kib.get("MemAvailable", 0) * 1024)


def _limits(proc: Path, cgroups: Path) -> Iterator[Memory]:
    """Every memory limit that stands above this process, and the room under it.

    Source: Linux, admin-guide/cgroup-v2.rst (memory.max, memory.current) and cgroup-v1/memory.rst.
    """
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, limit, usage = cgroups, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, usage = cgroups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        # In a container the path may be the host's, and only the root is there to be read.
        for folder in (group, *group.parents):
            if folder.is_relative_to(root) and (folder / limit).is_file():
                yield from _limit(folder, limit, usage)


def _limit(folder: Path, limit: str, usage: str) -> Iterator[Memory]:
    highest = (folder / limit).read_text().strip()
    if highest == "max":
        return
    # v1 counts the groups below in `usage`, and their cache only in what begins with `total_`.
    caches = re.findall(r"^(?:total_)?inactive_file (\d+)$", _text(folder / "memory.stat"), re.MULTILINE)
    reclaimable = max(map(int, caches), default=0)
    free_bytes = int(highest) - int((folder / usage).read_text()) + reclaimable
    yield Memory(total_bytes=int(highest), free_bytes=free_bytes)


def _text(path: Path) -> str:
    """What a file says; nothing where a kernel, or a sandbox in its place, has no such file."""
    return path.read_text() if path.is_file() else ""
