"""A transcript as listeners' programs read it: WebVTT, SRT, Podcasting 2.0 JSON, plain text; and the chapters."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tasks.schemas import Chapter, Segment, Transcript, Word

LINE_CHARACTERS = 65
"""Source: Podcasting 2.0 namespace, transcripts: a line has at most 65 characters."""
LINES = 2
_LONGEST_CUE_S = 7.0  # longer, and a reader has read it twice
_SENTENCE_CHARACTERS = 30  # a full stop ends a cue that has at least these
_ENDS = (".", "!", "?", "…", ".”", ".“", "!“", "?“")


@dataclass(frozen=True)
class Cue:
    """What is shown at once; whole milliseconds, since that is what the formats can say."""

    start_ms: int
    end_ms: int
    speaker: str
    text: str

    @property
    def rows(self) -> list[str]:
        """The text in lines."""
        return textwrap.wrap(self.text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)


def cues(transcript: Transcript) -> tuple[Cue, ...]:
    """The cues in order: none overlaps another, none lasts beyond the sound."""
    raw = [cue for segment in transcript.segments for cue in _segment_cues(segment)]
    placed: list[Cue] = []
    floor_ms = 0
    for cue in raw:
        start_ms = max(cue.start_ms, floor_ms)
        floor_ms = max(cue.end_ms, start_ms + 1)
        placed.append(replace(cue, start_ms=start_ms, end_ms=floor_ms))
    # backwards, so that the last ones fit before the end as well
    ceiling_ms = int(transcript.duration_s * 1000)
    for index in range(len(placed) - 1, -1, -1):
        end_ms = min(placed[index].end_ms, ceiling_ms)
        ceiling_ms = min(placed[index].start_ms, end_ms - 1)
        placed[index] = replace(placed[index], start_ms=ceiling_ms, end_ms=end_ms)
    return tuple(cue for cue in placed if cue.start_ms >= 0)


def to_vtt(transcript: Transcript) -> str:
    """WebVTT, every cue with its speaker."""
    blocks = ["WEBVTT"]
    for cue in cues(transcript):
        text = "\n".join(_escaped(row) for row in cue.rows)
        name = _escaped(" ".join(cue.speaker.split()))
        voice = f"<v {name}>{text}" if name else text
        blocks.append(f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}\n{voice}")
    return "\n\n".join(blocks) + "\n"


def to_srt(transcript: Transcript) -> str:
    """SubRip, the speaker named where another one begins."""
    blocks, last = [], ""
    for number, cue in enumerate(cues(transcript), start=1):
        named = f"{cue.speaker}: {cue.text}" if cue.speaker and cue.speaker != last else cue.text
        text = "\n".join(replace(cue, text=named.replace("-->", "→")).rows)
        blocks.append(f"{number}\n{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}\n{text}\n")
        last = cue.speaker
    return "\n".join(blocks)


def to_json(transcript: Transcript) -> str:
    """Podcasting 2.0 transcript, version 1.0.0, with the moments that the script's author has named; in seconds."""
    segments = [
        {
            **({"speaker": cue.speaker} if cue.speaker else {}),
            "startTime": cue.start_ms / 1000,
            "endTime": cue.end_ms / 1000,
            "body": cue.text,
        }
        for cue in cues(transcript)
    ]
    document: dict[str, object] = {"version": "1.0.0", "segments": segments}
    if transcript.moments:
        document["moments"] = [{"name": at.name, "startTime": round(at.at_s, 3)} for at in transcript.moments]
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def to_text(transcript: Transcript) -> str:
    """The words alone: no labels, no times, a paragraph a turn."""
    turns: list[list[str]] = []
    last: str | None = None
    for segment in transcript.segments:
        text = " ".join(segment.text.split())
        if text and segment.speaker == last:
            turns[-1].append(text)
        elif text:
            turns.append([text])
            last = segment.speaker
    return "".join(f"{' '.join(turn)}\n\n" for turn in turns).removesuffix("\n")


def chapters_json(chapters: Sequence[Chapter]) -> str:
    """Podcasting 2.0 chapters, version 1.2.0; times in seconds."""
    entries = [
        {"startTime": round(chapter.start_s, 3), "endTime": round(chapter.end_s, 3), "title": chapter.title}
        for chapter in chapters
    ]
    return json.dumps({"version": "1.2.0", "chapters": entries}, ensure_ascii=False, indent=1) + "\n"


def _segment_cues(segment: Segment) -> Iterator[Cue]:
    kept: list[Word] = []
    for word in segment.words or _words_by_length(segment):
        text = " ".join(word.text.split())
        if not text:
            continue
        if kept and not _fits(kept, word):
            yield _cue(segment, kept)
            kept = []
        kept.append(word)
        if text.endswith(_ENDS) and sum(len(each.text) + 1 for each in kept) > _SENTENCE_CHARACTERS:
            yield _cue(segment, kept)
            kept = []
    if kept:
        yield _cue(segment, kept)


def _fits(kept: list[Word], word: Word) -> bool:
    text = " ".join([*(" ".join(each.text.split()) for each in kept), " ".join(word.text.split())])
    rows = textwrap.wrap(text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)
    return len(rows) <= LINES and word.end_s - kept[0].start_s <= _LONGEST_CUE_S


def _cue(segment: Segment, kept: list[Word]) -> Cue:
    text = " ".join(" ".join(word.text.split()) for word in kept)
    start_s, end_s = min(word.start_s for word in kept), max(word.end_s for word in kept)
    return Cue(round(start_s * 1000), round(end_s * 1000), segment.speaker, text)


def _words_by_length(segment: Segment) -> list[Word]:
    """The words of a segment that came without times, as if every character took as long."""
    texts = segment.text.split()
    total = sum(map(len, texts))
    span_s, done, words = max(segment.end_s - segment.start_s, 0.0), 0, []
    for text in texts:
        start_s = segment.start_s + span_s * done / total
        done += len(text)
        words.append(Word(text=text, start_s=start_s, end_s=segment.start_s + span_s * done / total))
    return words


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _time(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"
