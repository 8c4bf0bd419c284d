import numpy as np
import pytest
from signals import RATE_HZ, Samples, noise, tone

from tasks.audio.crossfade import crossfade, falling, rising


def level_db(samples: Samples) -> np.ndarray:
    """The level in windows of 50 ms."""
    windows = samples[0, : samples.shape[1] // 2400 * 2400].reshape(-1, 2400)
    return 10 * np.log10(np.mean(np.square(windows), axis=1))


def test_a_crossfade_of_unlike_sounds_neither_dips_nor_rises():
    mixed = crossfade(noise(4.0, seed=1), noise(4.0, seed=2))

    assert np.abs(level_db(mixed) + 23.0).max() < 0.5


def test_fades_of_a_mix_neither_dip_nor_rise_over_unlike_sounds():
    one, other, length = noise(4.0, seed=1), noise(4.0, seed=2), 4 * RATE_HZ

    mixed = one * falling(0, length, length) + other * rising(0, length, length)

    assert np.abs(level_db(mixed) + 23.0).max() < 0.5
    assert np.square(falling(0, 99, 99)) + np.square(rising(0, 99, 99)) == pytest.approx(np.ones(99), abs=1e-6)


def test_a_crossfade_of_the_same_material_is_that_material():
    same = noise(1.0, channels=2)

    assert crossfade(same, same) == pytest.approx(same, abs=1e-6)


def test_a_crossfade_of_what_cancels_itself_stays_bounded():
    sine = tone(1.0, -6.0)

    assert np.abs(crossfade(sine, -sine)).max() <= 0.51


def test_a_crossfade_with_silence_or_of_nothing_is_finite():
    assert np.isfinite(crossfade(np.zeros((1, 100), np.float32), noise(100 / RATE_HZ))).all()
    assert crossfade(np.zeros((1, 0), np.float32), np.zeros((1, 0), np.float32)).shape == (1, 0)
