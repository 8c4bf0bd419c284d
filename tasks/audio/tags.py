"""What a player shows of an episode, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.schemas import Chapter

# ID3 and MP4 want three letters. Source: ISO 639-2/T.
ISO_639_2 = {
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
    """Who speaks, where the voices are synthetic: programs that look for such a mark find it."""

    @property
    def marks(self) -> dict[str, str]:
        """The marks of synthetic speech, by the same names in every format; none where people speak."""
        return {"AI_GENERATED": "yes", "TTS_ENGINES": ", ".join(self.tts_engines)} if self.tts_engines else {}


@dataclass(frozen=True)
class Labels:
    """All that is written into a file beside its sound."""

    tags: EpisodeTags
    chapters: tuple[Chapter, ...] = ()
    cover: bytes = b""
    """A JPEG or PNG; empty: none."""

    @property
    def cover_type(self) -> str:
        """The cover's media type."""
        return "image/png" if self.cover.startswith(b"\x89PNG") else "image/jpeg"
