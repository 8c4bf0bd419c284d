from __future__ import annotations

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, read_speech, silence, tone

from tasks.audio.levels import FLOOR_DBFS, LevelMeter, Levels, speech_change_db, speech_level


def levels(samples: Samples, size: int = 480_000) -> Levels:
    meter = LevelMeter(RATE_HZ, len(samples))
    for start in range(0, samples.shape[1], size):
        meter.push(samples[:, start : start + size])
    return meter.result()


def test_levels_are_those_of_each_hundredth_of_a_second():
    measured = levels(np.concatenate([silence(0.5), tone(0.505, -20.0)], axis=1))

    assert len(measured) == 101
    assert measured[:49] == pytest.approx(FLOOR_DBFS)
    assert measured[60:100] == pytest.approx(-23.0, abs=0.1)


def test_levels_are_the_same_whatever_the_size_of_the_blocks():
    samples = np.concatenate([babble(1.3), noise(1.3, -40)])
    for size in (77, 48_000):
        assert levels(samples, size) == pytest.approx(levels(samples), abs=1e-3)


@pytest.mark.parametrize("snr_db", [10.0, 20.0, 30.0])
def test_speech_is_told_from_noise(snr_db: float):
    found = speech_level(levels(read_speech(10) + noise(10, -23.0 - snr_db)))

    assert found.snr_db == pytest.approx(snr_db, abs=8)
    assert found.noise_dbfs == pytest.approx(-23.0 - snr_db, abs=1.5)


def test_rumble_is_no_noise():
    assert speech_level(levels(read_speech(10) + tone(10, -30.0, hz=25.0))).snr_db > 28


def test_nothing_stands_out_of_a_tone_or_of_silence():
    assert not speech_level(levels(tone(2))).is_speech.any()
    assert not speech_level(levels(silence(2))).is_speech.any()
    assert not speech_level(np.zeros(0, np.float32)).is_speech.any()


def test_a_change_of_speech_is_found_whatever_happened_to_the_noise():
    speech = read_speech(10)
    before = levels(speech + noise(10, -33.0))

    assert speech_change_db(before, levels(speech)) == pytest.approx(0, abs=0.7)
    assert speech_change_db(before, levels(speech * np.float32(0.5) + noise(10, -60.0))) == pytest.approx(-6, abs=0.7)
    assert speech_change_db(levels(silence(2)), levels(silence(2))) == 0
