"""Tags of an MP3: names, chapters and cover."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import OutputContainer

from tasks.audio.pcm import part_of, writing
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
    tts_engines: tuple[str, ...] = ()
    """Who speaks, where the voices are synthetic: programs that look for such a mark find it (frames TXXX)."""


def tag_mp3(
    source: Path, target: Path, *, tags: EpisodeTags, chapters: Iterable[Chapter] = (), cover: bytes = b""
) -> None:
    """Copy an MP3, sound untouched, and give it ID3v2.3 tags, chapters in order and a JPEG or PNG cover.

    Raises: EncodingFailed, StorageFull.
    """
    # FFmpeg writes the tags: mutagen sorts CHAP frames by their size when it saves, and shuffles the chapters.
    with part_of(target) as part, writing(target):
        remuxed = part.with_name(f"{part.name}.remuxed")
        try:
            _remux(source, remuxed, tags=tags, chapters=chapters, cover=cover)
            _add_comment(remuxed, part, tags)
        except av.FFmpegError as error:
            raise EncodingFailed(f"{source.name} cannot be tagged: {error}") from error
        finally:
            remuxed.unlink(missing_ok=True)


def _remux(source: Path, target: Path, *, tags: EpisodeTags, chapters: Iterable[Chapter], cover: bytes) -> None:
    with av.open(f"file:{source.resolve()}", "r", format="mp3") as given, _output(target) as made:
        sound = made.add_stream_from_template(given.streams.audio[0])
        made.metadata.update(_id3(tags))
        made.set_chapters([_ffmpeg_chapter(number, chapter) for number, chapter in enumerate(chapters)])
        if cover:
            _mux_cover(made, cover)
        _mux_sound(made, given.demux(given.streams.audio[0]), sound)


def _add_comment(source: Path, target: Path, tags: EpisodeTags) -> None:
    """Copy with a COMM frame in front, where players look for it; FFmpeg would hide the comment in a TXXX frame.

    Source: ID3v2.3.0, sections 3.1 and 4.11.
    """
    language = _ISO_639_2.get(tags.language, "und").encode()
    body = b"\x01" + language + b"\xff\xfe\x00\x00" + b"\xff\xfe" + tags.comment.encode("utf-16-le")
    frame = b"COMM" + len(body).to_bytes(4) + b"\x00\x00" + body if tags.comment else b""
    with source.open("rb") as given, target.open("wb") as made:
        head = given.read(10)
        size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)) + len(frame)
        made.write(head[:6] + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame)
        shutil.copyfileobj(given, made, 1 << 20)


def _output(target: Path) -> OutputContainer:
    container: OutputContainer = av.open(f"file:{target.resolve()}", "w", format="mp3", options=_MUXER_OPTIONS)
    return container


def _id3(tags: EpisodeTags) -> dict[str, str]:
    language = _ISO_639_2.get(tags.language, tags.language)
    fields = {
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "date": tags.date,
        "language": language,
        "genre": tags.genre,
        # FFmpeg makes TXXX frames of names that it does not know. Source: ID3v2.3.0, section 4.2.2.
        "AI_GENERATED": "yes" if tags.tts_engines else "",
        "TTS_ENGINES": ", ".join(tags.tts_engines),
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
    with av.open(io.BytesIO(cover), "r", format=kind) as picture:
        stream = made.add_stream_from_template(picture.streams.video[0])
        stream.disposition = av.stream.Disposition.attached_pic
        stream.metadata["comment"] = "Cover (front)"  # FFmpeg's name for ID3 picture type 3
        packet = next(packet for packet in picture.demux(video=0) if packet.size)
        packet.stream = stream
        made.mux(packet)


def _mux_sound(made: OutputContainer, packets: Iterable[av.Packet[AudioStream]], stream: AudioStream) -> None:
    for packet in packets:
        if packet.size:
            packet.stream = stream
            made.mux(packet)
