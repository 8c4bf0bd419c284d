"""FFmpeg's own noise reduction, through PyAV: light, without a model, and weaker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph

from tasks.audio.pcm import PROGRAMME_RATE_HZ
from tasks.audio.samples import Samples
from tasks.errors import EngineFailed

_MOST_DB = 97.0  # that the filter takes
_LOWEST_DBFS, _HIGHEST_DBFS = -80.0, -20.0  # of the noise that it can be told of
_SIZE = 4_800
_LATE = 1_200  # samples by which the filter's output follows its input at 48 kHz (measured)


class Afftdn:
    """See `Denoiser`. A spectral subtraction, told how loud the noise is.

    Where it is to find that out itself (tn=1) it took nothing from most mixes, so told it gains 1 to 2 dB (measured
    as SI-SDR), most with the noise profile that FFmpeg calls vinyl, which falls with frequency as a room's does.

    Source: https://ffmpeg.org/ffmpeg-filters.html#afftdn
    """

    def __init__(self, *, channels: int, strength_db: float) -> None:
        self.version = f"afftdn of FFmpeg {av.ffmpeg_version_info}"
        self._layout = "mono" if channels == 1 else f"{channels}c"
        self._channels = channels
        self._options = f"nr={min(strength_db, _MOST_DB):.2f}:nt=v"

    def clean(self, blocks: Iterable[Samples], *, noise_dbfs: float) -> Iterator[Samples]:
        """The same sound with less noise; see `Denoiser`.

        Raises: EngineFailed.
        """
        graph, taken, position = self._graph(noise_dbfs), 0, -_LATE
        try:
            for block in self._with_tail(blocks):
                for start in range(0, block.shape[1], _SIZE):
                    graph.push(self._frame(block[:, start : start + _SIZE], taken))
                    taken += min(_SIZE, block.shape[1] - start)
                    for ready in _pull(graph):
                        yield ready[:, max(0, -position) :]
                        position += ready.shape[1]
            graph.push(None)
            for ready in _pull(graph):
                yield ready[:, max(0, -position) : max(0, taken - _LATE - position)]
                position += ready.shape[1]
        except av.FFmpegError as error:
            raise EngineFailed(f"FFmpeg's afftdn broke after {taken / PROGRAMME_RATE_HZ:.1f} s: {error}") from error

    def close(self) -> None:
        """Nothing is held."""

    def _with_tail(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        yield from blocks
        yield np.zeros((self._channels, _LATE), np.float32)

    def _graph(self, noise_dbfs: float) -> Graph:
        floor_dbfs = min(max(noise_dbfs, _LOWEST_DBFS), _HIGHEST_DBFS)
        graph = Graph()
        source = graph.add_abuffer(format="fltp", sample_rate=PROGRAMME_RATE_HZ, layout=self._layout)
        denoise, sink = graph.add("afftdn", f"{self._options}:nf={floor_dbfs:.1f}"), graph.add("abuffersink")
        source.link_to(denoise)
        denoise.link_to(sink)
        graph.configure()
        return graph

    def _frame(self, samples: Samples, position: int) -> AudioFrame:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate, frame.pts = PROGRAMME_RATE_HZ, position
        return frame


def _pull(graph: Graph) -> Iterator[Samples]:
    while True:
        try:
            yield np.asarray(graph.pull().to_ndarray(), np.float32)
        except (BlockingIOError, EOFError):
            return
