"""Cut a long recording into chunks that begin and end in silence, in one pass and with little memory."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ
from tasks.schemas import ChunkBounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FRAME = 512  # samples that Silero's detector judges at once, at 16 kHz
FRAME_S = FRAME / ASR_SAMPLE_RATE_HZ
BLOCK_FRAMES = 1875  # a minute
WARM_UP_FRAMES = 32  # a second of the block before, so that the detector knows where it is
SPEECH, SILENCE = 0.5, 0.35  # Silero's own thresholds: above is speech, below is silence, between nothing changes
SHORTEST_PAUSE_S = 0.3
SHORTEST_SPEECH_S = 0.1
LONG_SILENCE_S = 20.0
EDGE_S = 0.3  # silence kept around a chunk: detectors are late at soft beginnings
MAX_CHUNK_S = 300.0


class Span(NamedTuple):
    """Somebody speaks, in the recording's own time."""

    start_s: float
    end_s: float


def cut_chunks(
    recording: Path, *, max_chunk_s: float = MAX_CHUNK_S, long_silence_s: float = LONG_SILENCE_S
) -> tuple[ChunkBounds, ...]:
    """The chunks of a 16 kHz mono file, in order; none where nobody speaks. The same file gives the same chunks.

    A chunk is at most `max_chunk_s` long and holds no silence longer than `long_silence_s`. Where a speaker makes no
    pause for that long, the cut is at the least speech-like moment.
    """
    with soundfile.SoundFile(recording) as file:
        if file.samplerate != ASR_SAMPLE_RATE_HZ or file.channels != 1:
            raise ValueError(f"{recording}: {file.samplerate} Hz, {file.channels} channels; 16 kHz mono is needed")
        duration_s = file.frames / ASR_SAMPLE_RATE_HZ
        probabilities = _speech_probabilities(file)
    longest_s = max_chunk_s - 2 * EDGE_S
    spans = [part for span in _speech(probabilities) for part in _parts(span, probabilities, longest_s)]
    groups = _grouped(spans, longest_s=longest_s, long_silence_s=long_silence_s)
    return _with_edges(groups, duration_s)


def _speech_probabilities(file: soundfile.SoundFile) -> NDArray[np.float32]:
    """How likely each frame is speech: float32, shape (n_frames,); read and judged a block at a time."""
    detect = _detector()
    # Made whole beforehand: small results, kept between large buffers that come and go, scatter the heap to gigabytes.
    probabilities = np.zeros(-(-file.frames // FRAME), dtype=np.float32)
    before = np.zeros(WARM_UP_FRAMES * FRAME, dtype=np.float32)
    for number, block in enumerate(file.blocks(BLOCK_FRAMES * FRAME, dtype="float32")):
        first, frames = number * BLOCK_FRAMES, -(-len(block) // FRAME)
        padded = np.pad(block, (0, frames * FRAME - len(block)))
        # One frame more: the detector overwrites the last samples of what it is given.
        heard = detect(np.concatenate([before, padded, np.zeros(FRAME, np.float32)]))
        probabilities[first : first + frames] = heard.reshape(-1)[WARM_UP_FRAMES : WARM_UP_FRAMES + frames]
        before = padded[-len(before) :] if len(padded) >= len(before) else before
    return probabilities


@cache
def _detector() -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    # By name, as engines are: onnxruntime is heavy, and who plans the work need not load it.
    detector: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    detector = import_module("faster_whisper.vad").get_vad_model()
    return detector


def _speech(probabilities: NDArray[np.float32]) -> list[Span]:
    """Stretches of speech between pauses."""
    spans: list[Span] = []
    start: int | None = None
    quiet_since = 0
    for frame, probability in enumerate(probabilities):
        if probability >= SPEECH:
            if start is None:
                start = frame
            quiet_since = frame + 1
        elif start is not None and probability >= SILENCE:
            quiet_since = frame + 1
        elif start is not None and (frame + 1 - quiet_since) * FRAME_S >= SHORTEST_PAUSE_S:
            spans.append(Span(start * FRAME_S, quiet_since * FRAME_S))
            start = None
    if start is not None:
        spans.append(Span(start * FRAME_S, quiet_since * FRAME_S))
    return [span for span in spans if span.end_s - span.start_s >= SHORTEST_SPEECH_S]


def _parts(span: Span, probabilities: NDArray[np.float32], longest_s: float) -> Iterator[Span]:
    """The span, cut where it is too long at its least speech-like frames."""
    while span.end_s - span.start_s > longest_s:
        first, last = round((span.start_s + longest_s / 2) / FRAME_S), int((span.start_s + longest_s) / FRAME_S)
        cut_s = (first + int(np.argmin(probabilities[first:last]))) * FRAME_S
        yield Span(span.start_s, cut_s)
        span = Span(cut_s, span.end_s)
    yield span


def _grouped(spans: list[Span], *, longest_s: float, long_silence_s: float) -> list[Span]:
    """Neighbouring spans together, cut at the longest pause in the second half of what fits."""
    groups: list[Span] = []
    first = 0
    while first < len(spans):
        last = first
        while (
            last + 1 < len(spans)
            and spans[last + 1].end_s - spans[first].start_s <= longest_s
            and spans[last + 1].start_s - spans[last].end_s <= long_silence_s
        ):
            last += 1
        is_full = last + 1 < len(spans) and spans[last + 1].start_s - spans[last].end_s <= long_silence_s
        if is_full:
            half_s = spans[first].start_s + longest_s / 2
            candidates = [i for i in range(first, last + 1) if spans[i].end_s >= half_s] or [last]
            last = max(candidates, key=lambda i: spans[i + 1].start_s - spans[i].end_s)
        groups.append(Span(spans[first].start_s, spans[last].end_s))
        first = last + 1
    return groups


def _with_edges(groups: list[Span], duration_s: float) -> tuple[ChunkBounds, ...]:
    """The groups with some silence around them, without overlap."""
    if not groups:
        return ()
    middles = [(one.end_s + other.start_s) / 2 for one, other in pairwise(groups)]
    limits = [0.0, *middles, duration_s]
    return tuple(
        ChunkBounds(start_s=round(max(low, group.start_s - EDGE_S), 3), end_s=round(min(high, group.end_s + EDGE_S), 3))
        for group, (low, high) in zip(groups, pairwise(limits), strict=True)
    )
