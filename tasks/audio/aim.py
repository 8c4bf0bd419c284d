"""What to aim at, so that a limited and encoded file measures what it should."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_MARGIN_DB = 0.2
_LEAST_SLOPE = 0.2  # a limiter that gives back less is at its end, and a guess beyond it is wild


@dataclass(frozen=True)
class Goal:
    """What a file is to measure when it is decoded."""

    level_lufs: float
    true_peak_dbtp: float


@dataclass(frozen=True)
class Aim:
    """A gain, and the ceiling of the limiter behind it, in front of the encoder."""

    gain_db: float
    ceiling_dbtp: float
    slope: float = 1.0
    """By how much a decibel more of gain makes it louder here, as far as is known: the limiter keeps the rest."""


@dataclass(frozen=True)
class Hit:
    """What was aimed at, and what was measured then."""

    aim: Aim
    level_lufs: float
    true_peak_dbtp: float


def next_aim(hits: Sequence[Hit], goal: Goal) -> Aim:
    """What the hits suggest: the ceiling lower by what exceeded the peak, and the gain that reaches the level there.

    Gain and ceiling raised together raise everything by as much. So the level above the ceiling depends on one number,
    how far the gain drives the sound into the ceiling; it rises with it, one for one at first, then less.
    """
    excess_db = hits[-1].true_peak_dbtp - goal.true_peak_dbtp
    ceiling_dbtp = hits[-1].aim.ceiling_dbtp - (excess_db + _MARGIN_DB if excess_db > 0 else 0.0)
    wanted = goal.level_lufs - ceiling_dbtp
    seen = sorted((hit.aim.gain_db - hit.aim.ceiling_dbtp, hit.level_lufs - hit.aim.ceiling_dbtp) for hit in hits)
    below, above = [each for each in seen if each[1] <= wanted], [each for each in seen if each[1] > wanted]
    nearest = [below[-1], above[0]] if below and above else (below[-2:] or above[:2])
    slope = _slope(nearest, known=hits[-1].aim.slope)
    drive, level = min(nearest, key=lambda each: abs(each[1] - wanted))
    return Aim(ceiling_dbtp + drive + (wanted - level) / slope, ceiling_dbtp, slope)


def _slope(points: Sequence[tuple[float, float]], known: float) -> float:
    """Between two points; as known already where there is but one, or both are the same."""
    (drive, level), (further, louder) = points[0], points[-1]
    if further - drive < 0.05:
        return known
    return min(1.0, max(_LEAST_SLOPE, (louder - level) / (further - drive)))
