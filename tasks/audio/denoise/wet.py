"""What an engine makes of the noisy stretches of a recording, kept in a scratch file, and mixed with the original."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.audio.denoise.verdict import Cells
from tasks.audio.music import CELL_S
from tasks.audio.pcm import PROGRAMME_RATE_HZ, info, read_blocks, read_span, writing
from tasks.audio.samples import Samples

_CELL = round(CELL_S * PROGRAMME_RATE_HZ)
_BLOCK_CELLS = 5
_BEFORE_S, _AFTER_S = 2.0, 0.5  # an engine hears around what it cleans, so that it has settled
_FADE = PROGRAMME_RATE_HZ // 4


class Wet:
    """Cleaned stretches at their own places in a file of raw float32, which has holes where nothing was cleaned."""

    def __init__(self, path: Path, channels: int) -> None:
        self._path = path
        self.channels = channels

    def write(self, first_cell: int, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Keep the blocks from this cell on, and pass them on.

        Raises: StorageFull.
        """
        with writing(self._path), self._path.open("r+b" if self._path.exists() else "w+b") as file:
            file.seek(4 * self.channels * first_cell * _CELL)
            for block in blocks:
                np.ascontiguousarray(block.T).tofile(file)
                yield block

    def read(self, position: int, n_samples: int) -> Samples:
        """As many samples from `position` on; what was never written is silent."""
        with self._path.open("rb") as file:
            file.seek(4 * self.channels * position)
            flat = np.fromfile(file, np.float32, n_samples * self.channels)
        samples = flat.reshape(-1, self.channels).T
        return np.pad(samples, ((0, 0), (0, n_samples - samples.shape[1])))

    def remove(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)


def around(source: Path, first: int, end: int) -> tuple[Iterator[Samples], int, int]:
    """A stretch of cells with some sound on both sides; how much of it comes before, and how long the stretch is."""
    sound = info(source)
    start_s, end_s = first * CELL_S, min(end * CELL_S, sound.duration_s)
    from_s, to_s = max(0.0, start_s - _BEFORE_S), min(sound.duration_s, end_s + _AFTER_S)
    step_s = CELL_S * _BLOCK_CELLS
    blocks = (read_span(source, at_s, min(at_s + step_s, to_s)) for at_s in np.arange(from_s, to_s, step_s))
    return blocks, round((start_s - from_s) * PROGRAMME_RATE_HZ), round((end_s - start_s) * PROGRAMME_RATE_HZ)


def within(blocks: Iterable[Samples], edge: int, n_samples: int) -> Iterator[Samples]:
    """So many samples, those before `edge` left out; all blocks are taken, so that their maker can end its work."""
    position = -edge
    for block in blocks:
        inside = block[:, max(0, -position) : max(0, n_samples - position)]
        position += block.shape[1]
        if inside.shape[1]:
            yield inside


def mixed(source: Path, wet: Wet, cleaned: Cells) -> Iterator[Samples]:
    """The source with its cleaned cells in place, cross-faded inside them; all others keep their samples."""
    for number, block in enumerate(read_blocks(source, block_s=CELL_S * _BLOCK_CELLS)):
        first, n_samples = number * _BLOCK_CELLS, block.shape[1]
        cells = range(first, min(first + _BLOCK_CELLS, len(cleaned)))
        if any(cleaned[cell] for cell in cells):
            share = np.concatenate([_share(cleaned, cell) for cell in cells])[:n_samples]
            block = block + share * (wet.read(first * _CELL, n_samples) - block)
        yield block


def _share(cleaned: Cells, cell: int) -> NDArray[np.float32]:
    """How much of a cell is heard cleaned, 0 to 1: it fades in and out beside a cell that was left alone."""
    share = np.full(_CELL, cleaned[cell], np.float32)
    if cleaned[cell] and cell > 0 and not cleaned[cell - 1]:
        share[:_FADE] = np.linspace(0, 1, _FADE)
    if cleaned[cell] and cell + 1 < len(cleaned) and not cleaned[cell + 1]:
        share[-_FADE:] = np.linspace(1, 0, _FADE)
    return share
