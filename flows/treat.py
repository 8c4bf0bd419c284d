"""Treat: a recording is freed of what disturbs, after its transcription and before its mastering."""

from __future__ import annotations

from prefect import flow

from flows.dispatch import RUNNER, stored
from tasks.schemas import Programme, Treated, Treatment
from tasks.treat import clean_recording


async def reduce_noise(treated: Treated, treatment: Treatment) -> Treated:
    """Noise goes first: all that comes after would take it for speech, or lift it."""
    if treatment.noise is None:
        return treated
    denoised = await stored(clean_recording, treated.programme.audio, treatment.noise)
    return treated.after(denoised.audio, noise=denoised.report)


ORDER = (reduce_noise,)
"""What is done to the sound, in this order."""


@flow(name="treat", flow_run_name="{recorded.audio.duration_s:.0f} s of sound", task_runner=RUNNER)
async def treat(recorded: Programme, treatment: Treatment) -> Treated:
    """Free a recording of what disturbs; voices that were made by machines need none of it.

    Args:
        recorded: The sound of a recording at 48 kHz, and its transcript.
        treatment: What is to be done.
    """
    treated = Treated(programme=recorded)
    for step in ORDER:
        treated = await step(treated, treatment)
    return treated
