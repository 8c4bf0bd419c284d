from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, silence, write

from tasks.audio.codec import Decoded, decode_to_flac, read_span

VOICE = babble(3)


def decoded(tmp_path: Path, samples: Samples) -> tuple[Decoded, Samples]:
    target = tmp_path / "decoded.flac"
    told = decode_to_flac(write(tmp_path / "a.wav", samples), target, max_duration_s=60)
    return told, read_span(target, 0, 60)


@pytest.mark.parametrize("gain", [1.0, 4.0])
def test_a_channel_that_is_the_other_one_upside_down_is_turned_back(tmp_path: Path, gain: float):
    told, heard = decoded(tmp_path, gain * (np.concatenate([VOICE, -0.8 * VOICE]) + noise(3, -60, channels=2)))

    assert told.turned
    assert "upside down" in told.notes[-1]
    assert np.corrcoef(heard)[0, 1] > 0.99
    assert heard.shape == (2, 3 * RATE_HZ)


@pytest.mark.parametrize(
    "samples",
    [
        np.concatenate([VOICE, VOICE]),
        np.concatenate([VOICE, silence(3)]),
        np.concatenate([VOICE, babble(3, seed=2)]),
        np.concatenate([VOICE + noise(3, -30), noise(3, -30) - 0.3 * VOICE]),
        VOICE,
    ],
    ids=["the same", "one silent", "two voices", "wide", "one channel"],
)
def test_other_channels_stay_as_they_are(tmp_path: Path, samples: Samples):
    told, heard = decoded(tmp_path, samples)

    assert (told.turned, told.notes) == (False, ())
    assert np.abs(heard - samples).max() < 1e-4
