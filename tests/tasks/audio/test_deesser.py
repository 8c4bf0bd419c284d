from __future__ import annotations

import numpy as np
import pytest
from signals import RATE_HZ, Samples, noise, read_speech

from tasks.audio.deesser import Deesser
from tasks.audio.levels import LevelMeter, speech_level


def hiss(duration_s: float, rms_dbfs: float) -> Samples:
    """Something like an s: noise between 5 and 9 kHz."""
    spectrum = np.fft.rfft(noise(duration_s)[0])
    hz = np.fft.rfftfreq(round(duration_s * RATE_HZ), 1 / RATE_HZ)
    samples = np.fft.irfft(np.where((hz > 5_000) & (hz < 9_000), spectrum, 0))
    return (samples * 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(samples**2)))[None].astype(np.float32)


def softened(
    samples: Samples, size: int = 480_000, *, most_db: float = 6.0, speech_dbfs: float = -23.0
) -> tuple[Samples, float]:
    deesser = Deesser(speech_dbfs=speech_dbfs, most_db=most_db)
    blocks = (samples[:, start : start + size] for start in range(0, samples.shape[1], size))
    return np.concatenate(list(deesser.soften(blocks)), axis=1), deesser.softened_s


def level_dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


@pytest.mark.parametrize(("rms_dbfs", "taken_db"), [(-40, 0), (-28, 3.5), (-20, 6), (-10, 6)])
def test_an_s_is_softened_by_how_sharp_it_is_and_no_more_than_asked_for(rms_dbfs: float, taken_db: float):
    sound = np.pad(hiss(0.3, rms_dbfs), ((0, 0), (24_000, 24_000)))
    heard, softened_s = softened(sound)

    middle = slice(26_000, 36_000)
    assert level_dbfs(sound[:, middle]) - level_dbfs(heard[:, middle]) == pytest.approx(taken_db, abs=0.5)
    assert softened_s == pytest.approx(0.3 if taken_db else 0, abs=0.05)


def test_hiss_without_speech_keeps_its_samples():
    rain = noise(2, -30)
    meter = LevelMeter(RATE_HZ, 1)
    meter.push(rain)
    heard, softened_s = softened(rain, speech_dbfs=speech_level(meter.result()).speech_dbfs)

    assert softened_s == 0
    assert np.array_equal(heard, rain)


def test_low_sounds_and_soft_speech_keep_their_samples():
    low = np.convolve(noise(2, -20)[0], np.hanning(48) / 24, "same")[None].astype(np.float32)
    speech = read_speech(5, rms_dbfs=-40)

    assert np.array_equal(softened(low)[0], low)
    assert np.array_equal(softened(speech)[0], speech)


def test_speech_keeps_its_vowels():
    speech = read_speech(10)
    heard, softened_s = softened(speech + np.pad(hiss(0.2, -15), ((0, 0), (96_000, 374_400))))

    assert softened_s < 1.5
    assert np.array_equal(heard[:, : 2 * RATE_HZ - 4_800], softened(speech)[0][:, : 2 * RATE_HZ - 4_800])


@pytest.mark.parametrize("size", [777, 48_000, 1_000_001])
def test_the_samples_are_the_same_whatever_the_size_of_the_blocks(size: int):
    sound = np.concatenate([hiss(12.3, -20), hiss(12.3, -25)])
    assert np.array_equal(softened(sound, size)[0], softened(sound)[0])


@pytest.mark.parametrize("n_samples", [1, 239, 9_601])
def test_short_sound_keeps_its_length(n_samples: int):
    assert softened(hiss(0.3, -10)[:, :n_samples])[0].shape == (1, n_samples)
