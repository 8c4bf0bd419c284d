"""What a check found, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One check's result: `fail` stops the run, `warn` lets it go on with less."""

    check: str
    verdict: Verdict
    said: str
    """What was found, with its values."""
    advice: str = ""
    """What to do; empty where all is well."""

    @property
    def line(self) -> str:
        """As a line of the log."""
        return f"{self.verdict:4} {self.check}: {self.said}" + (f"; {self.advice}" if self.advice else "")


def table(findings: Iterable[Finding]) -> str:
    """As Markdown, for an artifact."""
    rows = "".join(
        f"| {'**' + each.verdict + '**' if each.verdict != 'ok' else 'ok'} | {each.check} | {_cell(each.said)} "
        f"| {_cell(each.advice)} |\n"
        for each in findings
    )
    return f"| | check | found | what to do |\n|---|---|---|---|\n{rows}"


def _cell(text: str) -> str:
    return text.replace("|", "/").replace("\n", " ")
