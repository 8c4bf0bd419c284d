"""WAV for other people's programs: plain where it fits into 4 GB, RF64 where it does not, and chunks behind the sound.

Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0"; EBU Tech 3306 (RF64).
"""

from __future__ import annotations

import io
import shutil
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from mutagen import id3

from tasks.audio.pcm import part_of, write_part, writing
from tasks.audio.samples import Samples
from tasks.audio.tags import ISO_639_2, Labels

LARGEST = 0xFFFFFFFF
_FRONT_COVER, _TOP_LEVEL_AND_ORDERED = 3, 3  # ID3's numbers
_MOST_LISTED = 255  # in a table of contents, whose count is a byte; chapters beyond stand behind it all the same
_UTF_16 = {"encoding": id3.Encoding.UTF16}
_DS64_AT, _DATA_AT = 12, 96  # where libsndfile writes them: in between lies the format, in 48 bytes


def encode_wav(target: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, bit_rate_kbps: int = 0) -> None:
    """Write blocks at 24 bits to a file that appears whole or not at all; full scale clips.

    Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull.
    """
    # Nobody knows the length yet, and a plain WAV of 24 bits in stereo ends after 4 hours.
    with part_of(target) as part, writing(target):
        write_part(part, blocks, sample_rate_hz=sample_rate_hz, kind=("RF64", "PCM_24"))
        append_chunks(part, {})


def append_chunks(path: Path, chunks: Mapping[bytes, bytes]) -> None:
    """Put chunks, by their names of four letters, behind the sound of a file of `encode_wav`; plain WAV where it fits.

    Raises: OSError.
    """
    with path.open("r+b") as file:
        file.seek(0, 2)
        for name, body in ((b"", b""), *chunks.items()):
            file.write(name and name + struct.pack("<I", len(body)) + body)
            file.write(b"\0" * (file.tell() % 2))  # chunks begin at even places, the first one behind the sound too
        _set_sizes(file, file.tell() - 8)


def info_chunk(fields: Mapping[bytes, str]) -> bytes:
    """The body of a LIST chunk of kind INFO; names of four letters, empty fields left out."""
    body = b"INFO"
    for name, text in fields.items():
        if text:
            value = text.encode() + b"\0"
            body += name + struct.pack("<I", len(value)) + value + b"\0" * (len(value) % 2)
    return body


def _set_sizes(file: BinaryIO, riff_bytes: int) -> None:
    """Say how long it is: in 32 bits where they suffice (the place for 64 is then JUNK), otherwise in 64."""
    fits = riff_bytes <= LARGEST
    file.seek(_DS64_AT + 16)
    (data_bytes,) = struct.unpack("<Q", file.read(8))
    for at, value in {
        0: b"RIFF" + struct.pack("<I", riff_bytes) if fits else b"RF64" + struct.pack("<I", LARGEST),
        _DS64_AT: b"JUNK" if fits else b"ds64",
        _DS64_AT + 8: struct.pack("<Q", riff_bytes),
        _DATA_AT: b"data" + struct.pack("<I", data_bytes if fits else LARGEST),
    }.items():
        file.seek(at)
        file.write(value)


def tag_wav(source: Path, target: Path, labels: Labels) -> None:
    """Copy a WAV of `encode_wav`, sound untouched, and put names (LIST INFO) and a whole ID3 tag behind the sound.

    Programs that read ID3 in WAV find chapters, cover and marks there; all others find the names, and no more.
    Raises: EncodingFailed, StorageFull.
    """
    tags = labels.tags
    names = {b"INAM": tags.title, b"IART": tags.artist, b"IPRD": tags.album, b"ICRD": tags.date, b"IGNR": tags.genre}
    comment = " ".join(filter(None, (tags.comment, *(f"{name}={value}" for name, value in tags.marks.items()))))
    info = info_chunk({**names, b"ICMT": comment})
    with part_of(target) as part, writing(target):
        shutil.copyfile(source, part)
        append_chunks(part, {b"LIST": info, b"id3 ": _whole_tag(labels)})


def _whole_tag(labels: Labels) -> bytes:
    """An ID3v2.3 tag as it stands at the head of an MP3."""
    tags, language = labels.tags, ISO_639_2.get(labels.tags.language, labels.tags.language)
    texts = {"TIT2": tags.title, "TPE1": tags.artist, "TALB": tags.album, "TCON": tags.genre, "TDRC": tags.date}
    frames = [getattr(id3, name)(**_UTF_16, text=text) for name, text in {**texts, "TLAN": language}.items() if text]
    frames += [id3.TXXX(**_UTF_16, desc=name, text=value) for name, value in tags.marks.items()]
    if tags.comment:
        frames.append(id3.COMM(**_UTF_16, lang=ISO_639_2.get(tags.language, "und"), text=tags.comment))
    if labels.cover:
        frames.append(id3.APIC(**_UTF_16, mime=labels.cover_type, type=_FRONT_COVER, data=labels.cover))
    names = [f"ch{number}" for number in range(len(labels.chapters))]
    if names:
        listed = names[:_MOST_LISTED]
        frames.append(id3.CTOC(element_id="toc", flags=_TOP_LEVEL_AND_ORDERED, child_element_ids=listed))
    for name, chapter in zip(names, labels.chapters, strict=True):
        times = {"start_time": round(chapter.start_s * 1000), "end_time": round(chapter.end_s * 1000)}
        frames.append(id3.CHAP(element_id=name, **times, sub_frames=[id3.TIT2(**_UTF_16, text=chapter.title)]))
    # One by one, since mutagen sorts what it saves together by size, and shuffles the chapters.
    body = b"".join(map(_frame, frames))
    return b"ID3\x03\0\0" + bytes(len(body) >> shift & 0x7F for shift in (21, 14, 7, 0)) + body


def _frame(frame: id3.Frame) -> bytes:
    tag, buffer = id3.ID3(), io.BytesIO()
    tag.add(frame)
    tag.update_to_v23()
    tag.save(buffer, v2_version=3, padding=lambda _: 0)
    return buffer.getvalue()[10:]
