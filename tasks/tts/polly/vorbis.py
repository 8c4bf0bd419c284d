"""Ogg Vorbis, decoded while it is still coming."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from tasks.errors import AnswerUnfinished

if TYPE_CHECKING:
    from numpy.typing import NDArray


def vorbis_pieces(chunks: Iterable[bytes], *, asked: str, sample_rate_hz: int) -> Iterator[NDArray[np.float32]]:
    """The sound in `chunks` as one channel, each piece float32 of shape (n_samples,), full scale 1.0.

    asked: who was asked for what, for the message.
    Raises: AnswerUnfinished when it is no Ogg, or of another rate; what reading the chunks raises.
    """
    try:
        with av.open(_File(chunks), "r", format="ogg") as container:
            for frame in container.decode(audio=0):
                if frame.sample_rate != sample_rate_hz:
                    raise AnswerUnfinished(f"{asked}: {frame.sample_rate} Hz came, not {sample_rate_hz}; try again")
                yield frame.to_ndarray().reshape(-1, frame.samples).mean(axis=0, dtype=np.float32)
    except (av.FFmpegError, IndexError) as error:
        raise AnswerUnfinished(f"{asked}: what came is no sound in Ogg ({error}); try again") from error


class _File(io.RawIOBase):
    """What PyAV reads from: an answer that is still coming."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._chunks, b"")
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
