"""The gold sentences of `tasks/text/gold`: what is written, and every way in which it may be said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "tasks" / "text" / "gold"
LEAST = {"development": 0.99, "held_out": 0.99, "unseen": 0.98, "english": 0.98}
"""The share of each set that is read right, at least: what was reached, so that it can't sink unseen."""


@dataclass(frozen=True)
class Sentence:
    """One written sentence, the class of what is hard in it, and the readings that are right."""

    kind: str
    written: str
    accepted: frozenset[str]

    def is_read_by(self, spoken: str) -> bool:
        """Whether it may be said like this; case and punctuation don't matter."""
        return canonical(spoken) in self.accepted


def sentences(name: str) -> list[Sentence]:
    """A set: `development`, `held_out`, `unseen` or `english`; the head of its file says how it came about."""
    lines = (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    return [_sentence(*line.replace("\\n", "\n").split("\t")) for line in lines if not line.startswith("#")]


def canonical(text: str) -> str:
    """The letters and digits alone: exact but for case and punctuation."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.replace("-\n", "").lower()).split())


def _sentence(kind: str, written: str, *readings: str) -> Sentence:
    accepted = frozenset(canonical(choice) for reading in readings for choice in _choices(reading))
    return Sentence(kind, written, accepted)


def _choices(reading: str) -> list[str]:
    innermost = re.search(r"\{([^{}]*)\}", reading)
    if innermost is None:
        return [reading]
    before, after = reading[: innermost.start()], reading[innermost.end() :]
    return [choice for option in innermost[1].split("|") for choice in _choices(before + option + after)]
