from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from PIL import Image
from signals import RATE_HZ, Samples, babble, noise, recording, silence, tone

from tasks.audio.quality import Measured, analyze, loudness_png, spectrogram_png
from tasks.schemas import Chapter, SoundQuality


def measured(samples: Samples, *, rate_hz: int = RATE_HZ, block_s: float = 1.0) -> Measured:
    size = round(block_s * rate_hz)
    blocks = (samples[:, start : start + size] for start in range(0, samples.shape[1], size))
    length_s = samples.shape[1] / rate_hz
    return analyze(blocks, sample_rate_hz=rate_hz, channels=len(samples), duration_s=length_s)


def quality(samples: Samples, **more: float) -> SoundQuality:
    return measured(samples, **more).sound


def speech(name: str = "en/librispeech/1688-142285-0000.flac") -> tuple[Samples, int]:
    """A person who reads, without noise to speak of."""
    samples, rate_hz = soundfile.read(recording(name), dtype="float32", always_2d=True)
    return np.ascontiguousarray(samples.T), rate_hz


def low_passed(samples: Samples, hz: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    spectrum[:, int(spectrum.shape[1] * hz / (RATE_HZ / 2)) :] = 0
    return np.fft.irfft(spectrum, samples.shape[1]).astype(np.float32)


@pytest.mark.parametrize("snr_db", [15, 25, 40])
def test_snr_is_that_of_the_mixture(snr_db: int):
    phrase = np.concatenate([noise(2, -20), silence(1)], axis=1)

    told = quality(np.tile(phrase, 6) + noise(18, -20 - snr_db, seed=2))

    assert told.snr_db == pytest.approx(snr_db, abs=1.0)


def test_pauses_are_told_from_speech_and_the_longest_is_found():
    told = quality(np.concatenate([babble(6), silence(5), babble(5), silence(2)], axis=1))

    assert told.longest_silence_s == pytest.approx(5, abs=1.2)
    assert 0.35 < told.silence_ratio < 0.75
    assert told.noise_dbfs == -95.0, "digital silence is called the floor"


@pytest.mark.parametrize("sound", [silence(3), np.zeros((1, 0), np.float32), silence(0.004)])
def test_silence_has_no_speech_no_noise_and_no_rating(sound: Samples):
    told = quality(sound)

    assert (told.speech_dbfs, told.noise_dbfs, told.snr_db, told.predicted) == (None, None, None, None)
    assert (told.silence_ratio, told.bandwidth_hz, told.clipped_samples) == (1.0, 0.0, 0)


@pytest.mark.parametrize("rate_hz", [8_000, 48_000, 192_000])
@pytest.mark.parametrize("n_samples", [1, 5])
def test_a_blip_is_measured_and_gets_no_rating(n_samples: int, rate_hz: int):
    told = measured(np.full((2, n_samples), 0.5, np.float32), rate_hz=rate_hz).sound

    assert told.predicted is None


def test_a_tone_is_no_silence():
    assert quality(tone(5)).silence_ratio < 0.05


@pytest.mark.parametrize("block_s", [0.0007, 0.01, 1.0])
def test_cut_peaks_are_counted_whatever_the_blocks(block_s: float):
    samples = tone(0.5, -6)
    samples[0, 100:105] = 1.0  # one run
    samples[0, 200:202] = -1.0  # two samples are no run
    samples[0, 960:1060] = 1.0  # a run over the edge of a block
    samples[0, -3:] = -1.0  # one that the end cuts

    told = quality(samples, block_s=block_s)

    assert (told.clipped_samples, told.clipped_runs) == (110, 3)


def test_each_channel_has_its_own_peaks_and_offset():
    both = np.concatenate([tone(1, -6) + 0.05, np.clip(tone(1, 6), -1, 1)])

    told = quality(both)

    assert told.dc == pytest.approx((0.05, 0.0), abs=1e-4)
    assert told.clipped_runs == 2000, "both ends of every wave of the right one"


def test_correlation_tells_mono_wide_and_inverted():
    one = noise(2)
    assert quality(np.concatenate([one, one])).correlation == pytest.approx(1.0)
    assert quality(np.concatenate([one, -one])).correlation == pytest.approx(-1.0)
    assert quality(noise(2, channels=2)).correlation == pytest.approx(0.0, abs=0.05)
    assert quality(one).correlation is None


@pytest.mark.parametrize("hz", [3400, 7000, 16000])
def test_bandwidth_is_where_the_sound_ends(hz: int):
    assert quality(low_passed(babble(5) + noise(5, -40), hz)).bandwidth_hz == pytest.approx(hz, abs=120)


def test_blocks_of_any_size_measure_alike():
    voice = babble(12)
    one, other = quality(voice, block_s=0.37), quality(voice, block_s=12.0)

    assert one.loudness.model_dump() == pytest.approx(other.loudness.model_dump())
    assert one.model_copy(update={"loudness": other.loudness}) == other


def test_prediction_rates_noise_below_speech_and_is_the_same_every_time():
    voice, rate_hz = speech()
    noisy = (
        voice
        + 0.3 * np.std(voice) * noise(1, 0, seed=3)[:, :1] * 0
        + np.std(voice) * np.float32(0.5) * np.random.default_rng(1).standard_normal(voice.shape).astype(np.float32)
    )

    clean, rated = quality(voice, rate_hz=rate_hz).predicted, quality(noisy, rate_hz=rate_hz).predicted

    assert clean is not None
    assert rated is not None
    assert clean.overall > 2.3
    assert clean.p808 > 3.4
    assert rated.overall < clean.overall - 0.5
    assert rated.background < clean.background - 1
    assert clean == quality(voice, rate_hz=rate_hz).predicted


def test_prediction_agrees_with_published_scores_of_librispeech():
    # speechmos 0.0.1.1 itself, over librosa, gave six such clips 2.92 overall and 3.71 by P.808 on average.
    names = [f"en/librispeech/1688-142285-000{number}.flac" for number in range(3)]
    rated = [quality(samples, rate_hz=rate_hz).predicted for samples, rate_hz in map(speech, names)]

    assert np.mean([one.overall for one in rated if one]) == pytest.approx(2.9, abs=0.45)
    assert np.mean([one.p808 for one in rated if one]) == pytest.approx(3.7, abs=0.3)


def test_pictures_show_level_target_and_frequency():
    made = measured(np.concatenate([tone(10, -40), tone(10, -12, hz=10_000)], axis=1))
    chapters = (Chapter(title="Ö", start_s=10, end_s=20),)

    curve = loudness_png(made.short_term_lufs, 600, 120, target_lufs=-16, chapters=chapters)
    heat = np.asarray(
        Image.open(io.BytesIO(spectrogram_png(made.spectrogram_db, 600, 120, sample_rate_hz=RATE_HZ))).convert("L")
    ).astype(int)

    assert Image.open(io.BytesIO(curve)).size == (600, 120)
    assert len(curve) < 40_000
    assert heat[68:72, 350:550].max() > 110, "10 kHz of 24 is 42 % of the height from below"
    assert heat[20:60, 50:250].max() < heat[68:72, 350:550].max() - 60
    assert heat[113:117, 50:250].mean() > heat[60:80, 50:250].mean()


def test_pictures_of_nothing_are_pictures():
    made = measured(silence(1))

    assert Image.open(io.BytesIO(loudness_png(made.short_term_lufs, 100, 50))).size == (100, 50)
    assert Image.open(io.BytesIO(spectrogram_png(made.spectrogram_db, 100, 50, sample_rate_hz=RATE_HZ))).size == (
        100,
        50,
    )
