"""Where things lie: shared memory, disk, the volume with the models, and how fast the store is."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from blocks.storage import Store
from infra.preflight.finding import Finding
from tasks.errors import HladvarpError

GB, MB = 10**9, 10**6
WANTED_SHM_BYTES = 40 * GB
LEAST_DISK_BYTES, WANTED_DISK_BYTES = 1 * GB, 10 * GB
WANTED_MODEL_BYTES = 10 * GB
"""Room for the models: a large Whisper is 3 GB, and is fetched beside itself before it is renamed."""
TRANSFER_BYTES = 4 << 20
SLOW_MB_PER_S = 5.0
"""Below it an hour of stereo at 48 kHz (0.4 GB in FLAC) takes more than a minute each way."""
TRANSFER_KEY = "707265666c69676874"  # "preflight": one record, written over by whoever comes next


def check_shared_memory(folder: Path = Path("/dev/shm")) -> Finding:  # noqa: S108 - only looked at
    """RunPod gives /dev/shm a size of its own, and has no field for another."""
    try:
        size_bytes, free_bytes = _size_and_room(folder)
    except OSError as error:
        return Finding("shared memory", "warn", f"no {folder}: {error.strerror}", "intermediates go to the disk")
    said = f"{folder} has {size_bytes / GB:.1f} GB, {free_bytes / GB:.1f} of them free"
    if size_bytes >= WANTED_SHM_BYTES:
        return Finding("shared memory", "ok", said)
    advice = (
        f"{WANTED_SHM_BYTES / GB:.0f} GB are asked for; RunPod lets nobody set it, Docker has --shm-size, "
        "Kubernetes an emptyDir in memory. What does not fit goes to the disk, which is slower"
    )
    return Finding("shared memory", "warn", said, advice)


def check_disk(folder: Path) -> Finding:
    """The container's disk, where intermediates go that do not fit into memory."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _, free_bytes = _size_and_room(folder)
        _write(folder)
    except OSError as error:
        said = f"{folder} cannot be written: {error.strerror}"
        return Finding("disk", "fail", said, "set HLADVARP_SCRATCH or TMPDIR")
    said = f"{folder} has {free_bytes / GB:.1f} GB free"
    if free_bytes < LEAST_DISK_BYTES:
        return Finding("disk", "fail", said, f"at least {LEAST_DISK_BYTES / GB:.0f} GB are needed; give the pod more")
    if free_bytes < WANTED_DISK_BYTES:
        return Finding("disk", "warn", said, "a recording of many hours may not fit; give the pod more disk")
    return Finding("disk", "ok", said)


def check_models(folder: Path, *, root: Path = Path("/")) -> Finding:
    """The folder of models, on a volume that outlives the pod; written and renamed in, as the models are."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder)
        _, free_bytes = _size_and_room(folder)
        is_own = folder.stat().st_dev != root.stat().st_dev
    except OSError as error:
        advice = "mount the volume so that this user may write to it, or set HLADVARP_MODELS"
        return Finding("models", "fail", f"{folder} cannot be written: {error.strerror}", advice)
    said = f"{folder} has {free_bytes / GB:.1f} GB free"
    if not is_own:
        advice = "every pod fetches its models anew; give the pool a network volume"
        return Finding("models", "warn", f"{said}, and lies on the container's own disk", advice)
    if free_bytes < WANTED_MODEL_BYTES:
        return Finding("models", "warn", said, "large models may not fit; make the volume larger")
    return Finding("models", "ok", said)


def check_store(open_store: Callable[[], Store], clock: Callable[[], float] = time.perf_counter) -> Finding:
    """Some megabytes to the store and back, as clips and recordings will go."""
    data = os.urandom(TRANSFER_BYTES)
    try:
        store = open_store()
        began_s = clock()
        store.remember(TRANSFER_KEY, data)
        sent_s = clock()
        found = store.recall(TRANSFER_KEY)
        read_s = clock()
    except HladvarpError as error:
        return Finding("store", "fail", str(error), "no stage works without its store")
    if found is None or len(found) != len(data):
        return Finding("store", "fail", "what was written is not there to be read", "another store is needed")
    up, down = (TRANSFER_BYTES / MB / max(1e-6, took_s) for took_s in (sent_s - began_s, read_s - sent_s))
    said = f"{up:.0f} MB/s up, {down:.0f} MB/s down, with {TRANSFER_BYTES / MB:.0f} MB"
    if min(up, down) < SLOW_MB_PER_S:
        return Finding("store", "warn", said, "recordings will take minutes; choose a data centre near the store")
    return Finding("store", "ok", said)


def _size_and_room(folder: Path) -> tuple[int, int]:
    usage = shutil.disk_usage(folder)
    return usage.total, usage.free


def _write(folder: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=".preflight-", dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(bytes(1 << 16))
    renamed = Path(f"{name}.renamed")
    try:
        Path(name).rename(renamed)
    finally:
        Path(name).unlink(missing_ok=True)
        renamed.unlink(missing_ok=True)
