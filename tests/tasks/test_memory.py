"""The settings' budget reaches the models of a process, and work is refused where the host has too little left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from gpu_tools import fake_smi

from blocks.settings import load_settings
from tasks.errors import InvalidSettings, MemoryShort
from tasks.memory import memory_of, require_memory


@pytest.fixture
def settings(monkeypatch):
    """A function: settings as variables give them."""

    def use(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"HLADVARP_MEMORY__{name}", value)
        load_settings.cache_clear()

    yield use
    monkeypatch.undo()
    load_settings.cache_clear()
    require_memory()


def test_work_is_refused_above_the_settings_percent_and_goes_on_a_little_longer(settings):
    settings(REFUSE_PERCENT="0.001", FAIL_PERCENT="99.9")
    with pytest.raises(MemoryShort, match="run less at once, or give it more memory"):
        require_memory()
    require_memory(begun=True)


def test_shares_that_are_more_than_all_are_refused_with_their_names(settings):
    settings(TTS_PERCENT="60")
    with pytest.raises(InvalidSettings, match=r"memory: .*the four shares are 115 percent"):
        load_settings()


def test_a_gpu_has_the_memory_that_its_driver_says(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PATH", f"{fake_smi(tmp_path, total_mib=1000, free_mib=400)}:{os.environ['PATH']}")
    memory = memory_of("cuda")
    assert memory
    assert memory.used_percent == pytest.approx(60.0)
    assert (memory_of("cpu") or memory).total_bytes > memory.total_bytes


EATS = """
import os, sys
open(sys.argv[1] + "/cgroup.procs", "w").write(str(os.getpid()))
from tasks.errors import MemoryShort
from tasks.memory import require_memory
eaten = []
try:
    while True:
        if sys.argv[2] == "guarded":
            require_memory(begun=True)
        eaten.append(bytearray(os.urandom(1 << 20) * 8))
except MemoryShort as error:
    print(error)
"""


@pytest.mark.slow
def test_work_ends_with_a_sentence_where_the_kernel_would_have_killed_it():
    group = Path("/sys/fs/cgroup/memory") / f"hladvarp-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(600 << 20))
    except OSError as error:
        pytest.skip(f"no cgroup v1 of our own is to be had here: {error}")

    def eat(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", EATS, str(group), how]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    try:
        unguarded, guarded = eat("unguarded"), eat("guarded")
    finally:
        group.rmdir()
    assert unguarded.returncode == -signal.SIGKILL
    assert guarded.returncode == 0, guarded.stderr
    assert "% of this machine's 0.6 GB are in use" in guarded.stdout
