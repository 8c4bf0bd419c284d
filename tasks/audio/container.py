"""FFmpeg's containers: written exactly, sound copied untouched, chapters set."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer

from tasks.schemas import Chapter

EXACT = {"fflags": "+bitexact"}  # equal input, equal bytes: no version, no time and no random stream number
FAST_START = {**EXACT, "movflags": "+faststart"}  # the index in front: a browser plays before it has the whole file


def output(path: Path, kind: str, options: dict[str, str]) -> OutputContainer:
    """A container to write to, of this kind, whatever the path's name looks like."""
    made: OutputContainer = av.open(f"file:{path.resolve()}", "w", format=kind, options=options)
    return made


def opened(path: Path, kind: str) -> InputContainer:
    """A container to read from, that must be of this kind."""
    given: InputContainer = av.open(f"file:{path.resolve()}", "r", format=kind, metadata_errors="replace")
    return given


def copy_sound(given: InputContainer, made: OutputContainer) -> None:
    """Copy the packets as they are; streams, names and chapters are set before."""
    source = given.streams.audio[0]
    sound = made.streams.audio[0]
    for packet in given.demux(source):
        if packet.size:
            packet.stream = sound
            made.mux(packet)


def ffmpeg_chapters(chapters: Iterable[Chapter]) -> list[av.container.Chapter]:
    """Chapters as FFmpeg takes them, to the millisecond."""
    return [
        {
            "id": number,
            "start": round(chapter.start_s * 1000),
            "end": round(chapter.end_s * 1000),
            "time_base": Fraction(1, 1000),
            "metadata": {"title": chapter.title},
        }
        for number, chapter in enumerate(chapters)
    ]
