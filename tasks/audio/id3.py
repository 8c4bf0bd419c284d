"""Tags of an MP3: names, chapters and cover."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import av
from av.container import OutputContainer

from tasks.audio.container import EXACT, copy_sound, ffmpeg_chapters, opened, output
from tasks.audio.pcm import part_of, writing
from tasks.audio.tags import ISO_639_2, EpisodeTags, Labels
from tasks.errors import EncodingFailed

_MUXER_OPTIONS = {
    "id3v2_version": "3",  # the newest that every player reads
    "write_xing": "1",  # keeps LAME's delay and padding, without which the sound is no longer gapless
    **EXACT,
}


def tag_mp3(source: Path, target: Path, labels: Labels) -> None:
    """Copy an MP3, sound untouched, and give it ID3v2.3 tags, chapters in order and a JPEG or PNG cover.

    Raises: EncodingFailed, StorageFull.
    """
    # FFmpeg writes the tags: mutagen sorts CHAP frames by their size when it saves, and shuffles the chapters.
    with part_of(target) as part, writing(target):
        remuxed = part.with_name(f"{part.name}.remuxed")
        try:
            _remux(source, remuxed, labels)
            _add_comment(remuxed, part, labels.tags)
        except av.FFmpegError as error:
            raise EncodingFailed(f"{source.name} cannot be tagged: {error}") from error
        finally:
            remuxed.unlink(missing_ok=True)


def _remux(source: Path, target: Path, labels: Labels) -> None:
    with opened(source, "mp3") as given, output(target, "mp3", _MUXER_OPTIONS) as made:
        made.add_stream_from_template(given.streams.audio[0])
        made.metadata.update(_id3(labels.tags))
        made.set_chapters(ffmpeg_chapters(labels.chapters))
        if labels.cover:
            _mux_cover(made, labels)
        copy_sound(given, made)


def _add_comment(source: Path, target: Path, tags: EpisodeTags) -> None:
    """Copy with a COMM frame in front, where players look for it; FFmpeg would hide the comment in a TXXX frame.

    Source: ID3v2.3.0, sections 3.1 and 4.11.
    """
    language = ISO_639_2.get(tags.language, "und").encode()
    body = b"\x01" + language + b"\xff\xfe\x00\x00" + b"\xff\xfe" + tags.comment.encode("utf-16-le")
    frame = b"COMM" + len(body).to_bytes(4) + b"\x00\x00" + body if tags.comment else b""
    with source.open("rb") as given, target.open("wb") as made:
        head = given.read(10)
        size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)) + len(frame)
        made.write(head[:6] + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + frame)
        shutil.copyfileobj(given, made, 1 << 20)


def _id3(tags: EpisodeTags) -> dict[str, str]:
    language = ISO_639_2.get(tags.language, tags.language)
    fields = {
        "title": tags.title,
        "artist": tags.artist,
        "album": tags.album,
        "date": tags.date,
        "language": language,
        "genre": tags.genre,
        # FFmpeg makes TXXX frames of names that it does not know. Source: ID3v2.3.0, section 4.2.2.
        **tags.marks,
    }
    return {name: value for name, value in fields.items() if value}


def _mux_cover(made: OutputContainer, labels: Labels) -> None:
    kind = "png_pipe" if labels.cover_type == "image/png" else "jpeg_pipe"
    with av.open(io.BytesIO(labels.cover), "r", format=kind) as picture:
        stream = made.add_stream_from_template(picture.streams.video[0])
        stream.disposition = av.stream.Disposition.attached_pic
        stream.metadata["comment"] = "Cover (front)"  # FFmpeg's name for ID3 picture type 3
        packet = next(packet for packet in picture.demux(video=0) if packet.size)
        packet.stream = stream
        made.mux(packet)
