"""MP3, as listeners get it: encoding, tags with chapters and cover, and decoding back to verify."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer
from pedalboard.io import AudioFile

from tasks.audio.frames import FrameConverter
from tasks.audio.pcm import Samples, part_of, writing
from tasks.errors import EncodingFailed
from tasks.schemas import Chapter

# ID3 wants three letters. Source: ISO 639-2/T.
_ISO_639_2 = {
    "is": "isl",
    "en": "eng",
    "da": "dan",
    "sv": "swe",
    "no": "nor",
    "fo": "fao",
    "de": "deu",
    "fr": "fra",
    "es": "spa",
    "pl": "pol",
}
_MUXER_OPTIONS = {
    "id3v2_version": "3",  # the newest that every player reads
    "write_xing": "1",  # keeps LAME's delay and padding, without which the sound is no longer gapless
    "fflags": "+bitexact",  # equal input, equal bytes: no version and no time is written
}


@dataclass(frozen=True)
class EpisodeTags:
    """What a player shows. An empty field is left out."""

    title: str
    artist: str = ""
    album: str = ""
    date: str = ""
    """ISO 8601: 2026-11-22."""
    language: str = ""
    """ISO 639-1: is."""
    comment: str = ""
    genre: str = "Podcast"


def encode_mp3(target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int) -> None:
    """Encode blocks at a constant bit rate to a file that appears whole or not at all.

    Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull.
    """
    # pedalboard's LAME is three times as fast as the one in PyAV's wheel, which lacks vector instructions.
    with part_of(target) as part, part.open("w+b") as raw:
        encoder = None
        try:
            for block in blocks:
                if encoder is None:
                    with writing(target):
                        encoder = AudioFile(raw, "w", sample_rate_hz, len(block), quality=bit_rate_kbps, format="mp3")
                with writing(target):
                    encoder.write(block)
        finally:
            if encoder is not None:
                with writing(target):
                    encoder.close()
        if encoder is None:
            raise EncodingFailed(f"there is no sound to write to {target.name}")


def decoded_blocks(mp3: Path) -> Iterator[Samples]:
    """The sound of an MP3 at 48 kHz as players give it back: without the encoder's delay and padding, not clipped.

    Raises: EncodingFailed.
    """
    try:
        with av.open(f"file:{mp3.resolve()}", format="mp3", metadata_errors="replace") as container:
            converter: FrameConverter | None = None
            for frame in container.decode(audio=0):
                converter = converter or FrameConverter(frame.layout.nb_channels)
                yield from converter.convert(frame)
            if converter is not None:
                yield from converter.flush()
    except (av.FFmpegError, OSError) as error:
        raise EncodingFailed(f"{mp3.name} cannot be decoded again: {error}") from error


def tag_mp3(
    source: Path, target: Path, *, tags: EpisodeTags, chapters: Iterable[Chapter] = (), cover: bytes = b""
) -> None:
    """Copy an MP3, sound untouched, and give it ID3v2.3 tags, chapters in order and a JPEG or PNG cover.

    Raises: EncodingFailed, StorageFull.
    """
    # FFmpeg writes the tags: mutagen sorts CHAP frames by their size when it saves, and shuffles the chapters.
    with part_of(target) as part, writing(target):
        try:
            with av.open(f"file:{source.resolve()}", format="mp3") as given, _output(part) as made:
                sound = made.add_stream_from_template(given.streams.audio[0])
                made.metadata.update(_id3(tags))
                made.set_chapters([_ffmpeg_chapter(number, chapter) for number, chapter in enumerate(chapters)])
                if cover:
                    _mux_cover(made, cover)
                _mux_sound(made, given.demux(given.streams.audio[0]), sound)
        except av.FFmpegError as error:
            raise EncodingFailed(f"{source.name} cannot be tagged: {error}") from error


def _output(part: Path) -> OutputContainer:
    container: OutputContainer = av.open(f"file:{part.resolve()}", "w", format="mp3", options=_MUXER_OPTIONS)
    return container


def _id3(tags: EpisodeTags) -> dict[str, str]:
    language = _ISO_639_2.get(tags.language, tags.language)
    fields = {
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "date": tags.date,
        "language": language,
        "comment": tags.comment,
        "genre": tags.genre,
    }
    return {name: value for name, value in fields.items() if value}


def _ffmpeg_chapter(number: int, chapter: Chapter) -> av.container.Chapter:
    return {
        "id": number,
        "start": round(chapter.start_s * 1000),
        "end": round(chapter.end_s * 1000),
        "time_base": Fraction(1, 1000),
        "metadata": {"title": chapter.title},
    }


def _mux_cover(made: OutputContainer, cover: bytes) -> None:
    kind = "png_pipe" if cover.startswith(b"\x89PNG") else "jpeg_pipe"
    with av.open(io.BytesIO(cover), format=kind) as picture:
        stream = made.add_stream_from_template(picture.streams.video[0])
        stream.disposition = av.stream.Disposition.attached_pic
        stream.metadata["comment"] = "Cover (front)"  # FFmpeg's name for ID3 picture type 3
        packet = next(packet for packet in picture.demux(video=0) if packet.size)
        packet.stream = stream
        made.mux(packet)


def _mux_sound(made: OutputContainer, packets: Iterable[av.Packet], stream: AudioStream) -> None:
    for packet in packets:
        if packet.size:
            packet.stream = stream
            made.mux(packet)
