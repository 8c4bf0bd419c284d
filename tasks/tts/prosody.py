"""A prosody mark in numbers: how much faster, higher and louder than the voice itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tasks.errors import InvalidRequest
from tasks.schemas import Mark

# SSML 1.1 leaves to the engine what its words mean; these are eSpeak NG's own numbers (1.52, ssml.c), as factors.
RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.1, "x-high": 1.2}
VOLUMES = {"silent": 0.0, "x-soft": 0.3, "soft": 0.65, "medium": 1.0, "default": 1.0, "loud": 1.5, "x-loud": 2.3}
LARGEST = 100.0  # no engine goes so far, and infinity is no number to reckon with
NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<value>\d+(?:\.\d+)?)(?P<unit>%|st|dB|)")


@dataclass(frozen=True)
class Prosody:
    """Factors over the voice's own rate, pitch (frequency) and volume (amplitude)."""

    rate: float = 1.0
    pitch: float = 1.0
    volume: float = 1.0


def prosody_of(marks: Iterable[Mark], start: int, end: int) -> Prosody:
    """How the text from `start` to `end` is said; of marks inside one another, each counts on top of the outer one.

    Raises: InvalidRequest when a mark asks for what is neither a word nor a number of SSML 1.1.
    """
    rate, pitch, volume = 1.0, 1.0, 1.0
    for mark in marks:
        if mark.kind == "prosody" and max(mark.start, start) < min(mark.end, end):
            rate *= _factor(mark, "rate", RATES, bare=True)
            pitch *= _factor(mark, "pitch", PITCHES, unit="st")
            volume *= _factor(mark, "volume", VOLUMES, unit="dB")
    return Prosody(rate, pitch, volume)


def _factor(mark: Mark, name: str, words: dict[str, float], *, unit: str = "", bare: bool = False) -> float:
    """A factor out of `fast`, `80%`, `+10%`, `-2st`, `+6dB` or, where a bare number may stand, `1.2`."""
    written = mark.settings.get(name, "default").strip()
    if written in words:
        return words[written]
    found = NUMBER.fullmatch(written)
    if found and found["unit"] == "%":
        value = min(float(found["value"]) / 100, LARGEST)
        return value if not found["sign"] else max(0.0, 1 + value if found["sign"] == "+" else 1 - value)
    if found and found["unit"] == unit != "":
        exponent = float(found["sign"] + found["value"]) / (12 if unit == "st" else 20)
        return math.pow(2 if unit == "st" else 10, max(-10.0, min(10.0, exponent)))
    if found and bare and not found["unit"] and not found["sign"]:
        return min(float(found["value"]), LARGEST)
    ways = f"{', '.join(words)}, 80%, +10%" + (f", +2{unit}" if unit else "") + (", 1.2" if bare else "")
    raise InvalidRequest(f"prosody {name}={written!r} is not understood; write one of {ways}")
