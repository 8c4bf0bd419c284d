from __future__ import annotations

import numpy as np
import pytest
from signals import tone

from tasks.audio.levelling import VOICE_LUFS, voice_gain_db
from tasks.audio.loudness import measure


@pytest.mark.parametrize("level_lufs", [-45.0, -23.0, -14.2])
def test_a_voice_is_brought_to_one_loudness(level_lufs: float):
    assert level_lufs + voice_gain_db([(level_lufs, 3.0), (level_lufs, 10.0)]) == pytest.approx(VOICE_LUFS, abs=0.25)


def test_two_voices_sound_alike_after_their_gains():
    rate_hz = 24_000
    voices = [tone(2.0, level_dbfs, hz=500.0, rate_hz=rate_hz) for level_dbfs in (-34.0, -4.0)]
    gains = [voice_gain_db([(measure(voice, rate_hz).integrated_lufs, 2.0)]) for voice in voices]
    levelled = [
        measure((voice * 10 ** (gain / 20)).astype(np.float32), rate_hz).integrated_lufs
        for voice, gain in zip(voices, gains, strict=True)
    ]
    assert levelled[0] == pytest.approx(levelled[1], abs=0.5)


def test_murmurs_do_not_move_a_voice():
    assert voice_gain_db([(-20.0, 60.0), (-55.0, 20.0)]) == voice_gain_db([(-20.0, 60.0)])


def test_an_edited_line_seldom_moves_its_voice():
    lines = [(-20.0 + 0.1 * (number % 7), 4.0) for number in range(50)]
    assert voice_gain_db(lines) == voice_gain_db([(-18.0, 4.0), *lines[1:]])


@pytest.mark.parametrize("clips", [[], [(float("-inf"), 0.3)], [(-80.0, 2.0)]])
def test_what_cannot_be_measured_is_left_alone(clips: list[tuple[float, float]]):
    assert voice_gain_db(clips) == 0.0
