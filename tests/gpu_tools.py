"""A driver's tools as a test wants them: an executable `nvidia-smi`, and a library `libcuda.so.1`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SMI = """#!/bin/sh
case "$*" in
*query-gpu*) echo "{name}, {driver}, {total_mib}, {free_mib}" ;;
*) echo "| NVIDIA-SMI {driver}   Driver Version: {driver}   CUDA Version: {cuda}     |" ;;
esac
"""
LIBRARY = """
#include <string.h>
int cuInit(unsigned flags) {{ return 0; }}
int cuDriverGetVersion(int *version) {{ *version = {version}; return 0; }}
int cuDeviceGet(int *device, int ordinal) {{ *device = ordinal; return 0; }}
int cuDeviceGetName(char *name, int size, int device) {{ strncpy(name, "{name}", size); return 0; }}
int cuDeviceTotalMem_v2(unsigned long *bytes, int device) {{ *bytes = {total_mib}UL << 20; return 0; }}
"""


def fake_smi(
    folder: Path,
    *,
    name: str = "NVIDIA L40",
    driver: str = "550.90.07",
    cuda: str = "12.4",
    total_mib: int = 46_068,
    free_mib: int = 45_000,
) -> Path:
    """Write an `nvidia-smi` into a folder, which then belongs at the front of PATH."""
    path = folder / "nvidia-smi"
    path.write_text(SMI.format(name=name, driver=driver, cuda=cuda, total_mib=total_mib, free_mib=free_mib))
    path.chmod(0o755)
    return folder


def fake_libcuda(folder: Path, *, version: int = 12_060, total_mib: int = 46_068) -> Path:
    """Compile a `libcuda.so.1` into a folder, which then belongs into LD_LIBRARY_PATH."""
    source = folder / "cuda.c"
    source.write_text(LIBRARY.format(version=version, total_mib=total_mib, name="NVIDIA L40S"))
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "libcuda.so.1", source], check=True)
    except FileNotFoundError:
        pytest.skip("no C compiler, which makes the stand-in of the driver's library")
    return folder
