"""preview_voice: hear one voice say a few sentences, now."""

from __future__ import annotations

from collections.abc import Iterable

from prefect import flow
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact
from prefect.runtime import flow_run

from flows.dispatch import RUNNER, done
from flows.marks import plain
from tasks.preview import hear_voice
from tasks.schemas.preview import HowRead, Preview, SpokenLanguage

SAMPLE = "Góðan dag. Þann 3. maí kl. 14:30 kostaði þetta 1.250 kr."


def run_name() -> str:
    """What the UI calls a run: whom one hears."""
    return f"hear {flow_run.parameters['preset']}"


@flow(name="preview-voice", flow_run_name=run_name, task_runner=RUNNER)
async def preview_voice(preset: str = "espeak-asa", text: str = SAMPLE, language: SpokenLanguage = "is") -> Preview:
    """Hear one voice say a few sentences. The run's artifact leads to the sound, and shows how the text was read.

    Args:
        preset: Name of a voice preset: one that ships, such as espeak-asa or azure-gudrun, or a saved Voice Preset.
        text: What it is to say, at most 1000 characters. Numbers, dates and abbreviations are read as in an episode.
        language: The language that the text is written in.
    """
    preview = await done(hear_voice.submit(preset, text, language))
    await acreate_link_artifact(
        link=preview.listen,
        link_text=f"Listen to {preset}",
        key="preview-link",
        description=f"{preset}, {preview.duration_s:.1f} s",
    )
    await acreate_markdown_artifact(_report(preview), key="preview", description=f"{preset}, heard")
    return preview


def _report(preview: Preview) -> str:
    """What was said, and every reading in it: how it was written, and how it was spoken."""
    cost = "no price published" if preview.cost_usd is None else f"{preview.cost_usd:.4f} USD"
    spent = f"{preview.characters} characters, {cost}" if preview.characters else "said before: nothing was asked for"
    notes = "".join(f"\n> {plain(note)}\n" for note in preview.notes)
    return f"""# {preview.preset}

**[Listen]({preview.listen})** · {preview.duration_s:.1f} s · {preview.language} · {preview.engine} · {spent}

> {plain(preview.spoken)}

{_readings(preview.readings)}{notes}
First sound after {preview.first_sound_s:.2f} s when it was made · `{preview.uri}`
"""


def _readings(readings: Iterable[HowRead]) -> str:
    rows = "".join(f"| {plain(read.written)} | {plain(read.spoken)} | {read.kind} |\n" for read in readings)
    return f"| written | spoken | as |\n|---|---|---|\n{rows}" if rows else ""
