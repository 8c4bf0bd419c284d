"""What a person finds in the Prefect UI when an episode is published: how it looks, how loud it is, where to listen."""

from __future__ import annotations

import base64

from prefect.artifacts import acreate_markdown_artifact

from blocks.places import audio_store
from tasks.schemas import EpisodeManifest, Picture

ARTIFACT = "episode"


async def report_episode(manifest: EpisodeManifest, picture: Picture) -> None:
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

| clips | |
|---|---|
| made in this run | {manifest.clips_made} |
| found stored | {manifest.clips_reused} |

| stage | took |
|---|---|
{stages}
`{manifest.published_to}`
"""
    await acreate_markdown_artifact(markdown, key=ARTIFACT, description=f"{manifest.title}, published")
