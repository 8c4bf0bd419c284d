"""The formats that a master comes in, one row each: how it is encoded, aimed at, decoded again and labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import av

from tasks.audio.container import opened
from tasks.audio.frames import FrameConverter
from tasks.audio.id3 import tag_mp3
from tasks.audio.lossy import encode_aac, encode_opus
from tasks.audio.m4a import tag_m4a
from tasks.audio.mp3 import encode_mp3
from tasks.audio.pcm import write_flac
from tasks.audio.riff import encode_wav, tag_wav
from tasks.audio.samples import Samples
from tasks.audio.tags import Labels
from tasks.audio.vorbis_comment import tag_flac, tag_opus
from tasks.errors import EncodingFailed
from tasks.schemas import AudioFormat


class Encode(Protocol):
    """Encode blocks to a file that appears whole or not at all; a bit rate means nothing where nothing is lost."""

    def __call__(self, target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int) -> None:
        """Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull."""
        ...


@dataclass(frozen=True)
class Encoding:
    """One format."""

    content_type: str
    """Source: RFC 3003 (mp3), RFC 4337 (m4a), RFC 9639 (flac); Podcasting 2.0, alternateEnclosure (opus)."""
    demuxer: str
    """FFmpeg's name of the container."""
    encode: Encode
    tag: Callable[[Path, Path, Labels], None]
    headroom_db: float
    """By how much the first ceiling lies below the peak that is asked for: what the codec adds to most sound."""
    loss_lu: float = 0.0
    """By how much the codec lowers what it encodes."""
    codecs: str = ""
    """What is in the container. Source: RFC 6381."""


def _encode_flac(target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int) -> None:
    write_flac(target, blocks, sample_rate_hz=sample_rate_hz)


ENCODINGS: dict[AudioFormat, Encoding] = {
    # LAME's rounding adds half a decibel at 128 kbit/s, and lowers by 0.26 (192 kbit/s) to 0.44 LU (128 kbit/s).
    "mp3": Encoding("audio/mpeg", "mp3", encode_mp3, tag_mp3, headroom_db=0.5, loss_lu=0.4),
    "m4a": Encoding("audio/mp4", "mp4", encode_aac, tag_m4a, headroom_db=1.0, codecs="mp4a.40.2"),
    "opus": Encoding("audio/opus", "ogg", encode_opus, tag_opus, headroom_db=1.0, codecs="opus"),
    # Nothing is added here, but the limiter's own interpolator reads some sounds a little lower than ours.
    "flac": Encoding("audio/flac", "flac", _encode_flac, tag_flac, headroom_db=0.2),
    "wav": Encoding("audio/wav", "wav", encode_wav, tag_wav, headroom_db=0.2),
}


def decoded_blocks(path: Path, name: AudioFormat) -> Iterator[Samples]:
    """The sound of a file at 48 kHz as players give it back: without the encoder's delay, and not clipped.

    Raises: EncodingFailed.
    """
    try:
        with opened(path, ENCODINGS[name].demuxer) as container:
            converter: FrameConverter | None = None
            for frame in container.decode(audio=0):
                converter = converter or FrameConverter(frame.layout.nb_channels)
                yield from converter.convert(frame)
            if converter is not None:
                yield from converter.flush()
    except (av.FFmpegError, OSError) as error:
        raise EncodingFailed(f"{path.name} cannot be decoded again: {error}") from error
