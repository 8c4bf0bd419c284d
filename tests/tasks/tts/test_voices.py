"""The embedded voices: a listener must be able to tell them apart."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from tasks.tts.espeak.engine import SAMPLE_RATE_HZ, Espeak
from tasks.tts.presets import embedded_voices

SENTENCE = "Góðan daginn og velkomin. Í dag ræðum við um íslenska tungu."
WOMEN, MEN = ("espeak-asa", "espeak-erla"), ("espeak-birkir", "espeak-flosi")


def pitch_hz(samples: np.ndarray) -> float:
    """The median fundamental of the voiced frames, by autocorrelation between 60 and 400 Hz."""
    found = []
    for start in range(0, len(samples) - 1024, 512):
        frame = samples[start : start + 1024]
        if np.sqrt(np.mean(frame**2)) < 0.05:
            continue
        correlation = np.correlate(frame - frame.mean(), frame - frame.mean(), "full")[1023:]
        lag = SAMPLE_RATE_HZ // 400 + int(np.argmax(correlation[SAMPLE_RATE_HZ // 400 : SAMPLE_RATE_HZ // 60]))
        if correlation[lag] > 0.5 * correlation[0]:
            found.append(SAMPLE_RATE_HZ / lag)
    return float(np.median(found))


@pytest.fixture(scope="module")
def pitches():
    engine = Espeak()
    voices = {voice.name: engine.synthesize(SENTENCE, voice, "is").samples[0] for voice in embedded_voices()}
    engine.close()
    return {name: pitch_hz(samples) for name, samples in voices.items()}


def test_women_speak_higher_than_men(pitches):
    assert all(pitches[woman] - pitches[man] > 30 for woman, man in product(WOMEN, MEN))


def test_voices_of_a_kind_are_told_apart_by_pitch(pitches):
    assert abs(pitches[WOMEN[0]] - pitches[WOMEN[1]]) > 15
    assert abs(pitches[MEN[0]] - pitches[MEN[1]]) > 15


def test_the_first_two_voices_differ_most_in_pitch(pitches):
    names = [voice.name for voice in embedded_voices()]
    assert abs(pitches[names[0]] - pitches[names[1]]) >= max(pitches.values()) - min(pitches.values()) - 5


def test_every_voice_says_in_its_title_that_it_is_espeak():
    assert all("eSpeak" in voice.title for voice in embedded_voices())
    assert len({voice.name for voice in embedded_voices()}) == len(embedded_voices()) >= 4
