"""What the smoke test runs in its pod: says what machine this is, and takes a second for it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

from prefect import flow, get_run_logger

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - it is looked at, and nothing is written there


@flow(name="runpod-smoke", persist_result=False)
def look_around() -> None:
    """Log the GPU, its driver, the processors and /dev/shm; a machine without a GPU says so."""
    logger = get_run_logger()
    logger.info("GPU: %s", gpu())
    logger.info("Python %s on %s, %s processors", platform.python_version(), platform.platform(), os.cpu_count())
    logger.info("shared memory: %.1f GB", shutil.disk_usage(SHARED_MEMORY).total / 1e9)


def gpu() -> str:
    """Name, driver and memory of each GPU, as NVIDIA's own program has it."""
    asked = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        found = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return f"none to be seen ({type(error).__name__})"
    return "; ".join(found.stdout.split("\n")).strip("; ")
