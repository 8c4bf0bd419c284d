"""Quality: how an episode sounds, and how any file does."""

from __future__ import annotations

import asyncio

from prefect import flow

from flows.dispatch import RUNNER, done, stored
from tasks.quality import analyze_master, analyze_recording, report_sound
from tasks.schemas import Analysis, AudioRef, Master, Programme, Quality


@flow(name="measure", flow_run_name="{master.duration_s:.0f} s of sound", task_runner=RUNNER)
async def measure(master: Master, programme: Programme, target_lufs: float, recording: AudioRef | None) -> Quality:
    """Measure an episode as listeners get it, and the recording that it was made from.

    Args:
        master: The encoded episode.
        programme: What is said in it, and its chapters.
        target_lufs: The loudness that was asked for.
        recording: What it was made from, where that was a recording.
    """
    heard, source = await asyncio.gather(
        stored(analyze_master, master, programme.chapters, target_lufs), _analyzed(recording)
    )
    report = await done(report_sound.submit(heard, source, programme.transcript))
    return Quality(report=report, loudness_png=heard.loudness_png, spectrogram_png=heard.spectrogram_png)


async def _analyzed(recording: AudioRef | None) -> Analysis | None:
    if recording is None:
        return None
    analysis: Analysis = await stored(analyze_recording, recording)
    return analysis
