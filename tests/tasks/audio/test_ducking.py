import numpy as np
import pytest
from signals import RATE_HZ, babble, noise, recording, silence, tone

from tasks.audio.codec import decode_to_flac, read_blocks
from tasks.audio.ducking import DuckingCurve, Envelope, duck
from tasks.audio.loudness import measure
from tasks.schemas import Ducking

DUCKING = Ducking()


def gain_db(curve: DuckingCurve, at_s: float) -> float:
    sample = round(at_s * RATE_HZ)
    return float(20 * np.log10(curve.gains(sample, sample + 1)[0]))


def spans(*seconds: tuple[float, float]) -> list[tuple[int, int]]:
    return [(round(start * RATE_HZ), round(end * RATE_HZ)) for start, end in seconds]


def test_music_is_down_before_the_first_word_and_up_after_the_last():
    curve = duck(spans((10.0, 12.0)), DUCKING)

    assert gain_db(curve, 9.74) == pytest.approx(0.0, abs=0.01)
    assert gain_db(curve, 9.825) == pytest.approx(-7.0, abs=0.05), "half way through the attack"
    for at_s in (9.901, 10.0, 11.0, 12.0, 12.599):
        assert gain_db(curve, at_s) == pytest.approx(-14.0, abs=0.01), at_s
    assert gain_db(curve, 13.1) == pytest.approx(-7.0, abs=0.05), "half way through the release"
    assert gain_db(curve, 13.61) == pytest.approx(0.0, abs=0.01)


def test_music_stays_down_over_a_pause_that_is_shorter_than_hold_and_look_ahead():
    curve = duck(spans((10.0, 11.0), (11.65, 12.0)), DUCKING)

    assert 20 * np.log10(curve.gains(10 * RATE_HZ, 12 * RATE_HZ)) == pytest.approx(-14.0, abs=0.01)


def test_music_falls_again_from_where_it_has_risen_to():
    curve = duck(spans((10.0, 11.0), (12.3, 13.0)), DUCKING)

    levels_db = 20 * np.log10(curve.gains(11 * RATE_HZ, 13 * RATE_HZ))
    assert -14.0 < levels_db.max() < -5.0
    steps_db = np.abs(np.diff(levels_db)) * RATE_HZ
    assert steps_db.max() == pytest.approx(14.0 / 0.15, rel=0.05), "no jump: no step is steeper than the attack"
    assert gain_db(curve, 12.3) == pytest.approx(-14.0, abs=0.01)


@pytest.mark.parametrize("look_ahead_s", [0.0, 1.0])
@pytest.mark.parametrize("hold_s", [0.0, 2.0])
def test_every_setting_gives_a_curve_without_jumps_between_its_bounds(look_ahead_s: float, hold_s: float):
    ducking = Ducking(depth_db=-20.0, look_ahead_s=look_ahead_s, attack_s=0.5, hold_s=hold_s, release_s=0.05)
    rng = np.random.default_rng(3)
    edges = np.sort(rng.choice(20 * RATE_HZ, 20, replace=False))

    curve = duck([(int(a), int(b)) for a, b in edges.reshape(-1, 2)], ducking)

    assert (np.diff(curve.samples) >= 0).all()
    levels_db = 20 * np.log10(curve.gains(0, 20 * RATE_HZ))
    assert levels_db.min() >= -20.001
    assert levels_db.max() <= 0.001
    assert np.abs(np.diff(levels_db)).max() < 20.0 / (0.05 * RATE_HZ) * 1.01


def test_without_speech_music_stays_as_it_is():
    assert duck((), DUCKING).gains(0, RATE_HZ) == pytest.approx(np.ones(RATE_HZ))


def heard(samples: np.ndarray, *, block: int = 10 * RATE_HZ) -> tuple[tuple[int, int], ...]:
    envelope = Envelope()
    for start in range(0, samples.shape[1], block):
        envelope.push(samples[:, start : start + block])
    return envelope.speech(measure(samples, RATE_HZ).integrated_lufs)


def test_speech_is_found_to_ten_milliseconds_whatever_the_blocks_are():
    samples = np.concatenate([silence(1.0), tone(2.0), silence(1.0), tone(0.5), silence(1.0)], axis=1)
    samples = samples + noise(5.5, -60.0)

    found = heard(samples)

    assert found == heard(samples, block=777)
    assert np.array(found).ravel() / RATE_HZ == pytest.approx([1.0, 3.0, 4.0, 4.5], abs=0.0101)


def test_a_click_is_no_speech_and_two_channels_are_both_heard():
    samples = np.concatenate([silence(2.0, channels=2), np.concatenate([tone(1.0), silence(1.0)])], axis=1)
    samples[:, RATE_HZ] = 1.0

    assert np.array(heard(samples)).ravel() / RATE_HZ == pytest.approx([2.0, 3.0], abs=0.0101)


def test_speech_is_found_in_a_real_recording(tmp_path):
    decode_to_flac(recording("en/misc/jfk.flac"), tmp_path / "jfk.flac", max_duration_s=60)
    samples = np.concatenate(list(read_blocks(tmp_path / "jfk.flac")), axis=1)

    found = heard(samples)

    voiced_s = sum(end - start for start, end in found) / RATE_HZ
    assert 4.0 < voiced_s < 10.0, "eleven seconds, a third of them the president's pauses"


def test_babble_holds_its_pauses():
    assert len(heard(babble(10.0))) > 2
