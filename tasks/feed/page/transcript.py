"""A transcript as HTML: turns of speakers under the chapters, every word with its time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from tasks.schemas import Chapter, Segment, Transcript

LONGEST_TURN_CHARACTERS = 700
"""A longer monologue is cut where a sentence ends, or nobody finds the place that is being said."""
SPEAKER_COLOURS = 6


@dataclass(frozen=True)
class _Turn:
    speaker: str
    segments: tuple[Segment, ...]

    @property
    def start_s(self) -> float:
        return self.segments[0].start_s


def clock(seconds: float) -> str:
    """Give a time as 1:02:03 or 2:03."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def transcript_html(transcript: Transcript, chapters: tuple[Chapter, ...]) -> str:
    """Give the turns of a transcript; chapter headings stand before the first turn that begins in them."""
    colours: dict[str, int] = {}
    waiting = list(chapters)
    parts: list[str] = []
    for turn in _turns(transcript, chapters):
        while waiting and waiting[0].start_s <= turn.start_s + 0.05:
            parts.append(f'<h3 class="part" lang="{escape(transcript.language)}">{escape(waiting.pop(0).title)}</h3>')
        colour = colours.setdefault(turn.speaker, len(colours)) % SPEAKER_COLOURS
        parts.append(_turn_html(turn, colour, transcript.language))
    return "\n".join(parts) or '<p class="empty">Ekkert tal heyrist í þættinum.</p>'


def _turns(transcript: Transcript, chapters: tuple[Chapter, ...]) -> Iterator[_Turn]:
    """Join what one speaker says without a break."""
    borders = [chapter.start_s for chapter in chapters]
    pending: list[Segment] = []
    for segment in transcript.segments:
        if pending and _ends_before(pending, segment, borders):
            yield _Turn(pending[0].speaker, tuple(pending))
            pending = []
        pending.append(segment)
    if pending:
        yield _Turn(pending[0].speaker, tuple(pending))


def _ends_before(pending: list[Segment], segment: Segment, borders: list[float]) -> bool:
    length = sum(len(each.text) for each in pending)
    is_full = length + len(segment.text) > LONGEST_TURN_CHARACTERS and pending[-1].text.rstrip().endswith(
        (".", "!", "?")
    )
    crosses = any(pending[0].start_s + 0.05 < border <= segment.start_s + 0.05 for border in borders)
    return segment.speaker != pending[0].speaker or is_full or crosses


def _turn_html(turn: _Turn, colour: int, language: str) -> str:
    name = f"<b>{escape(turn.speaker)}</b>" if turn.speaker else ""
    stamp = clock(turn.start_s)
    words = " ".join(_spans(turn.segments))
    start = f'data-t="{turn.start_s:.2f}" aria-label="Spila frá {stamp}"'
    return (
        f'<article class="turn s{colour}"><header>{name}<button type="button" class="stamp" {start}>{stamp}</button>'
        f'</header><p lang="{escape(language)}">{words}</p></article>'
    )


def _spans(segments: tuple[Segment, ...]) -> Iterator[str]:
    for segment in segments:
        timed = [(word.text, word.start_s, word.end_s) for word in segment.words if word.text.strip()]
        # An engine without word times still lets the sentence be followed.
        for text, start_s, end_s in timed or [(segment.text, segment.start_s, segment.end_s)]:
            yield f'<span data-t="{start_s:.2f}" data-e="{end_s:.2f}">{escape(text.strip())}</span>'
