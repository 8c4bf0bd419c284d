"""WAV as it is made: a header before anybody knows how long the sound will be, so that it can be heard at once."""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 44
# What programs write that do not know the end yet (FFmpeg to a pipe), and players take for "until it ends".
_UNKNOWN = 0xFFFFFFFF


class WavStream:
    """One channel of 16-bit samples, written piece by piece; in a file, `close` puts the true length in its header."""

    def __init__(self, sink: BinaryIO, *, sample_rate_hz: int) -> None:
        """Write the header, with an unknown length."""
        self._sink, self._rate_hz = sink, sample_rate_hz
        self.n_samples = 0
        self._sink.write(wav_header(sample_rate_hz))
        self._sink.flush()

    @property
    def duration_s(self) -> float:
        """Seconds of sound so far."""
        return self.n_samples / self._rate_hz

    def write(self, samples: NDArray[np.float32]) -> None:
        """Add a piece, which whoever reads the other end can hear at once.

        samples: float32, shape (n_samples,), full scale 1.0; what exceeds it is clipped.
        """
        self._sink.write(pcm16(samples))
        self._sink.flush()
        self.n_samples += len(samples)

    def close(self) -> None:
        """Write the true length, where the sink is a file and no pipe. The sink stays open."""
        if self._sink.seekable():
            end = self._sink.tell()
            self._sink.seek(0)
            self._sink.write(wav_header(self._rate_hz, self.n_samples))
            self._sink.seek(end)
        self._sink.flush()


def wav_header(sample_rate_hz: int, n_samples: int | None = None) -> bytes:
    """The 44 bytes before 16-bit samples in one channel; without a length where none is known yet.

    Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE).
    """
    size = _UNKNOWN if n_samples is None else 2 * n_samples
    whole = _UNKNOWN if n_samples is None else size + HEADER_BYTES - 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate_hz, 2 * sample_rate_hz, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", whole, b"WAVE") + fmt + struct.pack("<4sI", b"data", size)


def pcm16(samples: NDArray[np.float32]) -> bytes:
    """Samples of full scale 1.0 as 16-bit little-endian; what exceeds full scale is clipped."""
    return bytes(np.clip(np.rint(samples * 32_768.0), -32_768, 32_767).astype("<i2").tobytes())
