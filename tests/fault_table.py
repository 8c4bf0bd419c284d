"""The table of faults that pytest prints at its end, from whichever process ran the tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

PROPERTY = "fault at RunPod"


@dataclass(frozen=True)
class Row:
    """One fault, what the run's user saw of it, and what it has cost."""

    fault: str
    saw: str
    made: int
    deleted: int
    left: int
    bodies: int

    def record(self, record_property: Any) -> None:
        """Hand the row to whoever prints the table."""
        record_property(PROPERTY, asdict(self))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A row for each fault that was tried, whether or not its test passed."""
    reports = [each for found in ("passed", "failed") for each in terminalreporter.stats.get(found, [])]
    rows = [Row(**value) for each in reports for name, value in each.user_properties if name == PROPERTY]
    if not rows:
        return
    terminalreporter.section("faults at RunPod")
    wide = max(len(row.fault) for row in rows)
    terminalreporter.write_line(f"{'fault':<{wide}}  made  deleted  left  body ran  what the user saw")
    for row in rows:
        saw = row.saw if len(row.saw) <= 110 else f"{row.saw[:109]}…"
        line = f"{row.fault:<{wide}}  {row.made:>4}  {row.deleted:>7}  {row.left:>4}  {row.bodies:>8}  {saw}"
        terminalreporter.write_line(line)
    sums = [sum(getattr(row, name) for row in rows) for name in ("made", "deleted", "left", "bodies")]
    terminalreporter.write_line(f"{'all':<{wide}}  {sums[0]:>4}  {sums[1]:>7}  {sums[2]:>4}  {sums[3]:>8}")
