"""Long silences of a recording: where they are, and the recording without the middle of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.audio.energies import HOP_S, Energies, integrated_lufs, lufs
from tasks.audio.runs import runs_of
from tasks.audio.samples import Samples
from tasks.schemas import Cut, Word

SHORTEST_KEPT_S = 0.2
_FADE_S = 0.04
_LONGEST_WORD_S = 60.0  # and far longer than any: a transcript may be off
_SHORTEST_CUT_S = 0.1  # what is saved by less is nothing, and every seam is a risk
_SILENT_BELOW_LU = 35.0  # below the loudness of all: in a quiet room even whispers are louder
_ABOVE_ROOM_LU = 4.0  # a steady room's own noise rises no higher
_ROOM_PERCENTILE = 10.0
_LOUDEST_ROOM_LU = 15.0  # below the loudness of all; what is louder may be soft speech, or music


def find_silences(
    energies: Energies, *, longer_than_s: float, kept_s: float, words: Sequence[Word] = ()
) -> tuple[Cut, ...]:
    """What to take out of the silences that are longer than `longer_than_s`, so that `kept_s` is left of each.

    energies: K-weighted, shape (n_hops,).
    kept_s: at least `SHORTEST_KEPT_S` and at most `longer_than_s`; one half stays behind what is said, one before.
    words: a word in whose middle it is silent was spoken too softly to be measured, and ends the silence.
    Raises: ValueError for another `kept_s`.
    """
    if not SHORTEST_KEPT_S <= kept_s <= longer_than_s:
        raise ValueError(f"{kept_s} s are to be kept of silences longer than {longer_than_s} s; keep less, and some")
    spoken = np.array(sorted((word.start_s, word.end_s) for word in words)).reshape(-1, 2)
    least_s = max(longer_than_s, kept_s + _SHORTEST_CUT_S) + 1e-6
    silences = [
        (start_s, end_s)
        for run in _quiet_runs(energies)
        if run[1] - run[0] > least_s
        for start_s, end_s in _between(spoken, *run)
        if end_s - start_s > least_s
    ]
    return tuple(
        # In whole milliseconds, which are whole samples at 48 kHz: times and sound stay together over many cuts.
        Cut(start_s=round(start_s + kept_s / 2, 3), end_s=round(end_s - kept_s / 2, 3))
        for start_s, end_s in silences
    )


def cut_out(blocks: Iterable[Samples], cuts: Sequence[Cut], *, sample_rate_hz: int) -> Iterator[Samples]:
    """The sound without the cuts, each seam faded over 40 ms; shorter by exactly the samples of the cuts.

    blocks: of any size. cuts: in order, apart, and at least as long as a fade.
    """
    n_fade = round(_FADE_S * sample_rate_hz / 2) * 2
    # Of equal power: what meets at a seam is noise from two moments, and has nothing in common.
    angle = np.pi / 2 * (np.arange(n_fade) + 0.5) / n_fade
    fade_out, fade_in = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    held: list[Samples] = []
    for kind, piece, offset in _pieces(blocks, _regions(cuts, sample_rate_hz, n_fade)):
        here = slice(offset, offset + piece.shape[1])
        if kind == "heard":
            yield piece
        elif kind == "leaving":
            held = [*held, piece * fade_out[here]] if offset else [piece * fade_out[here]]
        elif kind == "arriving":
            yield np.concatenate(held, axis=1)[:, here] + piece * fade_in[here]


def _quiet_runs(energies: Energies) -> Iterator[tuple[float, float]]:
    """Start and end of what is silent, in seconds; none where it is never quiet."""
    all_lufs = integrated_lufs(energies)
    if not np.isfinite(all_lufs):
        return
    levels = lufs(energies)
    room_lufs = min(float(np.percentile(levels, _ROOM_PERCENTILE)) + _ABOVE_ROOM_LU, all_lufs - _LOUDEST_ROOM_LU)
    quiet = levels <= max(room_lufs, all_lufs - _SILENT_BELOW_LU)
    for start, end in runs_of(quiet).tolist():
        yield start * HOP_S, end * HOP_S


def _between(spoken: NDArray[np.float64], start_s: float, end_s: float) -> Iterator[tuple[float, float]]:
    """The parts of a silence around the words whose middles lie in it; spoken: shape (n_words, 2), in order."""
    # Only those that begin near it: an hour has thousands of silences, and ten thousand words.
    near = spoken[slice(*np.searchsorted(spoken[:, 0], [start_s - _LONGEST_WORD_S, end_s]))]
    middles_s = near.mean(axis=1)
    inside = near[(middles_s > start_s) & (middles_s < end_s)].tolist()
    yield from zip([start_s, *(end for _, end in inside)], [*(start for start, _ in inside), end_s], strict=True)


def _regions(cuts: Sequence[Cut], sample_rate_hz: int, n_fade: int) -> Iterator[tuple[str, int]]:
    """What happens to the samples up to which one, in order."""
    half = n_fade // 2
    for cut in cuts:
        start, end = round(cut.start_s * sample_rate_hz), round(cut.end_s * sample_rate_hz)
        yield "heard", start - half
        yield "leaving", start + half
        yield "gone", end - half
        yield "arriving", end + half


def _pieces(blocks: Iterable[Samples], regions: Iterator[tuple[str, int]]) -> Iterator[tuple[str, Samples, int]]:
    """The blocks divided where the regions end; each piece with its kind, and its place in its region."""
    kind, end = next(regions, ("heard", None))
    position = begun = 0
    for block in blocks:
        taken = 0
        while taken < block.shape[1]:
            while position == end:
                begun = position
                kind, end = next(regions, ("heard", None))
            left = block.shape[1] - taken
            n_samples = left if end is None else min(left, end - position)
            yield kind, block[:, taken : taken + n_samples], position - begun
            taken += n_samples
            position += n_samples
