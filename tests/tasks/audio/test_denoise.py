from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, read_speech, si_sdr_db, silence, tune

from tasks.audio.codec import info, read_span, write_flac
from tasks.audio.denoise import deepfilternet
from tasks.audio.denoise.engine import ENGINES, load_engine
from tasks.audio.denoise.reduce import reduce_noise
from tasks.errors import EngineFailed, UnknownEngine
from tasks.schemas import NoiseReduction, NoiseReport, Treatment, VoicePreset
from tasks.tts.engine import load_engine as load_voice

DFN = NoiseReduction(engine="deepfilternet", strength_db=24.0)


def in_blocks(samples: Samples, size: int) -> Iterator[Samples]:
    return (samples[:, start : start + size] for start in range(0, samples.shape[1], size))


def reduced(tmp_path: Path, samples: Samples, wish: NoiseReduction = DFN) -> tuple[NoiseReport, Samples]:
    """The report, and the sound afterwards, as a listener has it."""
    source, target = tmp_path / "a.flac", tmp_path / "b.flac"
    write_flac(source, samples, sample_rate_hz=RATE_HZ)
    target.unlink(missing_ok=True)
    report = reduce_noise(source, target, wish, scratch=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} <= {"a.flac", "b.flac"}
    heard = target if target.exists() else source
    assert info(heard) == info(source)
    assert target.exists() == (report.cleaned_s > 0)
    return report, read_span(heard, 0.0, 1e9)


def left_alone(report: NoiseReport) -> dict[str, float]:
    return {one.reason: one.duration_s for one in report.left_alone}


@pytest.mark.parametrize("name", ENGINES)
def test_engine_gives_the_same_samples_whatever_the_size_of_the_blocks(name: str):
    samples = np.concatenate([babble(1.3), noise(1.3, -40)]) + noise(1.3, -45, channels=2)
    with closing(load_engine(name, channels=2, strength_db=24)) as engine:
        whole = np.concatenate(list(engine.clean([samples], noise_dbfs=-45.0)), axis=1)
        assert whole.shape == samples.shape
        for size in (7_777, 48_000):
            assert np.array_equal(
                np.concatenate(list(engine.clean(in_blocks(samples, size), noise_dbfs=-45.0)), axis=1), whole
            )
        assert np.concatenate(list(engine.clean([samples[:, :77]], noise_dbfs=-45.0)), axis=1).shape == (2, 77)


@pytest.mark.parametrize("name", ENGINES)
def test_engine_of_no_strength_gives_back_what_it_got_and_in_time(name: str):
    speech = read_speech(3)
    with closing(load_engine(name, channels=1, strength_db=0.01)) as engine:
        same = np.concatenate(list(engine.clean([speech], noise_dbfs=-45.0)), axis=1)
    assert si_sdr_db(speech[:, 4_800:-4_800], same[:, 4_800:-4_800]) > 30


def test_engine_that_nobody_knows_is_named_with_those_that_exist():
    with pytest.raises(UnknownEngine, match="afftdn, deepfilternet"):
        load_engine("rnnoise", channels=1, strength_db=24)


def test_deepfilternet_says_that_its_process_died_and_starts_another(monkeypatch: pytest.MonkeyPatch):
    started: list[int] = []
    popen = deepfilternet.subprocess.Popen

    def noted(*given: object, **settings: object):
        process = popen(*given, **settings)
        started.append(process.pid)
        return process

    monkeypatch.setattr(deepfilternet.subprocess, "Popen", noted)

    def killed_on_the_way() -> Iterator[Samples]:
        yield noise(0.5)
        os.kill(started[0], signal.SIGKILL)
        yield noise(0.5)

    with closing(load_engine("deepfilternet", channels=1, strength_db=24)) as engine:
        with pytest.raises(EngineFailed, match=f"process {started[0] if started else ''}"):
            list(engine.clean(killed_on_the_way(), noise_dbfs=-45.0))
        engine.close()
        assert sum(block.shape[1] for block in engine.clean([noise(0.5)], noise_dbfs=-45.0)) == 24_000
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.slow
def test_deepfilternet_hears_on_after_samples_that_are_no_numbers():
    speech = read_speech(3)
    broken = speech.copy()
    broken[0, 1000] = np.nan
    with closing(load_engine("deepfilternet", channels=1, strength_db=24)) as engine:
        heard = np.concatenate(list(engine.clean([broken], noise_dbfs=-45.0)), axis=1)
    assert si_sdr_db(speech[:, RATE_HZ:], heard[:, RATE_HZ:]) > 20


@pytest.mark.parametrize("gain_db", [0, -40], ids=["loud", "quiet"])
def test_noise_under_speech_is_reduced(tmp_path: Path, gain_db: float):
    clean = read_speech(6) * np.float32(10 ** (gain_db / 20))
    noisy = clean + noise(6, -33 + gain_db)
    report, heard = reduced(tmp_path, noisy)

    assert report.cleaned_s == 6
    assert si_sdr_db(clean, heard) > si_sdr_db(clean, noisy) + 3
    assert report.snr_after_db > report.snr_before_db + 10
    assert abs(report.speech_change_db) < 1


@pytest.mark.slow
def test_more_strength_takes_more_noise(tmp_path: Path):
    noisy = read_speech(4) + noise(4, -38)
    after = [
        reduced(tmp_path, noisy, DFN.model_copy(update={"strength_db": strength_db}))[0].snr_after_db
        for strength_db in (6.0, 24.0)
    ]

    assert after[1] > after[0] + 6


def test_clean_speech_is_left_alone_unless_it_is_asked_for(tmp_path: Path):
    clean = read_speech(6)
    report, heard = reduced(tmp_path, clean)
    assert (report.cleaned_s, left_alone(report)) == (0, {"clean": 6})
    assert report.snr_before_db > 40

    report, heard = reduced(tmp_path, clean, DFN.model_copy(update={"everywhere": True}))
    assert report.cleaned_s == 6
    assert si_sdr_db(clean, heard) > 30


def test_a_long_pause_of_clean_speech_keeps_its_room(tmp_path: Path):
    paused = np.concatenate([read_speech(8), silence(16), read_speech(8)], axis=1) + noise(32, -75)
    report, _ = reduced(tmp_path, paused)

    assert (report.cleaned_s, left_alone(report)) == (0, {"clean": 32})


def test_a_long_pause_of_noisy_speech_is_cleaned_as_speech_is(tmp_path: Path):
    paused = np.concatenate([read_speech(8), silence(16), read_speech(8)], axis=1) + noise(32, -40)
    report, heard = reduced(tmp_path, paused)

    pause = heard[:, 12 * RATE_HZ : 20 * RATE_HZ]
    assert report.cleaned_s == 32
    assert 10 * np.log10(np.mean(np.square(pause, dtype=np.float64))) < -55


def test_synthetic_speech_is_left_alone(tmp_path: Path):
    said = load_voice("espeak").synthesize("Þetta er þula sem enginn hefur lesið. " * 3, VoicePreset(name="a"), "is")
    samples = np.repeat(said.samples, 2, axis=1)
    report, _ = reduced(tmp_path, samples)

    assert report.cleaned_s == 0
    assert set(left_alone(report)) == {"clean"}


@pytest.mark.parametrize("kind", ["chords", "arpeggio", "tune"])
def test_music_is_left_alone_even_where_all_is_to_be_cleaned(tmp_path: Path, kind: str):
    report, _ = reduced(tmp_path, tune(12, kind), DFN.model_copy(update={"everywhere": True}))

    assert report.cleaned_s == 0


def test_a_jingle_before_noisy_speech_keeps_its_samples(tmp_path: Path):
    samples = np.concatenate([tune(12, "arpeggio"), read_speech(6) + noise(6, -40)], axis=1)
    report, heard = reduced(tmp_path, samples)

    given = read_span(tmp_path / "a.flac", 0, 18)
    assert left_alone(report)["music"] == pytest.approx(12, abs=2)
    assert report.cleaned_s == pytest.approx(6, abs=2)
    assert np.array_equal(heard[:, : 10 * RATE_HZ], given[:, : 10 * RATE_HZ])
    steps = np.abs(np.diff(heard - given, axis=1)).max()
    assert steps < 0.1, "cleaned and untouched sound are faded into each other"


def test_speech_that_would_be_lost_is_left_alone(tmp_path: Path):
    drone = (0.2 * np.sign(np.sin(2 * np.pi * 0.5 * np.arange(6 * RATE_HZ) / RATE_HZ)) > 0)[None]
    bursts = (drone * noise(6, -20) + noise(6, -42)).astype(np.float32)
    report, _ = reduced(tmp_path, bursts)

    assert left_alone(report) == {"speech would be lost": 6}


@pytest.mark.parametrize(
    "samples",
    [silence(3), silence(0.01), noise(0.05, -20), np.ones((1, 48_000), np.float32), noise(1, -10, channels=3)],
    ids=["silence", "a blink", "a blip", "direct current", "three channels"],
)
def test_strange_sound_keeps_its_length(tmp_path: Path, samples: Samples):
    _, heard = reduced(tmp_path, samples)
    assert heard.shape == samples.shape
    assert np.isfinite(heard).all()


def test_treatment_asks_for_noise_reduction_only_where_it_is_on():
    assert Treatment().noise == DFN
    assert Treatment(noise_reduction="on").noise == DFN.model_copy(update={"everywhere": True})
    assert Treatment(noise_reduction="off").noise is None
    assert Treatment(noise_strength_db=0).noise is None
