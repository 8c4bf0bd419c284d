"""Lines on their round trip: which are heard again, what was heard, and which are read another time."""

from __future__ import annotations

from pydantic import Field

from tasks.schemas.frozen import Frozen
from tasks.schemas.synthesis import PlannedLine


class Choice(Frozen):
    """Which lines of a plan are heard again, and why the others are not."""

    lines: tuple[int, ...] = ()
    not_measured: tuple[str, ...] = ()


class Heard(Frozen):
    """What was heard of a clip."""

    key: str = Field(description="The clip's.")
    text: str
    error_rate: float


class Poor(Frozen):
    """A line that was heard badly, and is to be read another time."""

    place: int = Field(description="Which line of the plan.")
    take: int = Field(description="Which time this will be; the first retake is 1.")
    last: tuple[PlannedLine, ...] = Field(description="As it was read the last time.")
    reason: str


class Retake(Frozen):
    """A line of a plan as it is to be read another time."""

    place: int = Field(description="Which line of the plan it stands for.")
    lines: tuple[PlannedLine, ...]


class Retakes(Frozen):
    """The lines that can be read another time, by whom, and why others cannot."""

    takes: tuple[Retake, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict, description="Of the engines that read them, by name.")
    note: str = ""
