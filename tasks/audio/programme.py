"""A narration laid out in time: which clips and pauses, and then who says what when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import pairwise
from pathlib import Path

from tasks.audio.levelling import voice_gain_db
from tasks.audio.mix import ClipFile, Pause, Placement
from tasks.errors import ObjectMissing
from tasks.schemas import Chapter, Line, Moment, Narration, Pauses, Segment, SpokenLine, Transcript, Word

_INSIDE_S = 0.001


def recorded_line(line: Line) -> SpokenLine:
    """A line that was recorded, as loud as the voices.

    Raises: ObjectMissing where its clip was never fetched.
    """
    if line.insert is None or line.insert.clip is None:
        raise ObjectMissing(f"the clip of line {line.number} was never fetched; run again")
    clip = line.insert.clip
    gain_db = voice_gain_db([(clip.loudness_lufs, clip.audio.duration_s)])
    return SpokenLine(speaker=line.speaker, text=line.text, audio=clip.audio, gain_db=gain_db, recorded=True)


def pieces_of(
    narration: Narration, pauses: Pauses, borrow: Callable[[str], AbstractContextManager[Path]]
) -> Iterator[ClipFile | Pause]:
    """The clips in order, with pauses between them; `borrow` gives each clip's file for as long as it is read."""
    openings = {chapter.first_line for chapter in narration.chapters}
    before: SpokenLine | None = None
    for index, line in enumerate(narration.lines):
        if before is None:
            yield Pause(pauses.edge_s)
        elif index in openings:
            yield Pause(pauses.chapter_s)
        elif before.pause_s is not None:
            yield Pause(before.pause_s)
        else:
            yield Pause(pauses.line_s if line.speaker == before.speaker else pauses.speaker_s)
        if line.before_s:
            yield Pause(line.before_s)
        with borrow(line.audio.uri) as path:
            yield ClipFile(path, gain_db=line.gain_db, whole=line.recorded)
        before = line
    yield Pause(pauses.edge_s)


def transcript_of(narration: Narration, places: tuple[Placement, ...], duration_s: float) -> Transcript:
    """What is said, as it was written, in the programme's time."""
    segments = tuple(
        Segment(
            start_s=place.start_s,
            end_s=place.end_s,
            text=line.text,
            speaker=line.speaker,
            words=tuple(_moved(word, place) for word in line.words),
        )
        for line, place in zip(narration.lines, places, strict=True)
        if line.text
    )
    moments = tuple(
        Moment(name=moment.name, at_s=_heard_s(moment.at_s, place))
        for line, place in zip(narration.lines, places, strict=True)
        for moment in line.moments
    )
    return Transcript(language=narration.language, duration_s=duration_s, segments=segments, moments=moments)


def chapters_of(narration: Narration, places: tuple[Placement, ...], duration_s: float) -> tuple[Chapter, ...]:
    """The headings that have something under them; what comes before the first belongs to it."""
    titled = [chapter for chapter in narration.chapters if chapter.first_line < len(places)]
    starts_s = [places[chapter.first_line].start_s if number else 0.0 for number, chapter in enumerate(titled)]
    return tuple(
        Chapter(title=chapter.title, start_s=start_s, end_s=end_s)
        for chapter, (start_s, end_s) in zip(titled, pairwise([*starts_s, duration_s]), strict=True)
    )


def moved_transcript(transcript: Transcript, moved_s: Callable[[float], float], duration_s: float) -> Transcript:
    """The transcript in the time of an episode in which `moved_s` says where each moment has gone."""

    def moved(each: Word | Segment) -> dict[str, float]:
        # An end belongs to what is before it, also where something begins at the same moment.
        return {"start_s": moved_s(each.start_s), "end_s": moved_s(each.end_s - _INSIDE_S) + _INSIDE_S}

    def segment(each: Segment) -> Segment:
        words = tuple(word.model_copy(update=moved(word)) for word in each.words)
        return each.model_copy(update={**moved(each), "words": words})

    return transcript.model_copy(
        update={
            "duration_s": duration_s,
            "segments": tuple(segment(each) for each in transcript.segments),
            "moments": tuple(each.model_copy(update={"at_s": moved_s(each.at_s)}) for each in transcript.moments),
        }
    )


def moved_chapters(
    chapters: tuple[Chapter, ...], moved_s: Callable[[float], float], duration_s: float
) -> tuple[Chapter, ...]:
    """The chapters in that time: the first has the intro, each has the sting behind it, the last has the outro."""
    starts_s = [0.0 if chapter.start_s == 0 else moved_s(chapter.start_s) for chapter in chapters]
    return tuple(
        chapter.model_copy(update={"start_s": start_s, "end_s": end_s})
        for chapter, (start_s, end_s) in zip(chapters, pairwise([*starts_s, duration_s]), strict=True)
    )


def _moved(word: Word, place: Placement) -> Word:
    return word.model_copy(update={"start_s": _heard_s(word.start_s, place), "end_s": _heard_s(word.end_s, place)})


def _heard_s(moment_s: float, place: Placement) -> float:
    """A moment of a clip, in the programme's time."""
    return min(max(moment_s + place.start_s - place.trimmed_head_s, place.start_s), place.end_s)
