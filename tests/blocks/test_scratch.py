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


def machine(tmp_path: Path, cgroup: str, files: dict[str, str], *, available_gib: int = 8) -> tuple[Path, Path]:
    """The files of /proc and /sys/fs/cgroup that say how much memory there is."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: 1 kB\nMemAvailable:   {available_gib * 2**20} kB\n")
    (proc / "self/cgroup").write_text(cgroup)
    for name, text in files.items():
        (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
        (cgroups / name).write_text(text)
    return proc, cgroups


V2 = {
    "pod/memory.max": f"{4 * GIB}\n",
    "pod/memory.current": f"{3 * GIB}\n",
    "pod/memory.stat": f"anon 1\ninactive_file {GIB}\n",
    "pod/box/memory.max": "max\n",
    "pod/box/memory.current": "0\n",
    "pod/box/memory.stat": "",
}
V1 = {
    "memory/memory.limit_in_bytes": f"{3 * GIB}",
    "memory/memory.usage_in_bytes": f"{2 * GIB}",
    "memory/memory.stat": f"inactive_file 0\ntotal_inactive_file {GIB // 2}\n",
}


@pytest.mark.parametrize(
    ("cgroup", "files", "room_bytes"),
    [
        ("0::/pod/box\n", V2, 2 * GIB),  # the limit of the folder above binds; page cache can be given back
        ("4:memory:/host/path\n1:name=systemd:/\n", V1, GIB),  # in a container only the root can be read
        ("0::/\n", {}, 8 * GIB),
    ],
)
def test_memory_room_is_what_the_tightest_limit_leaves(
    tmp_path: Path, cgroup: str, files: dict[str, str], room_bytes: int
):
    state = os.statvfs(MEMORY_FOLDER)
    if state.f_bavail * state.f_frsize < room_bytes:
        pytest.skip("/dev/shm is smaller than the limits under test")
    proc, cgroups = machine(tmp_path, cgroup, files)
    assert memory_room_bytes(proc, cgroups) == room_bytes - MEMORY_RESERVE_BYTES


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
