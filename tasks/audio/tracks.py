"""Tracks side by side become one sound, in blocks; every value depends on its place alone, and on no block's size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
import soundfile

from tasks.audio.crossfade import Gains, crossfade, falling, rising
from tasks.audio.pcm import BLOCK_S, PROGRAMME_RATE_HZ, open_sound
from tasks.audio.samples import Samples
from tasks.errors import UnreadableSource

_SEAM = 2 * PROGRAMME_RATE_HZ


class Curve(Protocol):
    """A gain that changes in time."""

    def gains(self, start: int, end: int) -> Gains:
        """Of the samples `start` to `end` of the mix."""


@dataclass(frozen=True)
class Track:
    """A stretch of a sound file at a place of the mix; all numbers count samples."""

    path: Path
    start: int
    n_samples: int
    offset: int = 0
    """Where in the file it begins."""
    gain: float = 1.0
    fade_in: int = 0
    fade_out: int = 0
    again: bool = False
    """Whether the file begins anew at its end, in a crossfade."""
    curve: Curve | None = None

    @property
    def end(self) -> int:
        """One past its last sample in the mix."""
        return self.start + self.n_samples


def mix(
    tracks: Sequence[Track], *, n_samples: int, channels: int, block: int = round(BLOCK_S * PROGRAMME_RATE_HZ)
) -> Iterator[Samples]:
    """The sum of the tracks, in blocks of `block` samples; one channel is heard in the middle of two.

    Raises: UnreadableSource.
    """
    players: dict[int, _Player] = {}
    try:
        for start in range(0, n_samples, block):
            end = min(start + block, n_samples)
            total = np.zeros((channels, end - start), np.float32)
            for number, track in enumerate(tracks):
                first, last = max(start, track.start), min(end, track.end)
                if first < last:
                    player = players.setdefault(number, _Player(track))
                    total[:, first - start : last - start] += player.play(first, last)
                elif number in players:
                    players.pop(number).close()
            yield total
    finally:
        for player in players.values():
            player.close()


class Reel:
    """A sound file that is read from any place; in order costs no seeking."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = open_sound(path)
        self._place = 0
        self.n_samples = int(self._file.frames)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, start: int, end: int) -> Samples:
        """The samples `start` to `end`; shape (n_channels, end - start).

        Raises: UnreadableSource, also where the file ends before its header says so.
        """
        try:
            if start != self._place:
                self._file.seek(start)
            frames = self._file.read(end - start, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise UnreadableSource(f"{self._path.name} is damaged at sample {start}: {error}") from error
        if len(frames) != end - start:
            raise UnreadableSource(f"{self._path.name} ends at sample {start + len(frames)}; its header promises more")
        self._place = end
        return np.ascontiguousarray(frames.T)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


class _Loop:
    """A reel that begins anew at its end, as often as it takes; the seam is a crossfade of two seconds."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        n_seam = min(_SEAM, reel.n_samples // 4)
        self._period = reel.n_samples - n_seam
        self._seam = crossfade(reel.read(self._period, reel.n_samples), reel.read(0, n_seam))

    def read(self, start: int, end: int) -> Samples:
        """The samples `start` to `end` of an endless sound."""
        pieces = []
        while start < end:
            turn, place = divmod(start, self._period)
            n_seam = self._seam.shape[1] if turn else 0
            stop = min(place + end - start, n_seam if place < n_seam else self._period)
            in_seam = place < n_seam
            pieces.append(self._seam[:, place:stop] if in_seam else self._reel.read(place, stop))
            start += stop - place
        return np.concatenate(pieces, axis=1)


class _Player:
    """Plays a track from its file."""

    def __init__(self, track: Track) -> None:
        self._track = track
        self._reel = Reel(track.path)
        self._sound = _Loop(self._reel) if track.again else self._reel

    def play(self, start: int, end: int) -> Samples:
        """What is heard of it between two samples of the mix."""
        track = self._track
        samples = self._sound.read(track.offset + start - track.start, track.offset + end - track.start)
        samples = samples * np.float32(track.gain)
        first, last = start - track.start, end - track.start
        if first < track.fade_in:
            stop = min(last, track.fade_in)
            samples[:, : stop - first] *= rising(first, stop, track.fade_in)
        if last > (fading := track.n_samples - track.fade_out):
            begin = max(first, fading)
            samples[:, begin - first :] *= falling(begin - fading, last - fading, track.fade_out)
        if track.curve is not None:
            samples *= track.curve.gains(start, end)
        return samples

    def close(self) -> None:
        """Let the file go."""
        self._reel.close()
