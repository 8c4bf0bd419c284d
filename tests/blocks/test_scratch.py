"""Scratch folders, and how much memory they may take."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.scratch import MEMORY_FOLDER, MEMORY_RESERVE_BYTES, memory_room_bytes, remove_stale_scratch, scratch_folder
from tasks.errors import StorageMissing

GIB = 1 << 30


def test_memory_room_leaves_a_reserve_under_the_tightest_limit(tmp_path: Path):
    state = os.statvfs(MEMORY_FOLDER)
    if state.f_bavail * state.f_frsize < 2 * GIB:
        pytest.skip("/dev/shm is smaller than the limit under test")
    (tmp_path / "self").mkdir()
    (tmp_path / "meminfo").write_text(f"MemTotal: {4 * 2**20} kB\nMemAvailable: {3 * 2**20} kB\n")
    (tmp_path / "self/cgroup").write_text("0::/\n")
    (tmp_path / "memory.max").write_text(f"{2 * GIB}\n")
    (tmp_path / "memory.current").write_text(f"{GIB}\n")
    (tmp_path / "memory.stat").write_text("inactive_file 0\n")
    assert memory_room_bytes(tmp_path, tmp_path) == GIB - MEMORY_RESERVE_BYTES


def test_scratch_lies_in_memory_only_where_it_fits(tmp_path: Path):
    if memory_room_bytes() < 1000:
        pytest.skip("no room in /dev/shm")
    with scratch_folder(directory=tmp_path, in_memory=True, bytes_needed=1000) as folder:
        assert folder.parent == MEMORY_FOLDER
    with scratch_folder(directory=tmp_path, in_memory=True, bytes_needed=1 << 60) as folder:
        assert folder.parent == tmp_path
    with scratch_folder(directory=tmp_path) as folder:
        assert folder.parent == tmp_path


def test_scratch_is_gone_afterwards_also_when_work_fails(tmp_path: Path):
    def work() -> None:
        with scratch_folder(directory=tmp_path) as folder:
            (folder / "half.flac").write_bytes(b"x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert list(tmp_path.iterdir()) == []


def test_scratch_says_when_its_place_cannot_be_made(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageMissing), scratch_folder(directory=tmp_path / "file"):
        pass


def test_remove_stale_scratch_takes_that_of_a_killed_process_and_leaves_the_living(tmp_path: Path):
    program = (
        "import sys, time; from pathlib import Path; from blocks.scratch import scratch_folder\n"
        "with scratch_folder(directory=Path(sys.argv[1])) as folder:\n"
        "    (folder / 'half.flac').write_bytes(b'x'); print(folder, flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    theirs = Path(process.stdout.readline().strip())
    with scratch_folder(directory=tmp_path) as ours:
        remove_stale_scratch(tmp_path)
        assert theirs.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert remove_stale_scratch(tmp_path) >= 1
        assert ours.exists()
        assert not theirs.exists()
