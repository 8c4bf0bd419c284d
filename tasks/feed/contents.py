"""What an episode's folder holds: labelled sound, transcripts, chapters, cover, picture, quality, and the page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tasks.audio.formats import ENCODINGS
from tasks.audio.tags import EpisodeTags, Labels
from tasks.feed.episode_folder import Content
from tasks.feed.item import FeedFile, FeedItem
from tasks.feed.page import EpisodePage, QualityPage, render_page, render_quality_page
from tasks.schemas import AudioFormat, Chapter, Master, QualityReport, Show, Transcript
from tasks.text.subtitles import chapters_json, to_json, to_srt, to_text, to_vtt

COVER, WAVEFORM, CHAPTERS, PAGE = "cover.jpg", "waveform.png", "chapters.json", "index.html"
QUALITY, QUALITY_PAGE, LOUDNESS, SPECTROGRAM = "quality.json", "quality.html", "loudness.png", "spectrogram.png"
_HTML = "text/html; charset=utf-8"
PICTURES = (
    (WAVEFORM, "Bylgjuform; strikin eru upphaf kafla"),
    (LOUDNESS, "Hljóðstyrkur síðustu 3 sekúndna; græna línan er það sem beðið var um"),
    (SPECTROGRAM, "Tíðniróf"),
)
SYNTHETIC_NOTE = "Raddir í þessum þætti eru talgervlar."  # "The voices of this episode are synthetic."


@dataclass(frozen=True)
class Episode:
    """What is known of an episode when its files are made."""

    show: Show
    title: str
    language: str
    transcript: Transcript
    chapters: tuple[Chapter, ...]
    master: Master
    quality: QualityReport
    peaks: tuple[float, ...]
    published_at: datetime
    is_synthetic: bool
    tts_engines: tuple[str, ...] = ()
    """The engines that speak, where the voices are synthetic."""


def contents_of(
    episode: Episode, sounds: Mapping[AudioFormat, Path], *, cover: bytes, folder: Path
) -> tuple[FeedItem, dict[str, Content]]:
    """The feed's record, and the files of the episode's folder; the labelled sound is made in `folder`.

    sounds: the master's files, the MP3 among them.
    Raises: EncodingFailed, StorageFull.
    """
    labels = Labels(_tags(episode), episode.chapters, cover)
    audio = {name: _labelled(name, path, labels, folder) for name, path in sounds.items()}
    announced = {name: _announced(name, path, episode.master.duration_s) for name, path in audio.items()}
    transcripts = {
        "transcript.vtt": Content(to_vtt(episode.transcript).encode(), "text/vtt"),
        "transcript.srt": Content(to_srt(episode.transcript).encode(), "application/x-subrip"),
        "transcript.json": Content(to_json(episode.transcript).encode(), "application/json"),
        "transcript.txt": Content(to_text(episode.transcript).encode(), "text/plain"),
    }
    item = FeedItem(
        title=episode.title,
        published_at=episode.published_at,
        audio=announced.pop("mp3"),
        alternates=tuple(announced.values()),
        duration_s=episode.master.duration_s,
        language=episode.language,
        transcripts=tuple(FeedFile(name=name, content_type=file.content_type) for name, file in transcripts.items()),
        chapters=CHAPTERS if episode.chapters else "",
        image=COVER,
        page=PAGE,
        explicit=episode.show.explicit,
        synthetic_speech=episode.is_synthetic,
    )
    page = EpisodePage(
        item=item,
        show_title=episode.show.title,
        transcript=episode.transcript,
        chapters=episode.chapters,
        peaks=episode.peaks,
        quality=QUALITY_PAGE,
    )
    files = {
        **{path.name: Content(path, ENCODINGS[name].content_type) for name, path in audio.items()},
        COVER: Content(cover, "image/jpeg"),
        **transcripts,
        CHAPTERS: Content(chapters_json(episode.chapters).encode(), "application/json+chapters"),
        QUALITY: Content(quality_json(episode.quality), "application/json"),
        QUALITY_PAGE: Content(quality_page(episode.title, episode.show.title, episode.quality), _HTML),
        PAGE: Content(render_page(page), _HTML),
    }
    return item, files


def audio_name(name: AudioFormat) -> str:
    """What listeners find the sound by: `episode.mp3`."""
    return f"episode.{name}"


def _labelled(name: AudioFormat, source: Path, labels: Labels, folder: Path) -> Path:
    target = folder / audio_name(name)
    ENCODINGS[name].tag(source, target, labels)
    return target


def _announced(name: AudioFormat, path: Path, duration_s: float) -> FeedFile:
    size_bytes = path.stat().st_size
    return FeedFile(
        name=path.name,
        content_type=ENCODINGS[name].content_type,
        size_bytes=size_bytes,
        bit_rate_bps=round(8 * size_bytes / duration_s) if duration_s else 0,
        codecs=ENCODINGS[name].codecs,
    )


def _tags(episode: Episode) -> EpisodeTags:
    return EpisodeTags(
        title=episode.title,
        artist=episode.show.author or episode.show.title,
        album=episode.show.title,
        date=episode.published_at.date().isoformat(),
        language=episode.language,
        comment=SYNTHETIC_NOTE if episode.is_synthetic else "",
        tts_engines=episode.tts_engines if episode.is_synthetic else (),
    )


def quality_page(title: str, show_title: str, report: QualityReport) -> bytes:
    """The page that shows a report, with the pictures beside it."""
    return render_quality_page(QualityPage(title, show_title, report, QUALITY, PICTURES))


def quality_json(report: QualityReport) -> bytes:
    """The report as JSON, which knows no infinity: what silence does not have is null."""
    return json.dumps(_finite(report.model_dump()), indent=1, ensure_ascii=False).encode()


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, list | tuple) else value
