"""The speech chain as data, and any chain of plug-ins run over blocks without seams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from pedalboard import BrickwallLimiter, Compressor, Gain, HighpassFilter
from pedalboard._pedalboard import Pedalboard  # the package exports it without saying so to type checkers

from tasks.audio.pcm import Samples

_FLUSH_S = 0.1  # of silence at a time, to push out what a plug-in with look-ahead still holds


@dataclass(frozen=True)
class SpeechChain:
    """What is done to speech before its loudness is set: rumble out, loud syllables held a little."""

    highpass_hz: float = 75.0
    """Below the lowest male voice's fundamental, above traffic, ventilation and handling."""
    threshold_above_lu: float = 7.0
    """The compressor starts this far above the programme's loudness, so that quiet recordings are treated alike."""
    ratio: float = 2.5
    attack_ms: float = 8.0
    release_ms: float = 150.0

    def board(self, level_lufs: float) -> Pedalboard:
        """The plug-ins, for a programme with `level_lufs` in each of its channels."""
        threshold_db = max(-60.0, level_lufs + self.threshold_above_lu)
        return Pedalboard(
            [
                HighpassFilter(self.highpass_hz),
                Compressor(threshold_db, self.ratio, self.attack_ms, self.release_ms),
            ]
        )


def limiter(gain_db: float, ceiling_dbtp: float) -> Pedalboard:
    """Gain, then a limiter whose output stays below `ceiling_dbtp` between the samples too.

    pedalboard.Limiter is no such thing: it adds make-up gain and clips, and lets 4 dB above full scale through.
    """
    return Pedalboard([Gain(gain_db), BrickwallLimiter(ceiling_db=ceiling_dbtp, true_peak=True)])


def process_blocks(blocks: Iterable[Samples], board: Pedalboard, *, sample_rate_hz: int) -> Iterator[Samples]:
    """The sound through `board`: exactly as many samples as went in, whatever the size of the blocks."""
    board.reset()
    owed = channels = 0
    for block in blocks:
        channels = len(block)
        done = board(block, sample_rate_hz, reset=False)
        owed += block.shape[1] - done.shape[1]
        if done.shape[1]:
            yield done
    flush = np.zeros((channels, round(_FLUSH_S * sample_rate_hz)), np.float32)
    while owed > 0:
        done = board(flush, sample_rate_hz, reset=False)[:, :owed]
        owed -= done.shape[1]
        if done.shape[1]:
            yield done
