"""Prosody inside a text, as eSpeak NG's embedded commands: the voice changes within a sentence whose tune goes on.

A command is Ctrl-A, a number and a letter: what the library makes of SSML itself (ProcessParamStack in its ssml.c).
A text never holds a Ctrl-A of its own: `speakable` takes control characters away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from tasks.schemas import Mark
from tasks.tts.prosody import prosody_of

SLOWEST_WPM, FASTEST_WPM = 80, 450  # what libespeak-ng takes
STEPS_PER_SEMITONE = 6  # of pitch 0 to 99, 50 being the voice's own: measured +8.8 semitones at 99, -6.6 at 0
PLAIN_AMPLITUDE, LOUDEST_AMPLITUDE = 100, 200
COMMAND = "\x01{value}{letter}"
LETTERS = "SPA"  # speed, pitch, amplitude


def with_commands(
    text: str, positions: list[int], marks: Sequence[Mark], *, rate_wpm: float, pitch_st: float
) -> tuple[str, list[int]]:
    """`text` with a command before each word at which the voice changes, and where each character comes from.

    positions: for each character of `text`, its index in the text that `marks` count in. A mark over a part of a word
    takes all of it.
    Raises: InvalidRequest when a mark cannot be read.
    """
    pieces, origins, last = [], list[int](), 0
    now = parameters(rate_wpm, pitch_st)
    for word in re.finditer(r"\S+", text):
        prosody = prosody_of(marks, positions[word.start()], positions[word.end() - 1] + 1)
        wanted = parameters(
            rate_wpm * prosody.rate,
            pitch_st + 12 * float(np.log2(max(prosody.pitch, 0.01))),
            PLAIN_AMPLITUDE * prosody.volume,
        )
        changed = zip(wanted, now, LETTERS, strict=True)
        commands = "".join(COMMAND.format(value=new, letter=letter) for new, old, letter in changed if new != old)
        # Only right before a word: behind one, the library loses count of the characters that follow (1.52.0).
        pieces += [text[last : word.start()], commands, word[0]]
        origins += positions[last : word.start()] + [positions[word.start()]] * len(commands)
        origins += positions[word.start() : word.end()]
        now, last = wanted, word.end()
    return "".join(pieces) + text[last:], origins + positions[last:]


def parameters(rate_wpm: float, pitch_st: float, amplitude: float = PLAIN_AMPLITUDE) -> tuple[int, int, int]:
    """Speed, pitch and amplitude as libespeak-ng takes them."""
    return (
        int(np.clip(round(rate_wpm), SLOWEST_WPM, FASTEST_WPM)),
        int(np.clip(round(50 + pitch_st * STEPS_PER_SEMITONE), 0, 99)),
        int(np.clip(round(amplitude), 0, LOUDEST_AMPLITUDE)),
    )
