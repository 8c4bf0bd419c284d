"""Post-process: clips or a recording become a mastered programme."""

from __future__ import annotations

import asyncio

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, stored
from tasks.postprocess import assemble_narration, draw_programme, master_programme
from tasks.schemas import DocumentRef, Finish, Mastering, Programme


@flow(name="assemble", flow_run_name="clips to a programme", task_runner=RUNNER)
async def assemble(narration: DocumentRef) -> Programme:
    """Join the clips of a narration with pauses of our own.

    Args:
        narration: A narration in the store.
    """
    return await stored(assemble_narration, narration, load_settings().pauses)


@flow(name="postprocess", flow_run_name="{programme.audio.duration_s:.0f} s of sound", task_runner=RUNNER)
async def postprocess(programme: Programme, mastering: Mastering) -> Finish:
    """Bring a programme to its loudness, and check the encoded files.

    Args:
        programme: The sound, before mastering.
        mastering: Through which chain, how loud, in how many channels and which formats.
    """
    master, picture = await asyncio.gather(
        stored(master_programme, programme.audio, mastering),
        stored(draw_programme, programme.audio, programme.chapters),
    )
    return Finish(master=master, picture=picture)
