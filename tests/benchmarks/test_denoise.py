"""What noise reduction does to noisy speech, to clean speech, and to what it should leave alone."""

from __future__ import annotations

import importlib.util
import itertools
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from measuring import table
from pystoi import stoi
from signals import RATE_HZ, Samples, noise, read_speech, si_sdr_db, tune

from tasks.audio.codec import read_span, write_flac
from tasks.audio.denoise.engine import ENGINES
from tasks.audio.denoise.reduce import reduce_noise
from tasks.schemas import NoiseReduction, NoiseReport, VoicePreset
from tasks.tts.engine import load_engine as load_voice

pytestmark = pytest.mark.benchmark

READERS = ("is/samromur/dev/000037-0000236.flac", "en/librispeech/2033-164914-0004.flac")
NOISES = ("noise/noise1.wav", "noise/noise3.wav", "noise/noise5.wav", "pink")
SNRS_DB = (0, 10, 20)
DURATION_S = 12.0
HAS_PESQ = importlib.util.find_spec("pesq") is not None
WITHOUT_PESQ = "" if HAS_PESQ else " (no PESQ: the package pesq is not installed)"

Treat = Callable[[Samples, NoiseReduction], tuple[NoiseReport, Samples]]


@pytest.fixture
def treat(tmp_path: Path) -> Treat:
    def reduced(samples: Samples, wish: NoiseReduction) -> tuple[NoiseReport, Samples]:
        source, target = tmp_path / "a.flac", tmp_path / "b.flac"
        target.unlink(missing_ok=True)
        write_flac(source, samples, sample_rate_hz=RATE_HZ)
        report = reduce_noise(source, target, wish, scratch=tmp_path)
        return report, read_span(target if target.exists() else source, 0, 1e9)

    return reduced


def wish_for(engine: str, **settings: object) -> NoiseReduction:
    return NoiseReduction(engine=engine, strength_db=24.0, **settings)


def mixes() -> Iterator[tuple[float, Samples, Samples]]:
    """Signal-to-noise ratio, clean speech, and the same with noise."""
    for reader, disturbance, snr_db in itertools.product(READERS, NOISES, SNRS_DB):
        clean, level_dbfs = read_speech(DURATION_S, reader), -23.0 - snr_db
        under = pink(level_dbfs) if disturbance == "pink" else read_speech(DURATION_S, disturbance, rms_dbfs=level_dbfs)
        yield snr_db, clean, clean + under


def pink(rms_dbfs: float) -> Samples:
    """Noise that falls by 3 dB an octave, as a room's does."""
    spectrum = np.fft.rfft(noise(DURATION_S)[0])
    samples = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)))
    return (samples * 10 ** (rms_dbfs / 20) / np.sqrt(np.mean(samples**2)))[None].astype(np.float32)


def judge(clean: Samples, heard: Samples) -> list[float]:
    """SI-SDR in dB, extended STOI, and PESQ where it can be had."""
    scores = [si_sdr_db(clean, heard), float(stoi(clean[0], heard[0], RATE_HZ, extended=True))]
    if HAS_PESQ:
        import soxr
        from pesq import pesq

        at_16_khz = (soxr.resample(samples[0], RATE_HZ, 16_000) for samples in (clean, heard))
        scores.append(float(pesq(16_000, *at_16_khz, "wb")))
    return scores


def test_noisy_speech_is_heard_better_and_best_by_deepfilternet(treat: Treat):
    scores: dict[tuple[str, float], list[list[float]]] = {}
    cpu_s = dict.fromkeys(ENGINES, 0.0)
    for snr_db, clean, noisy in mixes():
        scores.setdefault(("noisy", snr_db), []).append(judge(clean, noisy))
        for engine in ENGINES:
            began_s = spent_s()
            _, heard = treat(noisy, wish_for(engine))
            cpu_s[engine] += spent_s() - began_s
            scores.setdefault((engine, snr_db), []).append(judge(clean, heard))
    means = {key: np.mean(each, axis=0) for key, each in scores.items()}
    measures = ("SI-SDR dB", "ESTOI", *(["PESQ"] if HAS_PESQ else []))
    rows = [
        [f"{what}, {measure}", *(f"{means[what, snr_db][number]:.2f}" for snr_db in SNRS_DB)]
        for number, measure in enumerate(measures)
        for what in ("noisy", *ENGINES)
    ]
    total_s = DURATION_S * len(READERS) * len(NOISES) * len(SNRS_DB)
    rows += [
        [f"{engine}, CPU of its length", f"{cpu_s[engine] / total_s:.3f}"] + [""] * (len(SNRS_DB) - 1)
        for engine in ENGINES
    ]
    print(table(f"Noise reduction, by SNR{WITHOUT_PESQ}", ("", *(f"{snr_db} dB" for snr_db in SNRS_DB)), rows))
    for snr_db in SNRS_DB:
        noisy, ours, lighter = (means[what, snr_db] for what in ("noisy", "deepfilternet", "afftdn"))
        assert ours[0] > noisy[0] + 1.5
        assert ours[1] > noisy[1]
        assert ours[0] > lighter[0]
        assert ours[1] > lighter[1]


@pytest.mark.parametrize("reader", READERS)
def test_clean_speech_is_not_harmed(treat: Treat, reader: str):
    clean = read_speech(DURATION_S, reader)
    report, heard = treat(clean, wish_for("deepfilternet"))
    _, forced = treat(clean, wish_for("deepfilternet", everywhere=True))

    rows = [
        ["left alone", report.snr_before_db, DURATION_S - report.cleaned_s, ""],
        ["cleaned all the same", report.snr_before_db, 0.0, si_sdr_db(clean, forced)],
    ]
    print(table(f"Clean speech, {reader}", ("", "SNR dB", "left alone s", "SI-SDR dB"), rows))
    assert np.abs(heard - clean).max() < 1e-6
    assert report.cleaned_s == 0


def test_music_and_synthetic_speech_are_left_alone(treat: Treat):
    said = load_voice("espeak").synthesize("Þetta les tölva, og enginn maður. " * 4, VoicePreset(name="a"), "is")
    sounds = {kind: tune(20, kind) for kind in ("chords", "arpeggio", "tune")}
    sounds |= {f"{kind}, noisy": sound + noise(20, -50) for kind, sound in sounds.items()}
    sounds["eSpeak"] = np.repeat(said.samples, round(RATE_HZ / said.sample_rate_hz), axis=1)
    rows = []
    for name, samples in sounds.items():
        report, heard = treat(samples, wish_for("deepfilternet"))
        why = ", ".join(f"{one.reason} {one.duration_s:.1f} s" for one in report.left_alone)
        rows.append([name, report.cleaned_s, why])
        assert report.cleaned_s == 0, name
        assert np.abs(heard - samples).max() < 1e-6
    print(table("Left alone", ("", "cleaned s", "why"), rows))


def spent_s() -> float:
    """CPU seconds of this process and of those that it has ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
