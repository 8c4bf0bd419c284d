"""How much memory there is: under cgroup v1 and v2, in containers that see only a root, and without limits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from blocks.memory import host_memory
from tasks.schemas.memory import Memory, MemoryBudget

GIB = 1 << 30


def machine(tmp_path: Path, cgroup: str, files: dict[str, str], *, total_gib: int = 16) -> tuple[Path, Path]:
    """The files of /proc and /sys/fs/cgroup that say how much memory there is."""
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "meminfo").write_text(f"MemTotal: {total_gib * 2**20} kB\nMemAvailable: {8 * 2**20} kB\nHugePages: 0\n")
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
V1_OF_A_SANDBOX = {name: text for name, text in V1.items() if not name.endswith("stat")}
V1_WITHOUT_LIMIT = V1 | {"memory/memory.limit_in_bytes": "9223372036854771712"}


@pytest.mark.parametrize(
    ("cgroup", "files", "total_gib", "free_gib"),
    [
        ("0::/pod/box\n", V2, 4, 2),  # the limit of the folder above binds; page cache can be given back
        ("4:memory:/host/path\n1:name=systemd:/\n", V1, 3, 1.5),  # in a container only the root can be read
        ("4:memory:/\n", V1_OF_A_SANDBOX, 3, 1),
        ("4:memory:/\n0::/\n", V1_WITHOUT_LIMIT, 16, 8),
        ("0::/\n", {}, 16, 8),
    ],
)
def test_host_memory_is_what_the_tightest_limit_leaves(
    tmp_path: Path, cgroup: str, files: dict[str, str], total_gib: int, free_gib: float
):
    memory = host_memory(*machine(tmp_path, cgroup, files))
    assert memory == Memory(total_bytes=total_gib * GIB, free_bytes=round(free_gib * GIB))


def test_host_memory_sees_a_real_limit_and_what_is_taken_under_it():
    group = Path("/sys/fs/cgroup/memory") / f"hladvarp-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(512 << 20))
    except OSError as error:
        pytest.skip(f"no cgroup v1 of our own is to be had here: {error}")
    program = (
        "import os, sys, types; open(sys.argv[1] + '/cgroup.procs', 'w').write(str(os.getpid()))\n"
        # Without Prefect, whose import takes seconds.
        "sys.modules['blocks'] = blocks = types.ModuleType('blocks'); blocks.__path__ = ['blocks']\n"
        "from blocks.memory import host_memory; before = host_memory(); kept = bytearray(os.urandom(1 << 20) * 200)\n"
        "after = host_memory(); print(before.total_bytes, before.free_bytes - after.free_bytes)"
    )
    try:
        said = subprocess.run([sys.executable, "-c", program, group], capture_output=True, text=True, check=True)
    finally:
        group.rmdir()
    total_bytes, grew_bytes = map(int, said.stdout.split())
    assert total_bytes == 512 << 20
    assert grew_bytes == pytest.approx(200 << 20, abs=40 << 20)


def test_a_budget_that_shares_out_more_than_there_is_says_so():
    with pytest.raises(ValidationError, match="the four shares are 110 percent together"):
        MemoryBudget(tts_percent=55)
    with pytest.raises(ValidationError, match="fail_percent 50 is below refuse_percent 92"):
        MemoryBudget(fail_percent=50)
    assert MemoryBudget().share_of(Memory(total_bytes=1000, free_bytes=0), "asr") == 350
