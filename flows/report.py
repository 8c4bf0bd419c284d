"""What a person finds in the Prefect UI when an episode is published: how it looks, how loud, what it cost, where."""

from __future__ import annotations

import base64

from prefect.artifacts import acreate_markdown_artifact

from blocks.places import audio_store
from flows.marks import plain
from flows.sound_report import measures, pictures, treatments
from tasks.schemas import EpisodeManifest, Picture, Quality

ARTIFACT = "episode"
MOST_SUBSTITUTIONS = 50


async def report_episode(manifest: EpisodeManifest, picture: Picture, quality: Quality) -> None:
    """Leave an artifact on the run. The UI removes players, so the link leads to the page that has one."""
    png = base64.b64encode(audio_store().read_bytes(picture.png.uri)).decode()
    minutes, seconds = divmod(round(manifest.duration_s), 60)
    loudness, target_lufs = manifest.loudness, manifest.mastering.target_lufs
    engines = ", ".join(f"{use.role} {use.engine}" for use in manifest.engines)
    stages = "".join(f"| {entry.stage} | {entry.elapsed_s:.1f} s |\n" for entry in manifest.stages)
    notes = "".join(f"\n> {note}\n" for note in manifest.notes)
    markdown = f"""# {manifest.title}

**[Listen]({manifest.page})** · [feed]({manifest.feed}) · {minutes}:{seconds:02d} · {manifest.language} · {engines}

![Waveform](data:image/png;base64,{png})
{notes}
| measured on the decoded MP3 | | asked for |
|---|---|---|
| integrated loudness | {loudness.integrated_lufs:.1f} LUFS | {target_lufs:.1f} ± 0.5 LUFS |
| true peak | {loudness.true_peak_dbtp:.1f} dBTP | at most {manifest.mastering.true_peak_dbtp:.1f} dBTP |
| loudness range | {loudness.range_lu:.1f} LU | |
{treatments(manifest.treatment)}{_voices(manifest)}{_substitutions(manifest)}{_pods(manifest)}
| stage | took |
|---|---|
{stages}
`{manifest.published_to}`
"""
    await acreate_markdown_artifact(markdown, key=ARTIFACT, description=f"{manifest.title}, published")
    await report_quality(manifest.title, quality)


async def report_quality(title: str, quality: Quality) -> None:
    """Leave a second artifact: all that was measured, with its pictures."""
    markdown = f"# {plain(title)}\n\n{pictures(quality)}\n{measures(quality.report)}"
    await acreate_markdown_artifact(markdown, key="quality", description=f"{plain(title)}, measured")


def _voices(manifest: EpisodeManifest) -> str:
    """Who read, what was asked of whom, and what it cost."""
    if not manifest.synthetic_speech:
        return ""
    read = "".join(f"| {use.preset} | {use.engine} | {use.lines} |\n" for use in manifest.voices)
    asked = "".join(
        f"| {use.engine} | {use.requests} | {use.unfinished} | {use.characters} | {_usd(use.usd)} |\n"
        for use in manifest.engines
        if use.role == "tts"
    )
    return f"""
| voice | engine | lines |
|---|---|---|
{read}
| asked of | requests | without a whole answer | characters | USD |
|---|---|---|---|---|
{asked}
Clips made in this run {manifest.clips_made}, found stored {manifest.clips_reused}. Estimated before the first request \
{_usd(manifest.cost.estimated_usd)} USD, spent {_usd(manifest.cost.spent_usd)} USD, at the published prices.
"""


def _substitutions(manifest: EpisodeManifest) -> str:
    """The lines that another voice read, and why."""
    if not manifest.substitutions:
        return ""
    rows = "".join(
        f"| {one.line} | {one.speaker} | {one.preset} | {one.instead_of} | {one.reason.replace('|', '/')} |\n"
        for one in manifest.substitutions[:MOST_SUBSTITUTIONS]
    )
    more = len(manifest.substitutions) - MOST_SUBSTITUTIONS
    rest = f"\nand {more} more lines, which the manifest lists\n" if more > 0 else ""
    return f"\n| line | speaker | read by | instead of | because |\n|---|---|---|---|---|\n{rows}{rest}"


def _pods(manifest: EpisodeManifest) -> str:
    """Which machines did the stages that were placed on a pool."""
    rows = "".join(
        f"| {entry.stage} | {pod.pool} | {pod.pod or pod.run} | {pod.made} | {pod.elapsed_s:.1f} s |\n"
        for entry in manifest.stages
        for pod in entry.pods
    )
    return f"\n| stage | pool | pod | made | worked |\n|---|---|---|---|---|\n{rows}" if rows else ""


def _usd(amount: float | None) -> str:
    return "not published" if amount is None else f"{amount:.4f}"
