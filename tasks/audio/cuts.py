"""Time with pieces taken out: where a moment is afterwards, and where it was."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

from tasks.schemas import Chapter, Cut, Moment, Segment, Transcript, Word

Span = TypeVar("Span", Word, Segment, Chapter)


class Timeline:
    """The time of a recording before and after its cuts, which are in order and apart."""

    def __init__(self, cuts: Sequence[Cut]) -> None:
        self._cuts = tuple(cuts)
        self._gone_s = (0.0, *accumulate(cut.end_s - cut.start_s for cut in cuts))
        self._starts_s = tuple(cut.start_s for cut in cuts)
        self._seams_s = tuple(cut.start_s - gone_s for cut, gone_s in zip(cuts, self._gone_s, strict=False))

    @property
    def removed_s(self) -> float:
        """How much shorter the recording is."""
        return self._gone_s[-1]

    def after(self, time_s: float) -> float:
        """Where a moment of the recording is in what is left; one that was cut out is where the cut was."""
        begun = bisect_right(self._starts_s, time_s)
        inside_s = max(0.0, self._cuts[begun - 1].end_s - time_s) if begun else 0.0
        return time_s - self._gone_s[begun] + inside_s

    def before(self, time_s: float) -> float:
        """Where a moment of what is left was in the recording; at a seam, where the cut ended."""
        return time_s + self._gone_s[bisect_right(self._seams_s, time_s)]

    def transcript(self, transcript: Transcript) -> Transcript:
        """What is said, in the time of what is left."""
        return transcript.model_copy(
            update={
                "duration_s": self.after(transcript.duration_s),
                "segments": tuple(self._segment(segment) for segment in transcript.segments),
                "moments": tuple(Moment(name=one.name, at_s=self.after(one.at_s)) for one in transcript.moments),
            }
        )

    def chapters(self, chapters: Sequence[Chapter]) -> tuple[Chapter, ...]:
        """The chapters, in the time of what is left."""
        return tuple(self._moved(chapter) for chapter in chapters)

    def _segment(self, segment: Segment) -> Segment:
        words = tuple(self._moved(word) for word in segment.words)
        return self._moved(segment).model_copy(update={"words": words})

    def _moved(self, span: Span) -> Span:
        return span.model_copy(update={"start_s": self.after(span.start_s), "end_s": self.after(span.end_s)})
