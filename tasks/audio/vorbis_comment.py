"""Tags of FLAC and Opus: names, chapters and cover, all in Vorbis comments.

Source: Xiph.org, "Ogg Vorbis I format specification: comment field" and "Chapter extension"; RFC 9639, section 8.8.
"""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path

from mutagen import MutagenError
from mutagen.flac import FLAC, Picture
from mutagen.oggopus import OggOpus
from PIL import Image

from tasks.audio.pcm import part_of, writing
from tasks.audio.tags import Labels
from tasks.errors import EncodingFailed

_FRONT_COVER = 3


def tag_flac(source: Path, target: Path, labels: Labels) -> None:
    """Copy a FLAC file, sound untouched, and give it names, chapters and a cover.

    Raises: EncodingFailed, StorageFull.
    """
    _tag(source, target, FLAC, labels)


def tag_opus(source: Path, target: Path, labels: Labels) -> None:
    """Copy an Opus file, sound untouched, and give it names, chapters and a cover.

    Raises: EncodingFailed, StorageFull.
    """
    _tag(source, target, OggOpus, labels)


def _tag(source: Path, target: Path, kind: type[FLAC] | type[OggOpus], labels: Labels) -> None:
    with part_of(target) as part, writing(target):
        shutil.copyfile(source, part)
        try:
            file = kind(part)
            for name, values in _comments(labels).items():
                file[name] = values
            if labels.cover and isinstance(file, FLAC):
                file.add_picture(_picture(labels))
            elif labels.cover:
                file["METADATA_BLOCK_PICTURE"] = [base64.b64encode(_picture(labels).write()).decode()]
            file.save()
        except MutagenError as error:
            raise EncodingFailed(f"{source.name} cannot be tagged: {error}") from error


def _comments(labels: Labels) -> dict[str, list[str]]:
    tags = labels.tags
    fields = {
        "TITLE": tags.title,
        "ARTIST": tags.artist,
        "ALBUM": tags.album,
        "DATE": tags.date,
        "LANGUAGE": tags.language,
        "COMMENT": tags.comment,
        "GENRE": tags.genre,
        **tags.marks,
    }
    for number, chapter in enumerate(labels.chapters):
        fields[f"CHAPTER{number:03d}"] = _clock(chapter.start_s)
        fields[f"CHAPTER{number:03d}NAME"] = chapter.title
    return {name: [text] for name, text in fields.items() if text}


def _clock(time_s: float) -> str:
    seconds, milliseconds = divmod(round(time_s * 1000), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def _picture(labels: Labels) -> Picture:
    picture = Picture()
    picture.type, picture.mime, picture.data = _FRONT_COVER, labels.cover_type, labels.cover
    with Image.open(io.BytesIO(labels.cover), formats=("JPEG", "PNG")) as opened:
        picture.width, picture.height = opened.size
    picture.depth = 24
    return picture
