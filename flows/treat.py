"""Treat: between transcription and mastering, a recording is freed of what disturbs and its voices are made alike."""

from __future__ import annotations

from prefect import flow

from flows.dispatch import RUNNER, stored
from tasks.schemas import Programme, Treated, Treatment
from tasks.treat import balance_recording, centre_recording, clean_recording, soften_recording, tidy_recording


async def remove_offset(treated: Treated, treatment: Treatment) -> Treated:
    """Direct current goes first: no level is true above it."""
    if not treatment.remove_dc:
        return treated
    centred = await stored(centre_recording, treated.programme.audio)
    return treated.after(centred.audio, offset=centred.report)


async def balance(treated: Treated, treatment: Treatment) -> Treated:
    """Voices that stand in one ear, before anything is done to each channel by itself."""
    if treatment.stereo == "keep" or treated.programme.audio.channels != 2:
        return treated
    balanced = await stored(balance_recording, treated.programme.audio, treatment.stereo == "centre")
    return treated.after(balanced.audio, stereo=balanced.report)


async def reduce_noise(treated: Treated, treatment: Treatment) -> Treated:
    """Noise goes before all that would take it for speech, or lift it."""
    if treatment.noise is None:
        return treated
    denoised = await stored(clean_recording, treated.programme.audio, treatment.noise)
    return treated.after(denoised.audio, noise=denoised.report)


async def soften_sibilants(treated: Treated, treatment: Treatment) -> Treated:
    """Sharp s sounds, which noise would hide from the de-esser."""
    if not treatment.deesser_db:
        return treated
    softened = await stored(soften_recording, treated.programme.audio, treatment.deesser_db)
    return treated.after(softened.audio, deesser=softened.report)


async def tidy(treated: Treated, treatment: Treatment) -> Treated:
    """Voices are brought to one loudness and long silences shortened, and what is said moves with the sound."""
    if treatment.tidying is None:
        return treated
    tidied = await stored(tidy_recording, treated.programme, treatment.tidying)
    report = treated.report.model_copy(update={"levelled": tidied.report.levelled, "cuts": tidied.report.cuts})
    return Treated(programme=tidied.programme, report=report)


ORDER = (remove_offset, balance, reduce_noise, soften_sibilants, tidy)
"""What is done to the sound, in this order."""


@flow(name="treat", flow_run_name="{recorded.audio.duration_s:.0f} s of sound", task_runner=RUNNER)
async def treat(recorded: Programme, treatment: Treatment) -> Treated:
    """Free a recording of what disturbs, and make its voices alike; those that were made by machines need none of it.

    Args:
        recorded: The sound of a recording at 48 kHz, and its transcript.
        treatment: What is to be done.
    """
    treated = Treated(programme=recorded)
    for step in ORDER:
        treated = await step(treated, treatment)
    return treated
