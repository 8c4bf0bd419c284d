"""FFmpeg's frames, of whatever kind, become the house's samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from tasks.audio.pcm import PROGRAMME_RATE_HZ
from tasks.audio.samples import Samples


class FrameConverter:
    """Brings frames of any kind, also one that changes on the way, to 48 kHz and the same channels."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._kind: tuple[int, str, str] | None = None
        self._resampler: AudioResampler | None = None

    def convert(self, frame: AudioFrame) -> Iterator[Samples]:
        """The samples that are ready."""
        kind = (frame.sample_rate, frame.layout.name, frame.format.name)
        if kind != self._kind:
            yield from self.flush()
            # Channels without a place are separate microphones, and all are heard: FFmpeg would guess 7.1 and drop
            # the fourth.
            layout = None if frame.layout.name.endswith("channels") else ("mono" if self._channels == 1 else "stereo")
            self._kind = kind
            self._resampler = AudioResampler("flt", layout, PROGRAMME_RATE_HZ, frame_size=PROGRAMME_RATE_HZ)
        if self._resampler is not None:
            yield from (self._to_channels(ready) for ready in self._resampler.resample(frame))

    def flush(self) -> Iterator[Samples]:
        """What the resampler still holds."""
        if self._resampler is not None:
            yield from (self._to_channels(ready) for ready in self._resampler.resample(None))
            self._resampler = None

    def _to_channels(self, frame: AudioFrame) -> Samples:
        # Interleaved, since PyAV 18.1 reads past the end of planar frames of eight channels and more.
        interleaved = np.asarray(frame.to_ndarray(), np.float32)
        samples: Samples = np.ascontiguousarray(interleaved.reshape(frame.samples, -1).T)
        if len(samples) != self._channels:
            samples = np.repeat(samples.mean(axis=0, keepdims=True), self._channels, axis=0)
        return samples
