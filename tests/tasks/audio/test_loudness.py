from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import av
import av.filter
import numpy as np
import pyloudnorm
import pytest
import soundfile
import soxr
from hypothesis import example, given, settings
from hypothesis import strategies as st
from signals import RATE_HZ, Samples, babble, noise, recording, silence, tone

from tasks.audio.loudness import Meter, measure
from tasks.schemas import Loudness


def steps(*parts: tuple[float, float], channels: int = 2) -> Samples:
    mono = np.concatenate([tone(duration_s, level) for duration_s, level in parts], axis=1)
    return np.repeat(mono, channels, axis=0)


EBU_3341_INTEGRATED = {
    "1": (steps((20, -23)), -23.0),
    "2": (steps((20, -33)), -33.0),
    "3": (steps((10, -36), (60, -23), (10, -36)), -23.0),
    "4": (steps((10, -72), (10, -36), (60, -23), (10, -36), (10, -72)), -23.0),
    "5": (steps((20, -26), (20.1, -20), (20, -26)), -23.0),
    "6": (np.concatenate([tone(20, level) for level in (-28, -28, -24, -30, -30)]), -23.0),
}


@pytest.mark.parametrize("number", EBU_3341_INTEGRATED)
def test_measure_reads_the_integrated_loudness_of_ebu_tech_3341(number: str):
    samples, expected_lufs = EBU_3341_INTEGRATED[number]
    assert measure(samples, RATE_HZ).integrated_lufs == pytest.approx(expected_lufs, abs=0.1)


def test_measure_reads_short_term_and_momentary_loudness_of_ebu_tech_3341():
    signal_9 = steps(*[(1.34, -20), (1.66, -30)] * 5)
    signal_12 = steps(*[(0.18, -20), (0.22, -30)] * 25)
    assert measure(signal_9, RATE_HZ).short_term_max_lufs == pytest.approx(-23.0, abs=0.1)
    assert measure(signal_12, RATE_HZ).momentary_max_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("divisor", "amplitude", "phase_degrees", "expected_dbtp"),
    [(4, 0.5, 0, -6.0), (4, 0.5, 45, -6.0), (6, 0.5, 60, -6.0), (8, 0.5, 67.5, -6.0), (4, 1.41, 45, 3.0)],
)
def test_measure_reads_the_true_peak_of_ebu_tech_3341(divisor, amplitude, phase_degrees, expected_dbtp):
    angle = 2 * np.pi * np.arange(RATE_HZ) / divisor + np.deg2rad(phase_degrees)
    fade = np.minimum(1, np.minimum(np.arange(RATE_HZ), np.arange(RATE_HZ)[::-1]) / 480)
    samples = (amplitude * np.sin(angle) * fade)[None].astype(np.float32)
    assert measure(samples, RATE_HZ).true_peak_dbtp == pytest.approx(expected_dbtp, abs=0.2)


@pytest.mark.parametrize(
    ("levels", "expected_lu"), [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)]
)
def test_measure_reads_the_loudness_range_of_ebu_tech_3342(levels, expected_lu):
    assert measure(steps(*((20, level) for level in levels)), RATE_HZ).range_lu == pytest.approx(expected_lu, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 44_100, 96_000, 192_000])
def test_measure_reads_the_same_loudness_at_every_rate(rate_hz: int):
    samples = tone(5, -23, hz=997, rate_hz=rate_hz)
    loudness = measure(np.repeat(samples, 2, axis=0), rate_hz)
    assert loudness.integrated_lufs == pytest.approx(-23.0, abs=0.1)
    assert loudness.true_peak_dbtp == pytest.approx(-23.0, abs=0.2)


def pyloudnorm_lufs(samples: Samples, rate_hz: int) -> float:
    return float(pyloudnorm.Meter(rate_hz, filter_class="DeMan").integrated_loudness(samples.T.astype(float)))


@pytest.mark.parametrize(
    "samples", [noise(8, channels=2), babble(8), babble(12, -50)], ids=["noise", "babble", "quiet"]
)
def test_measure_agrees_with_pyloudnorm(samples: Samples):
    assert measure(samples, RATE_HZ).integrated_lufs == pytest.approx(pyloudnorm_lufs(samples, RATE_HZ), abs=0.02)


def test_measure_agrees_with_pyloudnorm_on_real_speech():
    samples, rate_hz = soundfile.read(recording("multi/mix/is_2spk_mf.wav"), dtype="float32", always_2d=True)
    assert measure(samples.T, rate_hz).integrated_lufs == pytest.approx(pyloudnorm_lufs(samples.T, rate_hz), abs=0.02)


def ffmpeg_loudness(samples: Samples) -> tuple[float, float, float]:
    """Integrated loudness, range and true peak, as FFmpeg's filter ebur128 reads them."""
    graph = av.filter.Graph()
    layout = "mono" if len(samples) == 1 else "stereo"
    source = graph.add_abuffer(sample_rate=RATE_HZ, format="fltp", layout=layout, time_base=Fraction(1, RATE_HZ))
    graph.link_nodes(source, graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
    frame.sample_rate, frame.pts = RATE_HZ, 0
    graph.push(frame)
    graph.push(None)
    read: dict[str, str] = {}
    with suppress(av.EOFError):
        while True:
            read |= graph.pull().metadata
    peaks = [float(value) for name, value in read.items() if "true_peaks_ch" in name]
    return float(read["lavfi.r128.I"]), float(read["lavfi.r128.LRA"]), 20 * float(np.log10(max(peaks)))


@pytest.mark.parametrize("number", ["1", "3", "5"])
def test_measure_agrees_with_ffmpeg_on_ebu_tech_3341(number: str):
    samples, _ = EBU_3341_INTEGRATED[number]
    ours, theirs = measure(samples, RATE_HZ), ffmpeg_loudness(samples)
    assert ours.integrated_lufs == pytest.approx(theirs[0], abs=0.1)
    assert ours.range_lu == pytest.approx(theirs[1], abs=0.1)
    assert ours.true_peak_dbtp == pytest.approx(theirs[2], abs=0.2)


def test_measure_agrees_with_ffmpeg_on_real_speech():
    samples, rate_hz = soundfile.read(recording("multi/mix/is_2spk_mf.wav"), dtype="float32", always_2d=True)
    samples = soxr.resample(samples, rate_hz, RATE_HZ).T
    ours, theirs = measure(samples, RATE_HZ), ffmpeg_loudness(samples)
    assert ours.integrated_lufs == pytest.approx(theirs[0], abs=0.1)
    assert ours.range_lu == pytest.approx(theirs[1], abs=0.2)
    assert ours.true_peak_dbtp == pytest.approx(theirs[2], abs=0.2)


def test_true_peak_is_the_same_wherever_it_lies():
    """Two equal samples: the wave between them is higher, by as much at every place of a second."""
    heard = set()
    for place in range(4_700, 4_900):
        samples = np.zeros((1, RATE_HZ), np.float32)
        samples[0, place : place + 2] = 0.5
        heard.add(round(measure(samples, RATE_HZ).true_peak_dbtp, 6))

    (peak_dbtp,) = heard
    assert peak_dbtp == pytest.approx(20 * np.log10(0.5 * 4 / np.pi), abs=0.2)


BABBLE = np.concatenate([babble(4.03), babble(4.03, -12, seed=2)])
WHOLE = measure(BABBLE, RATE_HZ)


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 100_000), min_size=1, max_size=6).filter(any))
@example(sizes=[127])
def test_meter_reads_the_same_whatever_the_size_of_its_blocks(sizes: list[int]):
    meter, start, turn = Meter(RATE_HZ, 2), 0, 0
    while start < BABBLE.shape[1]:
        size = max(sizes[turn % len(sizes)], 50 if turn > 200 else 0)
        meter.push(BABBLE[:, start : start + size])
        start, turn = start + size, turn + 1
    assert meter.result().model_dump() == pytest.approx(WHOLE.model_dump(), abs=1e-6)


def test_measure_reads_one_channel_3_lu_below_the_same_sound_in_two():
    mono = tone(5)
    one, two = (measure(np.repeat(mono, channels, axis=0), RATE_HZ).integrated_lufs for channels in (1, 2))
    assert two - one == pytest.approx(3.01, abs=0.01)


@pytest.mark.parametrize("samples", [silence(5, channels=2), silence(0)], ids=["silence", "nothing"])
def test_measure_reads_minus_infinity_of_silence(samples: Samples):
    assert measure(samples, RATE_HZ) == Loudness(
        integrated_lufs=-np.inf,
        short_term_max_lufs=-np.inf,
        momentary_max_lufs=-np.inf,
        range_lu=0.0,
        true_peak_dbtp=-np.inf,
    )


def test_measure_reads_no_integrated_loudness_below_one_gating_block():
    short = measure(tone(0.3), RATE_HZ)
    assert short.integrated_lufs == -np.inf
    assert short.momentary_max_lufs == pytest.approx(-26.01 + 10 * np.log10(0.3 / 0.4), abs=0.1)
    assert short.true_peak_dbtp == pytest.approx(-23.0, abs=0.2)


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (tone(1)[0], "shape"),
        (tone(1).T, "channels"),
        (np.zeros((1, 9), np.int16), "int16"),
        (np.full((1, 9), np.nan, np.float32), "NaN"),
        (np.full((2, 9), -np.inf, np.float32), "infinite"),
    ],
)
def test_measure_refuses_what_is_not_sound(samples, complaint: str):
    with pytest.raises(ValueError, match=complaint):
        measure(samples, RATE_HZ)
