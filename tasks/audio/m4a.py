"""Tags of an M4A: names, chapters and cover."""

from __future__ import annotations

from pathlib import Path

import av
from mutagen import MutagenError
from mutagen.mp4 import MP4, MP4Cover, MP4FreeForm

from tasks.audio.container import FAST_START, copy_sound, ffmpeg_chapters, opened, output
from tasks.audio.pcm import part_of, writing
from tasks.audio.tags import ISO_639_2, EpisodeTags, Labels
from tasks.errors import EncodingFailed


def tag_m4a(source: Path, target: Path, labels: Labels) -> None:
    """Copy an M4A, sound untouched and its index in front, and give it iTunes' tags, chapters and a cover.

    Raises: EncodingFailed, StorageFull.
    """
    with part_of(target) as part, writing(target):
        try:
            # FFmpeg sets chapters and cannot set a cover ("ipod" knows no pictures); mutagen the other way round.
            with opened(source, "mp4") as given, output(part, "ipod", FAST_START) as made:
                made.add_stream_from_template(given.streams.audio[0])
                made.set_chapters(ffmpeg_chapters(labels.chapters))
                copy_sound(given, made)
            file = MP4(part)
            file.update(_atoms(labels.tags))
            if labels.cover:
                kind = MP4Cover.FORMAT_PNG if labels.cover_type == "image/png" else MP4Cover.FORMAT_JPEG
                file["covr"] = [MP4Cover(labels.cover, imageformat=kind)]
            file.save()
        except (av.FFmpegError, MutagenError) as error:
            raise EncodingFailed(f"{source.name} cannot be tagged: {error}") from error


def _atoms(tags: EpisodeTags) -> dict[str, object]:
    """The names that iTunes gave them. Free ones begin with ----."""
    plain = {
        "©nam": tags.title,
        "©ART": tags.artist,
        "aART": tags.artist,
        "©alb": tags.album,
        "©day": tags.date,
        "©cmt": tags.comment,
        "©gen": tags.genre,
    }
    free = {"LANGUAGE": ISO_639_2.get(tags.language, tags.language), **tags.marks}
    return {
        "pcst": True,  # it is a podcast
        **{name: [text] for name, text in plain.items() if text},
        **{f"----:com.apple.iTunes:{name}": [MP4FreeForm(text.encode())] for name, text in free.items() if text},
    }
