"""One loudness for each voice: the gain that a voice keeps through an episode."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

from tasks.audio.loudness import Meter
from tasks.audio.pcm import info, read_blocks
from tasks.audio.progress import reported

VOICE_LUFS = -23.0
"""Where voices meet before mastering. Source: EBU R 128, target level."""
_GATE_LU = 10.0  # below the mean: pauses and murmurs say nothing of a voice. Source: ITU-R BS.1770-5, relative gate
_STEP_DB = 0.5  # less than anybody hears, so that an edited line seldom moves its voice


def voice_gain_db(clips: Iterable[tuple[float, float]]) -> float:
    """The gain that brings a voice to `VOICE_LUFS`, in steps of half a decibel; 0 where nothing can be measured.

    clips: loudness in LUFS and duration in seconds of all that the voice says.
    """
    heard = [(10 ** (loudness_lufs / 10), duration_s) for loudness_lufs, duration_s in clips if loudness_lufs > -70.0]
    if not heard:
        return 0.0
    mean = _mean(heard)
    loud = _mean([(power, duration_s) for power, duration_s in heard if power >= mean * 10 ** (-_GATE_LU / 10)])
    return round((VOICE_LUFS - 10 * math.log10(loud)) / _STEP_DB) * _STEP_DB


def speech_lufs(path: Path) -> float:
    """The loudness of a FLAC file as it is heard in one channel; -inf where there is too little to measure.

    Raises: UnreadableSource.
    """
    meter = Meter(info(path).sample_rate_hz, 1)
    for block in reported(read_blocks(path), "measured", sample_rate_hz=info(path).sample_rate_hz):
        meter.push(block.mean(axis=0, keepdims=True))
    return meter.result().integrated_lufs


def _mean(heard: list[tuple[float, float]]) -> float:
    total_s = sum(duration_s for _, duration_s in heard)
    return sum(power * duration_s for power, duration_s in heard) / total_s if total_s else heard[0][0]
