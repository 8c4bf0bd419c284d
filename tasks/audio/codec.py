"""Sound files: every way in and out, in one place."""

from tasks.audio.decode import Decoded, decode_to_flac
from tasks.audio.pcm import (
    SoundInfo,
    duration_s,
    info,
    read_blocks,
    read_span,
    resample_blocks,
    to_asr_flac,
    write_flac,
)

__all__ = [
    "Decoded",
    "SoundInfo",
    "decode_to_flac",
    "duration_s",
    "info",
    "read_blocks",
    "read_span",
    "resample_blocks",
    "to_asr_flac",
    "write_flac",
]
