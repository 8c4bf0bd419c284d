"""Clips and pauses, one after the other, become a programme."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tasks.audio.pcm import PROGRAMME_RATE_HZ, info, read_blocks, resample_blocks, write_flac
from tasks.audio.samples import Samples

# An engine's silence carries dither or a vocoder's hiss, 50 dB and more below its voice; a soft consonant is louder.
_SILENT_BELOW_PEAK_DB = -46.0
_KEPT_S = 0.010  # of what is silent, so that a soft onset is not cut
_FADE_S = 0.005
_PAUSE_BLOCK_S = 10.0


@dataclass(frozen=True)
class ClipFile:
    """A FLAC or WAV file to be heard, of any rate; several channels become their mean."""

    path: Path
    gain_db: float = 0.0
    whole: bool = False
    """Whether its silences are heard too: a recording's are its room."""


@dataclass(frozen=True)
class Pause:
    """Silence."""

    duration_s: float


@dataclass(frozen=True)
class Placement:
    """Where a clip lies in the programme. A moment in the clip is `moment - trimmed_head_s + start_s` there."""

    start_s: float
    end_s: float
    trimmed_head_s: float


def assemble(
    pieces: Iterable[ClipFile | Pause], target: Path, *, sample_rate_hz: int = PROGRAMME_RATE_HZ
) -> tuple[Placement, ...]:
    """Write the pieces to a FLAC file of one channel, and tell where each clip lies.

    The silence that engines leave around a clip goes: pauses are the caller's. Only one clip is in memory at a time,
    and of a whole one only a block.
    Raises: UnreadableSource for a clip that cannot be read, EncodingFailed when there is no sound at all, StorageFull.
    """
    placements: list[Placement] = []
    write_flac(target, _sound(pieces, placements, sample_rate_hz), sample_rate_hz=sample_rate_hz)
    return tuple(placements)


def _sound(pieces: Iterable[ClipFile | Pause], placements: list[Placement], sample_rate_hz: int) -> Iterator[Samples]:
    position = 0
    for piece in pieces:
        if isinstance(piece, Pause):
            for block in _silence(round(piece.duration_s * sample_rate_hz), sample_rate_hz):
                position += block.shape[1]
                yield block
            continue
        if piece.whole:
            start = position
            for block in _whole(piece, sample_rate_hz):
                position += block.shape[1]
                yield block
            placements.append(Placement(start / sample_rate_hz, position / sample_rate_hz, 0.0))
            continue
        samples, trimmed = trim(_clip(piece, sample_rate_hz), sample_rate_hz=sample_rate_hz)
        end = position + samples.shape[1]
        placements.append(Placement(position / sample_rate_hz, end / sample_rate_hz, trimmed / sample_rate_hz))
        position = end
        if samples.shape[1]:
            yield samples


def trim(samples: Samples, *, sample_rate_hz: int) -> tuple[Samples, int]:
    """The samples without the silence around them, faded against clicks, and how many went from their head.

    samples: shape (1, n_samples). Pure silence loses all.
    """
    loud = np.abs(samples[0])
    heard = np.flatnonzero(loud > loud.max(initial=0.0) * 10 ** (_SILENT_BELOW_PEAK_DB / 20))
    if not heard.size:
        return samples[:, :0], samples.shape[1]
    kept = round(_KEPT_S * sample_rate_hz)
    start = max(0, int(heard[0]) - kept)
    trimmed = samples[:, start : int(heard[-1]) + 1 + kept].copy()
    _fade(trimmed, 0, trimmed.shape[1], sample_rate_hz)
    return trimmed, start


def _fade(samples: Samples, start: int, n_samples: int, sample_rate_hz: int) -> None:
    """Fade the edges of a clip of `n_samples`, of which these begin at `start`."""
    length = min(round(_FADE_S * sample_rate_hz), n_samples // 2)
    place = np.arange(start, start + samples.shape[1])
    for near in (place, n_samples - 1 - place):
        edge = near < length
        samples[:, edge] *= (0.5 - 0.5 * np.cos(np.pi * (near[edge] + 0.5) / max(1, length))).astype(np.float32)


def _whole(clip: ClipFile, sample_rate_hz: int) -> Iterator[Samples]:
    shape, place = info(clip.path), 0
    n_samples = round(shape.n_samples * sample_rate_hz / shape.sample_rate_hz)
    for block in _blocks(clip, sample_rate_hz):
        _fade(block, place, n_samples, sample_rate_hz)
        place += block.shape[1]
        yield block


def _clip(clip: ClipFile, sample_rate_hz: int) -> Samples:
    return np.concatenate([np.zeros((1, 0), np.float32), *_blocks(clip, sample_rate_hz)], axis=1)


def _blocks(clip: ClipFile, sample_rate_hz: int) -> Iterator[Samples]:
    gain = np.float32(10 ** (clip.gain_db / 20))
    mono = (block.mean(axis=0, keepdims=True) * gain for block in read_blocks(clip.path))
    yield from resample_blocks(mono, info(clip.path).sample_rate_hz, to_hz=sample_rate_hz)


def _silence(n_samples: int, sample_rate_hz: int) -> Iterator[Samples]:
    step = round(_PAUSE_BLOCK_S * sample_rate_hz)
    for start in range(0, n_samples, step):
        yield np.zeros((1, min(step, n_samples - start)), np.float32)
