"""Put what was heard in each chunk together into one transcript, in the recording's own time."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.asr.sentences import sentences
from tasks.schemas import ChunkBounds, Segment, Transcript, Word

LOOP_REPEATS = 3
"""A sentence of several words that is heard so often in a row, with nothing between, is the model's loop."""
LOOP_WORDS = 3


def merge(
    chunks: Sequence[ChunkBounds], results: Sequence[Sequence[Segment]], *, language: str, duration_s: float
) -> Transcript:
    """One transcript of `duration_s` seconds: `results[i]` is what was heard in `chunks[i]`, from the chunk's start.

    Segments come out in order and sentence by sentence, within their chunk and the recording; loops, within a chunk
    or across a seam, are cut down to one.
    """
    merged: list[Segment] = []
    now_s = 0.0
    for chunk, heard in sorted(zip(chunks, results, strict=True), key=lambda pair: pair[0].start_s):
        end_s = min(chunk.end_s, duration_s)
        for segment in sorted(heard, key=lambda segment: segment.start_s):
            for sentence in sentences(segment):
                moved = _moved(sentence, chunk.start_s, not_before_s=min(now_s, end_s), not_after_s=end_s)
                if moved.text:
                    merged.append(moved)
                    now_s = moved.end_s
    return Transcript(language=language, duration_s=duration_s, segments=tuple(_without_loops(merged)))


def _moved(segment: Segment, by_s: float, *, not_before_s: float, not_after_s: float) -> Segment:
    """The segment `by_s` later, its words one after the other between the two limits."""
    words: list[Word] = []
    now_s = not_before_s
    for word in segment.words:
        start_s = min(max(now_s, word.start_s + by_s), not_after_s)
        end_s = min(max(start_s, word.end_s + by_s), not_after_s)
        words.append(word.model_copy(update={"start_s": round(start_s, 3), "end_s": round(end_s, 3)}))
        now_s = end_s
    start_s = words[0].start_s if words else min(max(not_before_s, segment.start_s + by_s), not_after_s)
    end_s = words[-1].end_s if words else min(max(start_s, segment.end_s + by_s), not_after_s)
    return segment.model_copy(
        update={
            "start_s": round(start_s, 3),
            "end_s": round(end_s, 3),
            "text": segment.text.strip(),
            "words": tuple(words),
        }
    )


def _without_loops(segments: list[Segment]) -> list[Segment]:
    """The segments, without the repeats of a sentence that comes `LOOP_REPEATS` times or more in a row."""
    kept: list[Segment] = []
    index = 0
    while index < len(segments):
        said = segments[index].text.casefold()
        after = index + 1
        while after < len(segments) and segments[after].text.casefold() == said:
            after += 1
        is_loop = after - index >= LOOP_REPEATS and len(said.split()) >= LOOP_WORDS
        kept.extend(segments[index : index + 1] if is_loop else segments[index:after])
        index = after
    return kept
