from __future__ import annotations

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, read_speech, silence

from tasks.audio.balance import in_the_middle, standing


def where(samples: Samples, *, blocks: int = 7) -> str:
    return standing(np.array_split(samples, blocks, axis=1), sample_rate_hz=RATE_HZ)


def both(left: Samples, right: Samples) -> Samples:
    return np.concatenate([left, right]) + noise(left.shape[1] / RATE_HZ, -75, channels=2)


VOICE, OTHER = babble(12), babble(12, seed=2)


def turns(first: Samples, second: Samples, leak_db: float) -> Samples:
    """Two who take turns of three seconds, each at a microphone that hears the other a little."""
    speaks = np.floor(np.arange(first.shape[1]) / RATE_HZ / 3) % 2 == 0
    one, two, leak = first * speaks, second * ~speaks, 10 ** (leak_db / 20)
    return both(one + leak * two, two + leak * one)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (both(VOICE, silence(12)), "left"),
        (both(silence(12), VOICE), "right"),
        (both(0.05 * VOICE, VOICE), "right"),
        (turns(VOICE, OTHER, -20), "apart"),
        (turns(VOICE, OTHER, -6), "between"),
        (both(VOICE, VOICE), "between"),
        (both(VOICE, 0.5 * VOICE), "between"),
        (noise(6, -30, channels=2), "between"),
        (silence(6, channels=2), "between"),
        (np.zeros((2, 0), np.float32), "between"),
        (np.zeros((2, 1), np.float32), "between"),
    ],
)
def test_voices_are_found_where_they_stand(samples: Samples, expected: str):
    assert where(samples) == expected
    assert where(samples, blocks=1) == expected


def test_what_one_ear_hears_is_kept_sample_by_sample():
    samples = both(VOICE, silence(12))

    (left,), (right,) = (list(in_the_middle([samples], side)) for side in ("left", "right"))
    (mean,) = in_the_middle([samples], "apart")

    assert np.array_equal(left, samples[:1])
    assert np.array_equal(right, samples[1:])
    assert mean.shape == left.shape
    assert mean == pytest.approx(samples.mean(axis=0, keepdims=True))


def test_two_readers_at_microphones_of_their_own_are_found():
    first, second = (
        read_speech(18, f"en/librispeech/{name}.flac") for name in ("2033-164914-0004", "1688-142285-0001")
    )

    assert where(turns(first, second, -20)) == "apart"
    assert where(turns(first, second, -9)) == "between"
