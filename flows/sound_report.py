"""How a sound is, in Markdown: what the artifacts of an episode and of an analysis show."""

from __future__ import annotations

import base64
import math

from blocks.places import audio_store
from flows.marks import plain
from tasks.schemas import FileRef, NoiseReport, Quality, QualityReport, RoundTrip, SoundQuality, TreatmentReport

NOT_CALIBRATED = (
    "Predicted quality is a model's guess at listeners' ratings, 1 to 5. It has not heard Icelandic, rates eSpeak like "
    "a person, and silence at about 2: a hint, not a measurement."
)
STANDING = {
    "left": "in the left ear",
    "right": "in the right ear",
    "apart": "some in the left ear and some in the right",
    "between": "between both ears",
}


def pictures(quality: Quality) -> str:
    """Loudness over time and the spectrogram, in Markdown."""
    drawn = {"Loudness": quality.loudness_png, "Spectrogram": quality.spectrogram_png}
    return "\n".join(stored_picture(name, png) for name, png in drawn.items())


def stored_picture(name: str, png: FileRef) -> str:
    """A picture of the store inside Markdown: the UI shows no other."""
    data = base64.b64encode(audio_store().read_bytes(png.uri)).decode()
    return f"![{name}](data:image/png;base64,{data})\n"


def treatments(report: TreatmentReport | None) -> str:
    """A table of what was done to a recording's sound, with its effect; empty where nothing was done."""
    rows: list[tuple[str, str]] = []
    if report and report.offset and any(report.offset.offset):
        rows.append(("direct current", f"removed, {', '.join(f'{one:.4f}' for one in report.offset.offset)}"))
    if report and report.stereo and report.stereo.in_the_middle:
        rows.append(("stereo", f"put into the middle; voices stood {STANDING[report.stereo.voices]}"))
    if report and report.noise:
        rows.append(("noise", _noise(report.noise)))
    if report and report.deesser:
        one = report.deesser
        rows.append(("sharp s sounds", f"softened by up to {one.strength_db:.0f} dB, for {one.softened_s:.1f} s"))
    if report and report.levelled:
        levelled = report.levelled
        rows.append(("voices", f"moved by {levelled.min_gain_db:+.1f} to {levelled.max_gain_db:+.1f} dB"))
    if report and report.cuts:
        cut_s = sum(cut.end_s - cut.start_s for cut in report.cuts)
        rows.append(("long silences", f"{len(report.cuts)} shortened, by {cut_s:.1f} s in all"))
    lines = "".join(f"| {what} | {done} |\n" for what, done in rows)
    return f"\n| treated | |\n|---|---|\n{lines}" if rows else ""


def _noise(noise: NoiseReport) -> str:
    left = ", ".join(f"{one.duration_s:.0f} s left alone ({one.reason})" for one in noise.left_alone)
    if not noise.cleaned_s:
        return left
    effect = f"speech above it {_said(noise.snr_before_db, 'dB')} before, {_said(noise.snr_after_db, 'dB')} after"
    done = f"{noise.cleaned_s:.0f} s cleaned by {noise.version}, by up to {noise.strength_db:.0f} dB; {effect}"
    return f"{done}; speech itself {noise.speech_change_db:+.1f} dB{'; ' if left else ''}{left}"


def measures(report: QualityReport) -> str:
    """A table of all that was measured, the episode beside its source."""
    sounds = (report.episode, *((report.source,) if report.source else ()))
    columns = [column(sound) for sound in sounds]
    head = "| measured | episode |" + (" source |" if report.source else "")
    rows = "".join(f"| {name} | {' | '.join(column[name] for column in columns)} |\n" for name in columns[0])
    pace = f"| words a minute | {report.words_per_minute:.0f} |\n" if report.words_per_minute else ""
    table = f"{head}\n|---{'|---' * len(sounds)}|\n{rows}{pace}"
    return f"{_verdict(report)}{table}\n{NOT_CALIBRATED}\n{_voices(report.round_trip) if report.round_trip else ''}"


def _verdict(report: QualityReport) -> str:
    failures = report.verdict.failures if report.verdict else ()
    return "".join(f"* {plain(failure)}\n" for failure in failures) + ("\n" if failures else "")


def _voices(trip: RoundTrip) -> str:
    """What was heard of the voices, and what was not heard again."""
    told = ""
    if trip.lines:
        told = (
            f"{trip.lines} lines were heard again by {plain(trip.engine)}: of their letters {trip.mean_error_rate:.1%} "
            f"were heard otherwise, of the worst line's {trip.worst_error_rate:.0%}. Retaken: {trip.retaken} lines, "
            f"{trip.retakes} times.\n"
        )
    rows = "".join(
        f"| {one.line} | {plain(one.speaker)} | {one.preset} | {one.takes} | {one.error_rate:.0%} | {plain(one.said)} "
        f"| {plain(one.heard)} |\n"
        for one in (*trip.failed, *trip.mended)
    )
    table = f"\n| line | speaker | voice | takes | errors | said | heard |\n|---|---|---|---|---|---|---|\n{rows}"
    not_heard = "".join(f"\n> Not heard again: {plain(reason)}\n" for reason in trip.not_measured)
    return f"\n{told}{table if rows else ''}{not_heard}"


def column(sound: SoundQuality) -> dict[str, str]:
    """What was measured of one sound, by name, with units."""
    loudness, predicted = sound.loudness, sound.predicted
    rated = (
        f"{predicted.overall:.1f} (voice {predicted.speech:.1f}, background {predicted.background:.1f}, "
        f"P.808 {predicted.p808:.1f}; {predicted.windows} stretches)"
        if predicted
        else "–"
    )
    return {
        "integrated loudness": _said(loudness.integrated_lufs, "LUFS"),
        "loudest 3 s": _said(loudness.short_term_max_lufs, "LUFS"),
        "loudest 0.4 s": _said(loudness.momentary_max_lufs, "LUFS"),
        "loudness range": _said(loudness.range_lu, "LU"),
        "true peak": _said(loudness.true_peak_dbtp, "dBTP"),
        "cut peaks": f"{sound.clipped_runs} ({sound.clipped_samples} samples)",
        "offset": ", ".join(f"{mean:.5f}" for mean in sound.dc),
        "speech": _said(sound.speech_dbfs, "dBFS"),
        "noise": _said(sound.noise_dbfs, "dBFS"),
        "speech above noise": _said(sound.snr_db, "dB"),
        "silence": f"{100 * sound.silence_ratio:.1f} %, the longest {sound.longest_silence_s:.1f} s",
        "bandwidth": f"{sound.bandwidth_hz / 1000:.1f} kHz",
        "correlation of left and right": _said(sound.correlation, "", digits=2),
        "predicted quality": rated,
    }


def _said(value: float | None, unit: str, *, digits: int = 1) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}f} {unit}".strip()
