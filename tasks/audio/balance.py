"""Where in the stereo picture voices stand: a voice in one ear alone tires, and a microphone's channel may be empty."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from tasks.audio.levels import LevelMeter, speech_level
from tasks.audio.samples import Samples
from tasks.schemas.treatment import Standing

_ONE_EAR_DB = 12.0
"""What is so much louder in one channel is heard in one ear: half of it, at 6 dB, still has a place between both."""
_MOSTLY, _WHOLLY = 0.9, 0.99
"""The shares of what is heard for which one ear has to hold: real channels leak, and people laugh together."""


def standing(blocks: Iterable[Samples], *, sample_rate_hz: int) -> Standing:
    """Where the voices of a recording in two channels stand.

    blocks: of shape (2, n_samples).
    """
    meters = [LevelMeter(sample_rate_hz, 1) for _ in range(2)]
    for block in blocks:
        for meter, channel in zip(meters, block, strict=True):
            meter.push(channel[None])
    left, right = (meter.result() for meter in meters)
    heard = speech_level(np.maximum(left, right)).is_speech
    difference_db = (left - right)[heard]
    if not difference_db.size:
        return "between"
    in_left, in_right = _share(difference_db >= _ONE_EAR_DB), _share(difference_db <= -_ONE_EAR_DB)
    if max(in_left, in_right) >= _WHOLLY:
        return "left" if in_left > in_right else "right"
    return "apart" if in_left + in_right >= _MOSTLY else "between"


def in_the_middle(blocks: Iterable[Samples], where: Standing) -> Iterator[Samples]:
    """The sound in one channel, which is heard in the middle: the channel that holds it, or the mean of both."""
    for block in blocks:
        yield block[:1] if where == "left" else block[1:] if where == "right" else block.mean(axis=0, keepdims=True)


def _share(mask: NDArray[np.bool_]) -> float:
    return float(mask.mean())
