"""The chains by name, as data, and any chain of plug-ins run over blocks without seams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pedalboard import BrickwallLimiter, Compressor, Gain, HighpassFilter
from pedalboard._pedalboard import Pedalboard  # the package exports it without saying so to type checkers

from tasks.audio.samples import Samples
from tasks.schemas import Chain as ChainName


@dataclass(frozen=True)
class Hold:
    """A compressor that starts so far above the programme's loudness: quiet recordings are treated alike."""

    above_lu: float
    ratio: float
    attack_ms: float
    release_ms: float


@dataclass(frozen=True)
class Chain:
    """What is done to a programme before its loudness is set."""

    highpass_hz: float
    holds: tuple[Hold, ...] = ()

    def board(self, level_lufs: float) -> Pedalboard:
        """The plug-ins, for a programme with `level_lufs` in each of its channels; without holds, for any."""
        compressors = (
            Compressor(max(-60.0, level_lufs + hold.above_lu), hold.ratio, hold.attack_ms, hold.release_ms)
            for hold in self.holds
        )
        return Pedalboard([HighpassFilter(self.highpass_hz), *compressors])


CHAINS: dict[ChainName, Chain] = {
    # Below 75 Hz lie traffic, ventilation and handling, and no voice; loud syllables are held a little.
    "speech": Chain(75.0, (Hold(7.0, 2.5, 8.0, 150.0),)),
    # Below 20 Hz nothing is heard; whoever mixed the music has set its dynamics.
    "music": Chain(20.0),
    # For cars and kitchens: a slow hand on the level of sentences, then a quick one on syllables.
    "broadcast": Chain(80.0, (Hold(-3.0, 2.0, 60.0, 900.0), Hold(3.0, 4.0, 4.0, 120.0))),
}


def limiter(gain_db: float, ceiling_dbtp: float) -> Pedalboard:
    """Gain, then a limiter whose output stays below `ceiling_dbtp` between the samples too.

    pedalboard.Limiter is no such thing: it adds make-up gain and clips, and lets 4 dB above full scale through.
    """
    return Pedalboard([Gain(gain_db), BrickwallLimiter(ceiling_db=ceiling_dbtp, true_peak=True)])


def process_blocks(blocks: Iterable[Samples], board: Pedalboard, *, sample_rate_hz: int) -> Iterator[Samples]:
    """The sound through `board`: exactly as many samples as went in, whatever the size of the blocks."""
    board.reset()
    taken = given = channels = 0
    # All calls are of one size: pedalboard 0.9.26 forgets filter states and look-ahead when a block is larger than
    # those before it.
    for block, n_samples in _even(blocks, sample_rate_hz):
        channels = len(block)
        taken += n_samples
        done = board(block, sample_rate_hz, reset=False)[:, : taken - given]
        given += done.shape[1]
        if done.shape[1]:
            yield done
    silence = np.zeros((channels, sample_rate_hz), np.float32)
    while given < taken:
        done = board(silence, sample_rate_hz, reset=False)[:, : taken - given]
        given += done.shape[1]
        if done.shape[1]:
            yield done


def _even(blocks: Iterable[Samples], size: int) -> Iterator[tuple[Samples, int]]:
    """The same sound in blocks of `size`, and how much of each is not padding: all but in the last."""
    rest: Samples | None = None
    for block in blocks:
        rest = block if rest is None else np.concatenate([rest, block], axis=1)
        whole = rest.shape[1] // size * size
        for start in range(0, whole, size):
            yield np.ascontiguousarray(rest[:, start : start + size]), size
        rest = rest[:, whole:]
    if rest is not None and rest.shape[1]:
        yield np.pad(rest, ((0, 0), (0, size - rest.shape[1]))), rest.shape[1]
