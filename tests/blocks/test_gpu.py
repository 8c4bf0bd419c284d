"""The GPU as its driver describes it: by nvidia-smi, else by the driver's library, else not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gpu_tools import fake_libcuda, fake_smi

from blocks.gpu import Gpu, first_gpu
from tasks.schemas.memory import Memory

MIB = 1 << 20


@pytest.fixture
def path_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def test_nvidia_smi_tells_name_driver_cuda_and_memory(path_first: Path):
    fake_smi(path_first)
    memory = Memory(total_bytes=46_068 * MIB, free_bytes=45_000 * MIB)
    assert first_gpu() == Gpu("NVIDIA L40", memory, "550.90.07", "12.4")


@pytest.mark.parametrize(
    "says",
    [
        "exit 9",  # the driver does not answer
        "echo 'No devices were found'",
        "echo 'NVIDIA-SMI has failed because it could not communicate with the driver'; exit 0",
        "printf '\\377\\376'",
        "echo 'NVIDIA A100, 550.90.07, [N/A], [N/A]'",
    ],
)
def test_what_is_no_answer_counts_as_no_gpu(path_first: Path, says: str):
    (path_first / "nvidia-smi").write_text(f"#!/bin/sh\n{says}\n")
    (path_first / "nvidia-smi").chmod(0o755)
    assert first_gpu() is None


def test_without_nvidia_smi_the_drivers_library_is_asked(tmp_path: Path):
    # In a process of its own: the loader reads its variable at the start. Without Prefect, which takes seconds.
    program = (
        "import sys, types; sys.modules['blocks'] = blocks = types.ModuleType('blocks'); blocks.__path__ = ['blocks']\n"
        "from blocks.gpu import first_gpu; print(first_gpu())"
    )
    env = os.environ | {"LD_LIBRARY_PATH": str(fake_libcuda(tmp_path)), "PATH": "/nowhere"}
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env).stdout
    assert "name='NVIDIA L40S'" in said
    assert f"total_bytes={46_068 * MIB}" in said
    assert "cuda='12.6'" in said
