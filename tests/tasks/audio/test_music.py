from __future__ import annotations

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, read_speech, tune

from tasks.audio.music import CELL_S, MusicMeter, touching


def judged(samples: Samples, size: int = 480_000) -> MusicMeter:
    meter = MusicMeter(len(samples))
    for start in range(0, samples.shape[1], size):
        meter.push(samples[:, start : start + size])
    return meter


def hum(duration_s: float, hz: float = 50.0) -> Samples:
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    return (0.1 * sum(np.sin(2 * np.pi * hz * n * time_s + n) / n for n in range(1, 12)))[None].astype(np.float32)


@pytest.mark.parametrize("kind", ["chords", "arpeggio", "tune"])
def test_music_is_heard_and_where_it_is(kind: str):
    music, pause = tune(16, kind), babble(16)

    assert judged(music).result().mean() > 0.8
    first, second = np.split(judged(np.concatenate([music, pause, noise(16)], axis=1)).result()[:16], 2)
    assert first[:7].mean() > 0.8
    assert not second[2:].any()


def test_music_under_speech_is_music_and_speech_is_not():
    speech = read_speech(30)

    assert not judged(speech).result().any()
    assert judged(speech + 0.1 * tune(30, "chords")).result().mean() > 0.8


@pytest.mark.parametrize("name", ["is_2spk_mf.wav", "en_2spk.wav"])
def test_conversations_are_no_music(name: str):
    assert not judged(read_speech(30, f"multi/mix/{name}")).result().any()


@pytest.mark.parametrize("number", range(1, 6))
def test_noise_is_no_music(number: int):
    assert not judged(read_speech(20, f"noise/noise{number}.wav")).result().any()


@pytest.mark.parametrize("samples", [noise(20), hum(20), hum(20, 60.0), babble(20)], ids=["hiss", "50", "60", "babble"])
def test_hiss_and_hum_are_no_music(samples: Samples):
    assert not judged(samples).result().any()


def test_scores_are_the_same_whatever_the_size_of_the_blocks():
    samples = np.concatenate([tune(9, "tune"), babble(4.3)], axis=1)
    scores = judged(samples).scores()

    assert len(scores) == np.ceil(samples.shape[1] / RATE_HZ / CELL_S)
    for size in (977, 48_000, 500_001):
        assert np.array_equal(judged(samples, size).scores(), scores)


@pytest.mark.parametrize("n_samples", [0, 1, 4095, 30_000])
def test_what_is_too_short_to_judge_is_no_music(n_samples: int):
    result = judged(tune(2, "chords")[:, :n_samples]).result()

    assert len(result) == (n_samples > 0)


def test_touching_keeps_what_reaches_something_certain():
    possible = np.array([1, 1, 0, 1, 1, 0, 0, 1], bool)
    certain = np.array([0, 1, 0, 0, 0, 0, 0, 1], bool)

    assert touching(certain, possible).tolist() == [True, True, False, False, False, False, False, True]
