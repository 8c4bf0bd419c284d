"""MP3, as listeners get it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pedalboard.io import AudioFile

from tasks.audio.pcm import part_of, writing
from tasks.audio.progress import reported
from tasks.audio.samples import Samples
from tasks.errors import EncodingFailed


def encode_mp3(target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int) -> None:
    """Encode blocks at a constant bit rate to a file that appears whole or not at all.

    Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull.
    """
    # pedalboard's LAME is three times as fast as the one in PyAV's wheel, which lacks vector instructions.
    with part_of(target) as part, writing(target), part.open("w+b") as raw:
        encoder = None
        try:
            for block in reported(blocks, "encoded", sample_rate_hz=sample_rate_hz):
                if encoder is None:
                    encoder = AudioFile(raw, "w", sample_rate_hz, len(block), quality=bit_rate_kbps, format="mp3")
                encoder.write(block)
        finally:
            if encoder is not None:
                encoder.close()
        if encoder is None:
            raise EncodingFailed(f"there is no sound to write to {target.name}")
