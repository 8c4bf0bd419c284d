"""The edges of a clip: what is silence in a voice that hisses, and in one that does not."""

from __future__ import annotations

import numpy as np
import pytest
from signals import noise, tone

from tasks.tts.clip_shape import HEAD_S, TAIL_S, shaped

RATE_HZ = 48_000


def voice(*, hiss_dbfs: float, level_dbfs: float = -20.0) -> np.ndarray:
    """A second of hiss, a second of voice, a second of hiss. float32, shape (n_samples,)."""
    samples = noise(3.0, hiss_dbfs)[0]
    samples[RATE_HZ : 2 * RATE_HZ] += tone(1.0, level_dbfs)[0]
    return samples


@pytest.mark.parametrize("hiss_dbfs", [-120.0, -80.0, -70.0])
@pytest.mark.parametrize("gain_db", [-20.0, 0.0, 15.0])
def test_hiss_is_cut_from_both_edges_however_loud_the_voice_is(hiss_dbfs, gain_db):
    samples = voice(hiss_dbfs=hiss_dbfs) * np.float32(10 ** (gain_db / 20))
    speech = shaped(samples, RATE_HZ, hisses=True)
    assert speech.samples.shape[0] == 1
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[1] / RATE_HZ == pytest.approx(1.0 + HEAD_S + TAIL_S, abs=0.025)
    assert speech.samples[0, round((HEAD_S + 0.02) * RATE_HZ) :].max() > 0.5 * samples.max()


def test_a_soft_end_stays():
    samples = voice(hiss_dbfs=-90.0)
    samples[2 * RATE_HZ : 2 * RATE_HZ + RATE_HZ // 5] += noise(0.2, -60.0)[0]
    speech = shaped(samples, RATE_HZ, hisses=True)
    assert speech.samples.shape[1] / RATE_HZ == pytest.approx(1.2 + HEAD_S + TAIL_S, abs=0.025)


def test_a_crackle_in_the_hiss_is_no_beginning():
    samples = voice(hiss_dbfs=-90.0)
    samples[RATE_HZ // 2] = 0.005
    assert shaped(samples, RATE_HZ, hisses=True).samples.shape[1] / RATE_HZ == pytest.approx(1.08, abs=0.025)


def test_a_loud_hiss_is_left_alone_and_silence_is_short():
    samples = voice(hiss_dbfs=-50.0)
    assert shaped(samples, RATE_HZ, hisses=True).samples.shape[1] == samples.size
    assert shaped(np.zeros(RATE_HZ, np.float32), RATE_HZ, hisses=True).samples.shape[1] < RATE_HZ
    assert shaped(np.zeros(0, np.float32), RATE_HZ, hisses=True).samples.any() == np.False_


def test_what_was_billed_goes_with_the_clip_and_words_only_where_they_are_known():
    speech = shaped(voice(hiss_dbfs=-90.0), RATE_HZ, text="Góðan daginn", hisses=True, billed_characters=12)
    assert speech.billed_characters == 12
    assert speech.words == ()
    timed = shaped(
        voice(hiss_dbfs=-90.0), RATE_HZ, text="já nei", starts=[(0, RATE_HZ), (3, 3 * RATE_HZ // 2)], hisses=True
    )
    assert [(word.start, word.end) for word in timed.words] == [(0, 2), (3, 6)]
    assert timed.words[0].start_s == pytest.approx(HEAD_S, abs=0.015)
    assert timed.words[1].start_s == pytest.approx(HEAD_S + 0.5, abs=0.015)
    assert timed.words[1].end_s == pytest.approx(HEAD_S + 1.0, abs=0.015)
