"""A stage's work, shared by several runs on a pool: who does which part, and who did it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from pydantic import Field

from tasks.schemas.frozen import Frozen

T = TypeVar("T")


class Share(Frozen):
    """One run's part of a stage. The first run leads: it has the last word, and does what its helpers could not."""

    number: int = Field(default=1, ge=1, description="1 is the leader's.")
    of: int = Field(default=1, ge=1)
    helpers: tuple[UUID, ...] = Field(default=(), description="The leader's: the flow runs that do the other parts.")

    def part_of(self, sized: Iterable[tuple[T, float]]) -> tuple[T, ...]:
        """Of items with their sizes, the stretch that is this share's.

        Every item is in one share and no other, whatever is done already, so that no two runs do the same.
        """
        items = list(sized)
        total = sum(size for _, size in items) or 1.0
        mine, before = [], 0.0
        for item, size in items:
            if min(self.of, int((before + size / 2) / total * self.of) + 1) == self.number:
                mine.append(item)
            before += size
        return tuple(mine)


WHOLE = Share()


class Work(Frozen):
    """What a helper did."""

    made: int = Field(description="Clips or chunks that it made; what was stored already does not count.")
    asked: tuple[UUID, ...] = Field(default=(), description="Its tasks that asked an engine.")


class PodEntry(Frozen):
    """A run on a pool that had a part in a stage."""

    pool: str
    run: str = Field(description="Prefect's id of the flow run.")
    pod: str = Field(default="", description="The machine's id, where the pool gives one.")
    made: int = Field(description="Clips or chunks that it made; what was stored already does not count.")
    elapsed_s: float = Field(description="From the first second of work to the last.")
