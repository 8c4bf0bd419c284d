"""The gate: whether what was measured is what was asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tasks.schemas.gate import Gate, Verdict
from tasks.schemas.quality import QualityReport


def judge(report: QualityReport, gate: Gate, *, target_lufs: float, highest_peak_dbtp: float) -> Verdict:
    """Whether an episode may go out by itself; every reason against it, in words."""
    failures = (*_level(report, gate, target_lufs, highest_peak_dbtp), *_sound(report, gate), *_voices(report, gate))
    return Verdict(passed=not failures, failures=failures)


def _level(report: QualityReport, gate: Gate, target_lufs: float, highest_peak_dbtp: float) -> Iterator[str]:
    loudness = report.episode.loudness
    # Below 0.4 s BS.1770 knows no integrated loudness; mastering has looked at the momentary one.
    off_lu = loudness.integrated_lufs - target_lufs
    if math.isfinite(off_lu) and abs(off_lu) > gate.loudness_tolerance_lu:
        yield (
            f"loudness is {loudness.integrated_lufs:.1f} LUFS; {target_lufs:.1f} was asked for, "
            f"and {gate.loudness_tolerance_lu:.1f} LU off is let through"
        )
    if loudness.true_peak_dbtp > highest_peak_dbtp + gate.peak_tolerance_db:
        yield f"true peak is {loudness.true_peak_dbtp:.1f} dBTP; {highest_peak_dbtp:.1f} was asked for"


def _sound(report: QualityReport, gate: Gate) -> Iterator[str]:
    episode, source = report.episode, report.source
    cut_a_minute = source.clipped_runs / max(source.duration_s / 60, 1 / 60) if source else 0.0
    if 0 < gate.cut_peaks_a_minute < cut_a_minute:
        yield f"the recording has {cut_a_minute:.0f} cut peaks a minute; {gate.cut_peaks_a_minute:g} are let through"
    if gate.snr_db and (episode.snr_db is None or episode.snr_db < gate.snr_db):
        found = "there is no speech" if episode.snr_db is None else f"speech is {episode.snr_db:.1f} dB above the noise"
        yield f"{found}; at least {gate.snr_db:g} dB was asked for"
    if gate.silence_ratio < 1 and episode.silence_ratio > gate.silence_ratio:
        yield f"{episode.silence_ratio:.0%} of the episode is silence; {gate.silence_ratio:.0%} is let through"
    if gate.predicted and (episode.predicted is None or episode.predicted.overall < gate.predicted):
        found = "nothing" if episode.predicted is None else f"{episode.predicted.overall:.1f}"
        yield f"predicted quality is {found}; at least {gate.predicted:g} was asked for"


def _voices(report: QualityReport, gate: Gate) -> Iterator[str]:
    for line in report.round_trip.failed if report.round_trip else ():
        yield (
            f"line {line.line}, read by {line.preset}, {line.takes} times: {line.error_rate:.0%} of its letters are "
            f"heard otherwise, and {gate.line_error_rate:.0%} is let through; {line.said[:60]!r} is heard as "
            f"{line.heard[:60]!r}"
        )
