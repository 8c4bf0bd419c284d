"""The GPU at hand, as its driver describes it; torch is not needed for that."""

from __future__ import annotations

import ctypes
import re
import subprocess
from dataclasses import dataclass

from tasks.schemas.memory import Memory

MIB = 1 << 20
PATIENCE_S = 30.0  # a driver that has not been asked before takes seconds
SMI = ("nvidia-smi", "--query-gpu=name,driver_version,memory.total,memory.free", "--format=csv,noheader,nounits")
SUCCESS = 0


@dataclass(frozen=True)
class Gpu:
    """One GPU. What the driver does not tell is empty."""

    name: str
    memory: Memory
    driver: str
    """The driver's version, such as 550.90.07."""
    cuda: str
    """The highest CUDA version that the driver takes, such as 12.4."""


def first_gpu() -> Gpu | None:
    """The GPU that the engines use; None where there is none, or its driver does not answer.

    Asked of nvidia-smi, which tells what is free; else of the driver's library, and then all of it counts as free.
    """
    return _by_tool() or _by_library()


def _by_tool() -> Gpu | None:
    rows = [line.split(", ") for line in _told(*SMI).splitlines()]
    if not rows or len(rows[0]) != 4:
        return None
    name, driver, total, free = rows[0]
    # A slice of a GPU (MIG) has no memory of its own in this answer: "[N/A]".
    if not (total.isdigit() and free.isdigit()):
        return None
    named = re.search(r"CUDA (?:\w+ )?Version\s*:\s*(\d+\.\d+)", _told("nvidia-smi"))
    cuda = named[1] if named else _cuda_of(_driver_library())
    return Gpu(name, Memory(total_bytes=int(total) * MIB, free_bytes=int(free) * MIB), driver, cuda)


def _told(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout


def _driver_library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    return library if library.cuInit(0) == SUCCESS else None


def _cuda_of(library: ctypes.CDLL | None) -> str:
    number = ctypes.c_int()
    if library is None or library.cuDriverGetVersion(ctypes.byref(number)) != SUCCESS:
        return ""
    return f"{number.value // 1000}.{number.value % 1000 // 10}"


def _by_library() -> Gpu | None:
    """Source: NVIDIA, CUDA Driver API: cuInit, cuDeviceGet, cuDeviceGetName, cuDeviceTotalMem_v2."""
    library = _driver_library()
    device, name, total = ctypes.c_int(), ctypes.create_string_buffer(128), ctypes.c_size_t()
    if (
        library is None
        or library.cuDeviceGet(ctypes.byref(device), 0) != SUCCESS
        or library.cuDeviceGetName(name, len(name), device) != SUCCESS
        or library.cuDeviceTotalMem_v2(ctypes.byref(total), device) != SUCCESS
    ):
        return None
    memory = Memory(total_bytes=total.value, free_bytes=total.value)
    return Gpu(name.value.decode(errors="replace"), memory, "", _cuda_of(library))
