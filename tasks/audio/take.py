"""One take of the master: limited, encoded, decoded again and measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from tasks.audio.ahead import read_ahead
from tasks.audio.aim import Aim, Hit
from tasks.audio.dynamics import limiter, process_blocks
from tasks.audio.formats import ENCODINGS, decoded_blocks
from tasks.audio.loudness import Meter
from tasks.audio.pcm import BLOCK_S, PROGRAMME_RATE_HZ, writing
from tasks.audio.progress import reported
from tasks.audio.samples import Samples
from tasks.schemas import Loudness, Pressing

_GATING_BLOCK_S = 0.4  # below it there is no integrated loudness (BS.1770), and the momentary one stands in
_BLOCK = round(BLOCK_S * PROGRAMME_RATE_HZ)


@dataclass(frozen=True)
class Reading:
    """What a meter says of a whole programme."""

    loudness: Loudness
    duration_s: float
    channels: int

    @property
    def level_lufs(self) -> float:
        """The loudness that a gain aims at."""
        is_short = self.duration_s < _GATING_BLOCK_S
        return self.loudness.momentary_max_lufs if is_short else self.loudness.integrated_lufs


@dataclass(frozen=True)
class Take:
    """What was aimed at, and what the file measures after decoding."""

    aim: Aim
    reading: Reading

    @property
    def hit(self) -> Hit:
        """The take, as the next one learns from it."""
        return Hit(self.aim, self.reading.level_lufs, self.reading.loudness.true_peak_dbtp)


class Chained:
    """A programme in a scratch file of raw float32, since neither gain nor limiter may meet a rounded sample."""

    def __init__(self, path: Path, channels: int) -> None:
        self._path = path
        self._channels = channels

    def write(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Keep the blocks, and pass them on.

        Raises: StorageFull.
        """
        with self._path.open("wb") as file:
            for block in blocks:
                with writing(self._path):
                    np.ascontiguousarray(block.T).tofile(file)
                yield block

    def read(self) -> Iterator[Samples]:
        """The kept sound in blocks of ten seconds."""
        with self._path.open("rb") as file:
            while (block := self._block(file, _BLOCK)).size:
                yield block

    def excerpt(self, duration_s: float, n_pieces: int) -> Iterator[Samples]:
        """Pieces of a second from all over a programme of this length, evenly spaced."""
        last = round(duration_s * PROGRAMME_RATE_HZ) - PROGRAMME_RATE_HZ
        with self._path.open("rb") as file:
            for start in np.linspace(0, last, n_pieces):
                file.seek(4 * self._channels * int(start))
                yield self._block(file, PROGRAMME_RATE_HZ)

    def _block(self, file: BinaryIO, n_samples: int) -> Samples:
        flat = np.fromfile(file, np.float32, n_samples * self._channels)
        return np.ascontiguousarray(flat.reshape(-1, self._channels).T)


def read_meter(blocks: Iterable[Samples], *, channels: int) -> Reading:
    """Loudness and length of blocks at 48 kHz."""
    meter, n_samples = Meter(PROGRAMME_RATE_HZ, channels), 0
    for block in reported(blocks, "measured", sample_rate_hz=PROGRAMME_RATE_HZ):
        meter.push(block)
        n_samples += block.shape[1]
    return Reading(meter.result(), n_samples / PROGRAMME_RATE_HZ, channels)


def make_take(blocks: Iterable[Samples], target: Path, pressing: Pressing, *, aim: Aim) -> Take:
    """Limit, encode, decode and measure blocks of one channel, or of as many as `pressing` says.

    Raises: EncodingFailed, StorageFull.
    """
    board = limiter(aim.gain_db, aim.ceiling_dbtp)
    limited = read_ahead(process_blocks(blocks, board, sample_rate_hz=PROGRAMME_RATE_HZ))
    spread = (np.repeat(block, pressing.channels // len(block), axis=0) for block in limited)
    encode = ENCODINGS[pressing.format].encode
    encode(target, spread, sample_rate_hz=PROGRAMME_RATE_HZ, bit_rate_kbps=pressing.bit_rate_kbps)
    return Take(aim, read_meter(read_ahead(decoded_blocks(target, pressing.format)), channels=pressing.channels))
