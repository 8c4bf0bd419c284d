"""Lines to be spoken, in tasks of a few minutes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import groupby

from flows.dispatch import THREADS
from tasks.schemas import PlannedLine, SynthesisPlan

FEWEST_CHARACTERS = 200  # that are worth a task of their own


def in_batches(plan: SynthesisPlan, characters: int) -> Iterator[tuple[PlannedLine, ...]]:
    """The missing lines in batches of one engine and account, much alike, of about `characters` at the most.

    What is down is a vendor, or somebody's server: lines that another one reads must not fail with theirs. A task
    costs some 20 ms, a line less; but what is long enough for two is spoken by two at once.
    """
    missing = sorted((plan.lines[index] for index in plan.missing), key=_reached)
    for _, group in groupby(missing, key=_reached):
        lines = tuple(group)
        total = sum(len(line.spoken.text) for line in lines)
        size = total / max(math.ceil(total / characters), min(THREADS, math.ceil(total / FEWEST_CHARACTERS)), 1)
        batch: list[PlannedLine] = []
        gathered = 0.0
        for line in lines:
            batch.append(line)
            gathered += len(line.spoken.text)
            if gathered >= size:
                yield tuple(batch)
                batch, gathered = [], gathered - size
        if batch:
            yield tuple(batch)


def _reached(line: PlannedLine) -> tuple[str, str]:
    return line.voice.engine, line.voice.account
