"""The voices of a recording brought to one loudness: a gain for every turn, moved in the pauses between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from tasks.audio.energies import Energies, EnergyMeter, integrated_lufs
from tasks.audio.levelling import VOICE_LUFS
from tasks.audio.progress import reported
from tasks.audio.samples import Samples
from tasks.audio.stretches import Stretch

log = structlog.get_logger(__name__)

_MOST_DB = 12.0  # between a voice and all: beyond it the room would be heard more than the voice
_MOST_RAISED_DB = 24.0  # all of it: what is softer is no speech that was meant to be recorded

Gains = NDArray[np.float64]
"""Decibels at the middle of each hop: float64, shape (n_hops,)."""


@dataclass(frozen=True)
class Heard:
    """What the first pass keeps of a recording: for every tenth of a second its energy and its highest sample."""

    energies: Energies
    peaks: NDArray[np.float64]
    hop: int


def listen(blocks: Iterable[Samples], *, sample_rate_hz: int, channels: int) -> Heard:
    """Take the measure of a recording.

    blocks: of any size, all of `channels` channels.
    """
    meter = EnergyMeter(sample_rate_hz, channels)
    peaks: list[NDArray[np.float64]] = []
    rest = np.zeros(0)
    for block in reported(blocks, "levels measured", sample_rate_hz=sample_rate_hz):
        meter.push(block)
        highest = np.concatenate([rest, np.abs(block).max(axis=0)])
        whole = len(highest) // meter.hop * meter.hop
        peaks.append(highest[:whole].reshape(-1, meter.hop).max(axis=1))
        rest = highest[whole:]
    return Heard(meter.result(), np.concatenate([*peaks, rest.max(keepdims=True, initial=0.0)]), meter.hop)


def gain_curve(heard: Heard, stretches: Sequence[Stretch], *, strength: float) -> Gains:
    """The gain of every hop, also of a last one that is not whole: level within a stretch, straight lines between them.

    strength: 0 leaves all as it is; 1 makes all voices alike; 0.7 leaves a tenth of every difference.
    All voices meet at `VOICE_LUFS`, where cast voices meet too; what `leaves_scale` then is the caller's to limit.
    """
    hops = np.arange(len(heard.peaks))
    if not stretches or not strength:
        return np.zeros(len(hops))
    # What lies between voices is of no use to a listener: the last tenth of it goes only when all is to be alike.
    share = 1 - (1 - strength) ** 2
    levels_lufs = np.array([stretch.level_lufs for stretch in stretches])
    usual_lufs = np.average(levels_lufs, weights=[stretch.speech_s for stretch in stretches])
    own_db = np.clip(share * (usual_lufs - levels_lufs), -_MOST_DB, _MOST_DB)
    edges = [hop for stretch in stretches for hop in (stretch.start, stretch.end - 1)]
    gains_db = np.interp(hops, edges, np.repeat(own_db, 2))
    return np.asarray(gains_db + _common_db(heard, gains_db))


def apply_gains(blocks: Iterable[Samples], gains_db: Gains, *, hop: int) -> Iterator[Samples]:
    """The same sound under a curve of gains, with no step from sample to sample; blocks of any size.

    hop: samples between two gains.
    """
    middles = (np.arange(len(gains_db)) + 0.5) * hop
    factors = 10 ** (gains_db / 20)
    position = 0
    for block in blocks:
        places = np.arange(position, position + block.shape[1])
        position += block.shape[1]
        yield block * np.interp(places, middles, factors).astype(np.float32)


def leaves_scale(heard: Heard, gains_db: Gains, *, ceiling_dbfs: float) -> bool:
    """Whether a sample would rise above `ceiling_dbfs` under these gains."""
    # A hop's samples lie under its own gain and those of its neighbours.
    around = np.pad(gains_db, 1, mode="edge")
    highest_db = np.max([around[:-2], around[1:-1], around[2:]], axis=0)
    return bool(np.any(heard.peaks * 10 ** (highest_db / 20) > 10 ** (ceiling_dbfs / 20)))


def _common_db(heard: Heard, gains_db: Gains) -> float:
    """The gain of all of it, that brings what `gains_db` makes of it to `VOICE_LUFS`."""
    made_lufs = integrated_lufs(heard.energies * 10 ** (gains_db[: len(heard.energies)] / 10))
    return min(VOICE_LUFS - made_lufs, _MOST_RAISED_DB)
