"""What a command costs, measured from outside: seconds, CPU and memory of all its processes, stage by stage."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SAMPLED_EVERY_S = 0.1
PEAK = """
from measuring import peak_mb_so_far
print(peak_mb_so_far("self"))
"""
STAGE = re.compile(r"stage\.(started|finished) stage=(\w+)")


@dataclass
class Usage:
    """What something took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    """The largest sum of the memory of its processes; what they share counts once (PSS)."""


@dataclass
class Measured(Usage):
    """What a command took, what each of its stages took, and what it said, with the second at which it said it."""

    stages: dict[str, Usage] = field(default_factory=dict)
    said: list[tuple[float, str]] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How many lines were synthesized."""
        return sum(
            int(found[1]) for _, text in self.said if (found := re.search(r"lines\.spoken.* requests=(\d+)", text))
        )

    @property
    def duration_s(self) -> float:
        """How long the episode is, as the last lines tell."""
        minutes, seconds = next(
            found.groups() for _, text in self.said if (found := re.search(r" \((\d+):(\d\d), ", text))
        )
        return 60.0 * int(minutes) + int(seconds)

    def at(self, text: str) -> float:
        """The second at which it first said this."""
        return next(second for second, line in self.said if text in line)


def measure_python(arguments: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Run `python` with these arguments, to a good end."""
    return measure_command([sys.executable, *arguments], {**environment, "PYTHONUNBUFFERED": "1"})


def measure_command(command: Sequence[str], environment: Mapping[str, str]) -> Measured:
    """Run a command, to a good end."""
    began, measured = time.perf_counter(), Measured()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    over = threading.Event()
    sampler = threading.Thread(target=_sample_memory, args=(process.pid, measured, over))
    sampler.start()
    assert process.stdout is not None
    cpu_s = 0.0
    for line in process.stdout:
        measured.said.append((time.perf_counter() - began, line.rstrip()))
        if stage := STAGE.search(line):
            cpu_s = tree_cpu_s(process.pid)
            _mark(measured, stage[1], stage[2], cpu_s)
    over.set()
    sampler.join()
    _, status, spent = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    measured.wall_s, measured.cpu_s = time.perf_counter() - began, max(cpu_s, spent.ru_utime + spent.ru_stime)
    assert process.returncode == 0, "\n".join(text for _, text in measured.said[-40:])
    return measured


def peak_mb_of(program: str, *arguments: object) -> float:
    """Run a program in a Python of its own, which finds what tests import: the most memory that it held, in MB.

    The kernel's high-water mark of the new process, since `ru_maxrss` begins at what its parent held (getrusage(2)).
    """
    done = subprocess.run(
        [sys.executable, "-c", program + PEAK, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


def peak_mb_so_far(pid: int | str) -> float:
    """The most memory that a process has held, in MB."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024


def tree_cpu_s(pid: int, *, without: int = 0) -> float:
    """CPU seconds that a process and its descendants have used, those that ended and were waited for included."""
    total_s = 0.0
    for one in _tree(pid, without):
        try:
            # Behind the name, which may hold anything: utime, stime, cutime, cstime are the 14th to 17th field.
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total_s += sum(map(int, fields[11:15])) / TICKS_PER_S
    return total_s


def tree_memory_mb(pid: int) -> float:
    """Memory of a process and its descendants; pages that several share are counted once (PSS)."""
    total_kb = 0
    for one in _tree(pid):
        try:
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        total_kb += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total_kb / 1024


def children_of(pid: int) -> list[int]:
    """The processes that a process has started and that still run."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                found.extend(map(int, (thread / "children").read_text().split()))
    return found


def _tree(pid: int, without: int = 0) -> list[int]:
    found = [pid]
    for one in found:  # it grows meanwhile
        found.extend(child for child in children_of(one) if child != without)
    return found


def _sample_memory(pid: int, measured: Measured, over: threading.Event) -> None:
    while not over.wait(SAMPLED_EVERY_S):
        now_mb = tree_memory_mb(pid)
        measured.peak_mb = max(measured.peak_mb, now_mb)
        for usage in list(measured.stages.values()):
            if usage.wall_s < 0:  # it runs
                usage.peak_mb = max(usage.peak_mb, now_mb)


def _mark(measured: Measured, what: str, name: str, cpu_s: float) -> None:
    """A stage that runs holds the moment of its beginning, negative, until it ends."""
    now_s = time.perf_counter()
    if what == "started":
        measured.stages[name] = Usage(wall_s=-now_s, cpu_s=-cpu_s)
    else:
        measured.stages[name].wall_s += now_s
        measured.stages[name].cpu_s += cpu_s


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table for a person to read: numbers to the right, in as many digits as they deserve."""
    cells = [list(head), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in cells
    ]
    return "\n".join(["", title, "-" * len(title), *lines, ""])


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"
