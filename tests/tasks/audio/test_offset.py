from __future__ import annotations

import numpy as np
import pytest
from signals import babble, noise

from tasks.audio.offset import offset_of, without_offset


def test_direct_current_is_found_and_taken_out_of_its_channel():
    samples = babble(3) + np.array([[0.05], [-0.002]], np.float32)
    offset = offset_of(np.array_split(samples, 7, axis=1))
    centred = np.concatenate(list(without_offset([samples], offset)), axis=1)

    assert offset == pytest.approx([0.05, -0.002], abs=5e-4)
    assert np.abs(centred.mean(axis=1)).max() < 1e-6
    assert centred.dtype == np.float32


def test_a_peak_at_full_scale_stays_whole():
    samples = np.clip(babble(3) + np.float32(0.1), -1, 1)
    samples[:, 1000:1010] = np.linspace(-1, -0.9, 10, dtype=np.float32)

    centred = np.concatenate(list(without_offset([samples], offset_of([samples]))), axis=1)

    assert np.abs(centred).max() <= 1 + 1e-6
    assert np.diff(centred[:, 1000:1010]).min() > 0, "no sample was cut off"


def test_an_offset_that_nobody_could_notice_is_none():
    assert not offset_of([noise(1, -20) + np.float32(5e-4)]).any()
    assert not offset_of([]).any()
