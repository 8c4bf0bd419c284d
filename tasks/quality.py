"""Quality: what listeners will hear is decoded, measured and drawn, and so is what a recording was before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store, read_document
from blocks.storage import Store
from tasks.audio.formats import decoded_blocks
from tasks.audio.pcm import PROGRAMME_RATE_HZ, read_blocks
from tasks.audio.quality import Measured, analyze, judge, loudness_png, spectrogram_png
from tasks.policies import RETRYING, ByContent
from tasks.schemas import Analysis, Chapter, Draft, Gate, MasterFile, Mastering, QualityReport, Recording, Transcript

log = structlog.get_logger(__name__)

BY_EAR = ByContent(
    nouns=("audio",),
    libraries=("av", "numpy", "onnxruntime", "pillow", "scipy", "soundfile", "soxr", "speechmos"),
)
LOUDNESS_SIZE, SPECTROGRAM_SIZE = (1200, 160), (1200, 200)


@task(cache_policy=BY_EAR, **RETRYING)
def analyze_master(master: MasterFile, chapters: tuple[Chapter, ...], target_lufs: float) -> Analysis:
    """Measure and draw a finished file as players decode it."""
    store = audio_store()
    with store.local(master.file.uri) as path:
        measured = analyze(
            decoded_blocks(path, master.format),
            sample_rate_hz=PROGRAMME_RATE_HZ,
            channels=master.channels,
            duration_s=master.duration_s,
        )
    return _drawn(store, measured, chapters, target_lufs)


@task(cache_policy=BY_EAR, **RETRYING)
def analyze_recording(recording: Recording) -> Analysis:
    """Measure and draw a recording, as it came; peaks that were cut there are seldom at full scale after resampling."""
    store, audio = audio_store(), recording.audio
    with store.local(audio.uri) as path:
        measured = analyze(
            read_blocks(path),
            sample_rate_hz=audio.sample_rate_hz,
            channels=audio.channels,
            duration_s=audio.duration_s,
        )
    sound = measured.sound
    cut = {
        "clipped_samples": max(sound.clipped_samples, recording.clipped_samples),
        "clipped_runs": max(sound.clipped_runs, recording.clipped_runs),
    }
    return _drawn(store, replace(measured, sound=sound.model_copy(update=cut)), (), None)


@task(cache_policy=NO_CACHE, **RETRYING)
def report_sound(
    episode: Analysis, source: Analysis | None, draft: Draft, gate: Gate, mastering: Mastering
) -> QualityReport:
    """Put together what is known of how an episode sounds, and whether it may go out by itself."""
    report = QualityReport(
        episode=episode.sound,
        source=source.sound if source else None,
        words_per_minute=words_per_minute(read_document(draft.programme.transcript, Transcript)),
        round_trip=draft.synthesis.round_trip if draft.synthesis else None,
    )
    verdict = judge(report, gate, target_lufs=mastering.target_lufs, highest_peak_dbtp=mastering.true_peak_dbtp)
    log.info("sound.judged", passed=verdict.passed, failures=len(verdict.failures))
    return report.model_copy(update={"verdict": verdict})


def words_per_minute(transcript: Transcript) -> float | None:
    """How fast is spoken, pauses between the segments left out; None where nothing is said."""
    words = sum(len(segment.text.split()) for segment in transcript.segments)
    spoken_s = sum(segment.end_s - segment.start_s for segment in transcript.segments)
    return round(60 * words / spoken_s, 1) if words and spoken_s > 0 else None


def _drawn(store: Store, measured: Measured, chapters: Iterable[Chapter], target_lufs: float | None) -> Analysis:
    sound = measured.sound
    log.info(
        "sound.analyzed",
        duration_s=sound.duration_s,
        integrated_lufs=round(sound.loudness.integrated_lufs, 2),
        snr_db=sound.snr_db,
        clipped_runs=sound.clipped_runs,
        predicted=sound.predicted.overall if sound.predicted else None,
    )
    curve = loudness_png(measured.short_term_lufs, *LOUDNESS_SIZE, target_lufs=target_lufs, chapters=chapters)
    picture = spectrogram_png(measured.spectrogram_db, *SPECTROGRAM_SIZE, sample_rate_hz=sound.sample_rate_hz)
    return Analysis(
        sound=sound,
        loudness_png=store.put_bytes(curve, ".png"),
        spectrogram_png=store.put_bytes(picture, ".png"),
    )
