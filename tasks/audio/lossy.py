"""AAC and Opus, encoded by FFmpeg's libraries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags

from tasks.audio.container import EXACT, FAST_START, output
from tasks.audio.pcm import part_of, writing
from tasks.audio.progress import reported
from tasks.audio.samples import Samples
from tasks.errors import EncodingFailed


@dataclass(frozen=True)
class Coder:
    """A codec of FFmpeg's and the container that it is written to; called, it encodes."""

    codec: str
    sample_format: str
    container: str
    options: dict[str, str] = field(default_factory=lambda: EXACT)

    def __call__(self, target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int) -> None:
        """Encode blocks to a file that appears whole or not at all.

        Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull.
        """
        with part_of(target) as part, writing(target):
            n_samples = 0
            with output(part, self.container, self.options) as made:
                for block in reported(blocks, "encoded", sample_rate_hz=sample_rate_hz):
                    layout = "mono" if len(block) == 1 else "stereo"
                    if not n_samples:
                        stream = cast(AudioStream, made.add_stream(self.codec, rate=sample_rate_hz, layout=layout))
                        stream.bit_rate = 1000 * bit_rate_kbps
                        stream.format = av.AudioFormat(self.sample_format)  # libopus would take 16 bits
                        stream.codec_context.flags |= Flags.bitexact
                    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", layout)
                    frame.sample_rate, frame.pts = sample_rate_hz, n_samples
                    n_samples += block.shape[1]
                    made.mux(stream.encode(frame))
                if n_samples:
                    made.mux(stream.encode(None))
            if not n_samples:
                raise EncodingFailed(f"there is no sound to write to {target.name}")


encode_aac = Coder("aac", "fltp", "ipod", FAST_START)
encode_opus = Coder("libopus", "flt", "opus")
