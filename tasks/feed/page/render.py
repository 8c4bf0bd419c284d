"""The page, put together; it works from a folder as well as from a server, and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import quote

from tasks.feed.item import FeedFile, FeedItem
from tasks.feed.page.transcript import clock, transcript_html
from tasks.schemas import Chapter, Transcript

_MONTHS = (
    "janúar", "febrúar", "mars", "apríl", "maí", "júní",
    "júlí", "ágúst", "september", "október", "nóvember", "desember",
)  # fmt: skip
_LANGUAGES = {
    "is": "íslenska", "en": "enska", "da": "danska", "sv": "sænska", "no": "norska", "fo": "færeyska",
    "de": "þýska", "fr": "franska", "es": "spænska", "pl": "pólska",
}  # fmt: skip
_KINDS = {"text/vtt": "WebVTT", "application/x-subrip": "SRT", "application/json": "JSON", "text/plain": "Texti"}


@dataclass(frozen=True)
class EpisodePage:
    """What the page shows. Addresses are file names beside it."""

    item: FeedItem
    show_title: str
    transcript: Transcript
    chapters: tuple[Chapter, ...] = ()
    peaks: Sequence[float] = ()
    """How loud the sound is along its length, 0 to 1, some hundred values; empty: a plain bar."""
    notes: tuple[str, ...] = ()
    """What an honest page says of how it was made, in Icelandic."""
    quality: str = ""
    """The page beside it that tells how it sounds; empty: there is none."""


def render_page(page: EpisodePage) -> bytes:
    """Give the page as one HTML file; the same episode always gives the same bytes."""
    item, style, script = page.item, asset("page.css"), asset("page.js")
    template = Template(asset("page.html"))
    text = template.substitute(
        policy=escape(policy(style, script)),
        style=style,
        script=script,
        title=escape(item.title),
        show=escape(page.show_title),
        facts=" · ".join(_facts(item)),
        cover=f'<img src="{quote(item.image)}" alt="" width="176" height="176">' if item.image else "",
        audio=quote(item.audio.name),
        duration=f"{item.duration_s:.2f}",
        length=clock(round(item.duration_s)),
        wave=_wave(page),
        about=_about(item),
        transcript=transcript_html(page.transcript, page.chapters),
        chapters=_chapters(page.chapters),
        files="".join(_links(item, page.quality)),
        notes=_notes(page.notes),
        data=_json_in_html(_data(page)),
    )
    return text.encode()


def asset(name: str) -> str:
    """Give a file of this folder as text."""
    return (files("tasks.feed.page") / name).read_text(encoding="utf-8").rstrip("\n")


def policy(style: str, script: str) -> str:
    """Allow our own two inline blocks by their digests, files beside the page, and nothing else at all."""
    return (
        f"default-src 'none'; media-src 'self' file:; img-src 'self' file: data:; style-src '{_digest(style)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )


def _digest(block: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()}"


def _facts(item: FeedItem) -> list[str]:
    language = _LANGUAGES.get(item.language, item.language)
    return [_date(item.published_at), _length(item.duration_s), escape(language)]


def _date(moment: datetime) -> str:
    day = f"{moment.day}. {_MONTHS[moment.month - 1]} {moment.year}"
    return f'<time datetime="{moment.date().isoformat()}">{day}</time>'


def _length(duration_s: float) -> str:
    minutes, seconds = divmod(round(duration_s), 60)
    if minutes >= 60:
        return f"{minutes // 60} klst. {minutes % 60} mín."
    return f"{minutes} mín. {seconds} sek." if minutes else f"{seconds} sek."


def _wave(page: EpisodePage) -> str:
    """Draw the loudness once, and over it the part that has been heard."""
    shape = _bars(page.peaks) if len(page.peaks) else "M0 46h1000v8H0z"
    duration_s = max(page.item.duration_s, 0.001)
    marks = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="100"/>'
        for chapter in page.chapters
        if 0 < (x := 1000 * chapter.start_s / duration_s) < 1000
    )
    clip = '<clipPath id="heard"><rect width="0" height="100"/></clipPath>'
    return f'{clip}<path d="{shape}"/><path class="done" clip-path="url(#heard)" d="{shape}"/>{marks}'


def _bars(peaks: Sequence[float]) -> str:
    step = 1000 / len(peaks)
    heights = (max(2.0, 48 * min(1.0, max(0.0, peak))) for peak in peaks)
    width = step * 0.62
    return "".join(
        f"M{index * step:.1f} {50 - height:.1f}h{width:.1f}v{2 * height:.1f}h-{width:.1f}z"
        for index, height in enumerate(heights)
    )


def _about(item: FeedItem) -> str:
    paragraphs = "".join(f"<p>{escape(part.strip())}</p>" for part in item.description.split("\n\n") if part.strip())
    notice = '<p class="synthetic">Raddirnar í þættinum eru tölvugerðar.</p>' if item.synthetic_speech else ""
    return f'<div class="about">{paragraphs}{notice}</div>' if paragraphs or notice else ""


def _chapters(chapters: tuple[Chapter, ...]) -> str:
    entries = "".join(
        f'<li><button type="button" data-t="{chapter.start_s:.2f}"><time>{clock(chapter.start_s)}</time>'
        f"<span>{escape(chapter.title)}</span></button></li>"
        for chapter in chapters
    )
    heading = '<h2 id="parts">Kaflar</h2>'
    return f'<section aria-labelledby="parts">{heading}<ol class="chapters">{entries}</ol></section>' if entries else ""


def _links(item: FeedItem, quality: str) -> list[str]:
    texts = [_link(file, _KINDS.get(file.content_type.partition(";")[0], file.name)) for file in item.transcripts]
    sounds = [_link(file, file.name.rpartition(".")[2].upper()) for file in (item.audio, *item.alternates)]
    told = f'<li><a href="{quote(quality)}">Hljóðgæði</a></li>' if quality else ""
    return [*sounds, *texts, told, '<li><a href="../feed.xml">RSS-straumur</a></li>']


def _link(file: FeedFile, label: str) -> str:
    return f'<li><a href="{quote(file.name)}" download>{escape(label)}</a></li>'


def _notes(notes: tuple[str, ...]) -> str:
    return "".join(f'<p class="notes">{escape(note)}</p>' for note in notes)


def _data(page: EpisodePage) -> dict[str, object]:
    return {
        "title": page.item.title,
        "show": page.show_title,
        "image": page.item.image,
        "chapters": [round(chapter.start_s, 2) for chapter in page.chapters],
    }


def _json_in_html(data: dict[str, object]) -> str:
    """Write JSON that no `</script>` in a title can end: escaped by number, a letter stays the same letter."""
    text = json.dumps(data, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
