"""Conversations for tests: two people at different distances from one microphone, and who speaks when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soundfile
import soxr
from signals import RATE_HZ, Samples, babble, noise, recording

from tasks.audio.loudness import measure
from tasks.schemas import Loudness, Segment


@dataclass(frozen=True)
class Conversation:
    """Sound of one channel, and its turns."""

    samples: Samples
    turns: tuple[Segment, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(sorted({turn.speaker for turn in self.turns}))

    def loudness(self, samples: Samples) -> dict[str, Loudness]:
        """What each speaker measures in `samples`, which is this conversation after something was done to it."""
        spans = {who: [_span(turn) for turn in self.turns if turn.speaker == who] for who in self.speakers}
        return {
            who: measure(np.concatenate([samples[:, span] for span in own], axis=1), RATE_HZ)
            for who, own in spans.items()
        }

    def apart(self, difference_db: float, room_dbfs: float = -65.0) -> Conversation:
        """The same with the first speaker so much louder than the others, around -23 LUFS, in a room that hisses."""
        own = self.loudness(self.samples)
        samples = self.samples.copy()
        for turn in self.turns:
            above_db = difference_db / 2 if turn.speaker == self.speakers[0] else -difference_db / 2
            gain_db = -23.0 + above_db - own[turn.speaker].integrated_lufs
            samples[:, _span(turn)] *= np.float32(10 ** (gain_db / 20))
        hiss = noise(samples.shape[1] / RATE_HZ, room_dbfs, seed=9)[:, : samples.shape[1]]
        return Conversation((samples + hiss).astype(np.float32), self.turns)


def real(name: str) -> Conversation:
    """A mix of real readers from the test data."""
    samples, rate_hz = soundfile.read(recording(f"multi/mix/{name}.wav"), dtype="float32")
    rows = [line.split() for line in recording(f"multi/mix/{name}.rttm").read_text().splitlines()]
    turns = tuple(_turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows)
    return Conversation(soxr.resample(samples, rate_hz, RATE_HZ)[None], turns)


def made(*turns: tuple[str, float, float], pause_s: float = 0.4) -> Conversation:
    """Babble of speakers, each of them (name, seconds, loudness in dBFS), with pauses between."""
    pieces = [(who, babble(duration_s, level, seed=number)) for number, (who, duration_s, level) in enumerate(turns)]
    return joined(pieces, [pause_s] * len(pieces))


def joined(pieces: list[tuple[str, Samples]], pauses_s: list[float]) -> Conversation:
    """What speakers say, one after the other, each after its pause."""
    parts, placed, at_s = [], [], 0.0
    for number, ((speaker, said), pause_s) in enumerate(zip(pieces, pauses_s, strict=True)):
        parts += [noise(pause_s, -75.0, seed=number), said]
        placed.append(_turn(at_s + pause_s, at_s + pause_s + said.shape[1] / RATE_HZ, speaker))
        at_s = placed[-1].end_s
    return Conversation(np.concatenate(parts, axis=1), tuple(placed))


def _turn(start_s: float, end_s: float, speaker: str) -> Segment:
    return Segment(start_s=start_s, end_s=end_s, text="", speaker=speaker)


def _span(turn: Segment) -> slice:
    return slice(round(turn.start_s * RATE_HZ), round(turn.end_s * RATE_HZ))
