"""Who is how loud: a recording divided into stretches of one voice, by who speaks or else by the level alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audio.energies import ABSOLUTE_GATE_LUFS, HOP_S, RELATIVE_GATE_LU, Energies, integrated_lufs, lufs
from tasks.audio.runs import runs_of
from tasks.schemas import Segment

_SPEECH_WITHIN_LU = 20.0  # of the loudness of all: what is softer is breath, room, or the next room's talk
_ABOVE_ROOM_LU = 6.0
_ROOM_PERCENTILE = 10.0  # nobody speaks more than nine tenths of the time
_LOUDEST_ROOM_LU = 9.0  # below the loudness of all: where nobody pauses, weak syllables are no room
_STEP_COST = 35.0  # square LU times seconds: 6 LU are a step when they last 2 s, 3 LU when they last 8 s
_PHRASE_HOPS = 10  # a phrase longer than half as much again is cut at its weakest place
_SHORTEST_S = 0.4  # a cough, a cup
_SAME_VOICE_LU = 1.8  # by which the stretches of one voice differ; twice that is another voice, or another distance
_REMEMBERED_S = 45.0  # people move, and a recording of hours is not one room
_ROUNDS = 10
_LOOSE_HOPS = 5  # by which the times of a transcript are off

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stretch:
    """Hops `start` up to `end`, in which one voice speaks for `speech_s`, at `level_lufs`; hops are tenths of a second.

    Its level is that of the voice in the minutes around it: a loud sentence of a soft voice is a soft voice's.
    """

    start: int
    end: int
    speech_s: float
    level_lufs: float
    speaker: str = ""

    @property
    def middle_s(self) -> float:
        """The second around which it lies."""
        return (self.start + self.end) / 2 * HOP_S


def find_stretches(energies: Energies, turns: Sequence[Segment] = ()) -> tuple[Stretch, ...]:
    """The stretches of speech, in order and without overlap; none where nobody speaks.

    energies: K-weighted, shape (n_hops,).
    turns: who speaks when, in order; empty where that is not known, and then a lasting step of the level is a turn.
    """
    speech = _speech(energies)
    measured = _of_turns(energies, speech, turns) if turns else _of_levels(energies, speech)
    return tuple(_with_voice_levels(measured))


def _speech(energies: Energies) -> Mask:
    """The hops in which somebody speaks."""
    levels, all_lufs = lufs(energies), integrated_lufs(energies)
    if not np.isfinite(all_lufs):
        return np.zeros(len(energies), bool)
    room_lufs = min(float(np.percentile(levels, _ROOM_PERCENTILE)) + _ABOVE_ROOM_LU, all_lufs - _LOUDEST_ROOM_LU)
    return levels > max(room_lufs, all_lufs - _SPEECH_WITHIN_LU, ABSOLUTE_GATE_LUFS)


def _of_turns(energies: Energies, speech: Mask, turns: Sequence[Segment]) -> list[Stretch]:
    """A stretch for each turn of a speaker; who interrupts within another's turn shares its gain."""
    bounds: list[tuple[int, int, str]] = []
    for turn in turns:
        start, end = (min(round(time_s / HOP_S), len(energies)) for time_s in (turn.start_s, turn.end_s))
        if bounds and turn.speaker == bounds[-1][2]:
            bounds[-1] = (bounds[-1][0], max(end, bounds[-1][1]), turn.speaker)
        elif not bounds or end > bounds[-1][1]:
            if bounds:
                before = bounds[-1]
                start = _weakest(energies, max(before[0] + 1, min(start, before[1]) - _LOOSE_HOPS), start + _LOOSE_HOPS)
                bounds[-1] = (before[0], min(before[1], start), before[2])
            bounds.append((start, end, turn.speaker))
    return [found for start, end, speaker in bounds for found in _measured(energies, speech, start, end, speaker)]


def _of_levels(energies: Energies, speech: Mask) -> list[Stretch]:
    """A stretch wherever the level makes a lasting step."""
    phrases = list(_phrases(energies, speech))
    levels = lufs(np.array([energies[start:end].mean() for start, end in phrases]))
    seconds = np.array([(end - start) * HOP_S for start, end in phrases])
    return [
        found
        for first, last in _steps(levels, seconds)
        for found in _measured(energies, speech, phrases[first][0], phrases[last - 1][1])
    ]


def _measured(energies: Energies, speech: Mask, start: int, end: int, speaker: str = "") -> Iterator[Stretch]:
    """The stretch between these hops, from its first to its last speech; none where there is hardly any."""
    heard = start + np.flatnonzero(speech[start:end])
    if len(heard) * HOP_S < _SHORTEST_S:
        return
    spoken = energies[heard]
    loud = spoken[lufs(spoken) >= lufs(spoken.mean()) - RELATIVE_GATE_LU]
    yield Stretch(int(heard[0]), int(heard[-1]) + 1, len(heard) * HOP_S, float(lufs(loud.mean())), speaker)


def _phrases(energies: Energies, speech: Mask) -> Iterator[tuple[int, int]]:
    """Runs of speech, the long ones cut where they are weakest."""
    for run_start, end in runs_of(speech).tolist():
        start = run_start
        while end - start > 1.5 * _PHRASE_HOPS:
            cut = _weakest(energies, start + _PHRASE_HOPS // 2, start + _PHRASE_HOPS)
            yield start, cut
            start = cut
        yield start, end


def _weakest(energies: Energies, start: int, end: int) -> int:
    """The weakest hop of those from `start` up to `end`."""
    around = energies[start:end]
    return start + int(np.argmin(around)) if around.size else min(start, len(energies))


def _steps(levels: NDArray[np.float64], seconds: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The division into constant levels that is best, when every step costs `_STEP_COST`; first and one past the last.

    Source: R. Killick, P. Fearnhead, I. A. Eckley, "Optimal detection of changepoints with a linear computational cost"
    (JASA 107, 2012).
    """
    total_s, total, squares = (
        np.concatenate([[0.0], np.cumsum(seconds * power)]) for power in (1.0, levels, levels**2)
    )
    best, before = np.full(len(levels) + 1, -_STEP_COST), np.zeros(len(levels) + 1, int)
    starts = np.zeros(1, int)
    for end in range(1, len(levels) + 1):
        duration_s = total_s[end] - total_s[starts]
        costs = best[starts] + squares[end] - squares[starts] - (total[end] - total[starts]) ** 2 / duration_s
        before[end] = starts[np.argmin(costs)]
        best[end] = costs.min() + _STEP_COST
        starts = np.append(starts[costs <= best[end]], end)  # the others can never be best again
    found, end = [], len(levels)
    while end:
        found.append((int(before[end]), end))
        end = int(before[end])
    return found[::-1]


def _with_voice_levels(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Each stretch with the level of its voice: the mean of its like, those far away counting less.

    Its like are those of its speaker, or, where nobody knows the speaker, those of nearly its level (mean shift).
    """
    middles_s = np.array([stretch.middle_s for stretch in stretches])
    levels = np.array([stretch.level_lufs for stretch in stretches])
    speech_s = np.array([stretch.speech_s for stretch in stretches])
    speakers = np.array([stretch.speaker for stretch in stretches])
    for stretch in stretches:
        near = slice(*np.searchsorted(middles_s, stretch.middle_s + np.array([-8, 8]) * _REMEMBERED_S))
        weights = speech_s[near] * np.exp(-np.abs(middles_s[near] - stretch.middle_s) / _REMEMBERED_S)
        weights = weights * (speakers[near] == stretch.speaker)
        level_lufs = stretch.level_lufs
        for _ in range(_ROUNDS):
            distance = 0.0 if stretch.speaker else (levels[near] - level_lufs) / _SAME_VOICE_LU
            likeness = weights * np.exp(-0.5 * np.square(distance))
            level_lufs = float(np.sum(likeness * levels[near]) / np.sum(likeness))
        yield Stretch(stretch.start, stretch.end, stretch.speech_s, level_lufs, stretch.speaker)
