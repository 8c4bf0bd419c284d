"""What is let through, and what is not."""

from __future__ import annotations

import pytest

from tasks.audio.quality import judge
from tasks.schemas import (
    Gate,
    HeardLine,
    Loudness,
    PredictedQuality,
    QualityReport,
    RoundTrip,
    SoundQuality,
    Verdict,
)

GOOD = SoundQuality(
    duration_s=600,
    sample_rate_hz=48_000,
    channels=2,
    loudness=Loudness(
        integrated_lufs=-16.2, short_term_max_lufs=-13, momentary_max_lufs=-11, range_lu=4, true_peak_dbtp=-1.1
    ),
    clipped_samples=0,
    clipped_runs=0,
    dc=(0.0, 0.0),
    speech_dbfs=-18,
    noise_dbfs=-50,
    snr_db=32,
    silence_ratio=0.1,
    longest_silence_s=1.5,
    bandwidth_hz=16_000,
    correlation=1.0,
    predicted=PredictedQuality(overall=3.1, speech=3.4, background=4.0, p808=3.7, windows=16),
)
LOUDNESS = GOOD.loudness


def judged(episode: SoundQuality = GOOD, gate: Gate = Gate(), **more: object) -> Verdict:  # noqa: B008 (frozen)
    report = QualityReport(episode=episode, **more)
    return judge(report, gate, target_lufs=-16.0, highest_peak_dbtp=-1.0)


def with_(**changed: object) -> SoundQuality:
    loudness = {name: changed.pop(name) for name in tuple(changed) if name in type(LOUDNESS).model_fields}
    return GOOD.model_copy(update={**changed, "loudness": LOUDNESS.model_copy(update=loudness)})


def test_a_good_episode_passes():
    assert judged() == Verdict(passed=True)


@pytest.mark.parametrize(
    ("episode", "gate", "why"),
    [
        (with_(integrated_lufs=-17.2), Gate(), "loudness is -17.2 LUFS"),
        (with_(integrated_lufs=-16.7), Gate(loudness_tolerance_lu=0.5), "loudness is -16.7 LUFS"),
        (with_(true_peak_dbtp=-0.8), Gate(), "true peak is -0.8 dBTP"),
        (with_(silence_ratio=0.97), Gate(), "97% of the episode is silence"),
        (with_(snr_db=12), Gate(snr_db=15), "speech is 12.0 dB above the noise"),
        (with_(snr_db=None), Gate(snr_db=15), "there is no speech"),
        (GOOD, Gate(predicted=3.5), "predicted quality is 3.1"),
        (with_(predicted=None), Gate(predicted=1), "predicted quality is nothing"),
    ],
)
def test_what_is_not_as_it_was_asked_for_is_said(episode: SoundQuality, gate: Gate, why: str):
    verdict = judged(episode, gate)

    assert not verdict.passed
    (failure,) = verdict.failures
    assert failure.startswith(why)


@pytest.mark.parametrize(
    "episode",
    [
        with_(integrated_lufs=float("-inf")),  # shorter than a loudness block
        with_(snr_db=3),
        with_(predicted=PredictedQuality(overall=1, speech=1, background=1, p808=1, windows=1)),
        with_(true_peak_dbtp=-0.95),
    ],
)
def test_what_only_informs_holds_nothing_back(episode: SoundQuality):
    assert judged(episode).passed


def test_cut_peaks_of_the_recording_count_by_the_minute_where_that_is_asked_for():
    cut = with_(clipped_runs=50)

    assert judged(source=cut).passed
    assert judged(gate=Gate(cut_peaks_a_minute=5), source=cut).passed
    assert judged(gate=Gate(cut_peaks_a_minute=4), source=cut).failures[0].startswith("the recording has 5 cut peaks")


def test_a_line_that_is_heard_otherwise_is_named():
    line = HeardLine(line=7, speaker="Kynnir", preset="gudrun", said="Góðan dag.", heard="bla", error_rate=0.8, takes=3)

    verdict = judged(round_trip=RoundTrip(engine="nemo", lines=9, failed=(line,)))

    assert "line 7, read by gudrun, 3 times: 80%" in verdict.failures[0]
