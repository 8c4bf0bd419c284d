"""Quality: how an episode sounds, and how any file does."""

from __future__ import annotations

import asyncio

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.runtime import flow_run

from blocks.settings import load_settings
from flows.dispatch import RUNNER, done, stored
from flows.marks import plain
from flows.sound_report import measures, pictures
from tasks.errors import InvalidRequest
from tasks.ingest import decode_recording, fetch_source
from tasks.quality import analyze_master, analyze_recording, report_sound
from tasks.schemas import Analysis, Draft, Finish, Gate, Mastering, Quality, QualityReport, Recording
from tasks.source.address import redact


def run_name() -> str:
    """What the UI calls a run: what is listened to, without the secrets that an address may hold."""
    return f"quality of {redact(flow_run.parameters['source'])}"


@flow(name="analyze-quality", flow_run_name=run_name, task_runner=RUNNER)
async def analyze_quality(source: str) -> Quality:
    """Tell how any recording sounds: loudness, noise, cut peaks, silence, bandwidth, predicted quality. Makes nothing.

    Args:
        source: A recording: a file, a folder, an http(s) address, a feed, or a uri such as s3://bucket/talk.mp3.
    """
    fetched = await done(fetch_source.submit(source))
    if fetched.kind == "script":
        raise InvalidRequest(f"{fetched.name} is a script, and has no sound to analyze; give a recording")
    recording = await stored(decode_recording, fetched, load_settings().ingest.max_duration_s)
    heard = await stored(analyze_recording, recording)
    report = QualityReport(episode=heard.sound, notes=recording.notes)
    quality = Quality(report=report, loudness_png=heard.loudness_png, spectrogram_png=heard.spectrogram_png)
    notes = "".join(f"\n> {plain(note)}\n" for note in report.notes)
    markdown = f"# {plain(fetched.name)}\n\n{pictures(quality)}{notes}\n{measures(report)}"
    await acreate_markdown_artifact(markdown, key="quality", description=f"{plain(fetched.name)}, measured")
    return quality


@flow(name="measure", flow_run_name="{finish.master.duration_s:.0f} s of sound", task_runner=RUNNER)
async def measure(
    draft: Draft, finish: Finish, mastering: Mastering, gate: Gate, recording: Recording | None
) -> Quality:
    """Measure an episode as listeners get it, and the recording that it was made from; say whether it may go out.

    Args:
        draft: What is said in it, and who said it.
        finish: The encoded episode.
        mastering: How loud it was to be.
        gate: What it must be like to go out by itself.
        recording: What it was made from, where that was a recording.
    """
    heard, source = await asyncio.gather(
        stored(analyze_master, finish.master.mp3, draft.programme.chapters, mastering.target_lufs), _analyzed(recording)
    )
    report = await done(report_sound.submit(heard, source, draft, gate, mastering))
    return Quality(report=report, loudness_png=heard.loudness_png, spectrogram_png=heard.spectrogram_png)


async def _analyzed(recording: Recording | None) -> Analysis | None:
    if recording is None:
        return None
    analysis: Analysis = await stored(analyze_recording, recording)
    return analysis
