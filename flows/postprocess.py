"""Post-process: clips or a recording become a mastered programme."""

from __future__ import annotations

import asyncio

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, all_stored, stored
from tasks.audio.arrangement import lies_under
from tasks.postprocess import assemble_narration, draw_programme, dress_programme, master_programme
from tasks.schemas import Chapter, DocumentRef, Draft, Dressing, Finish, Master, Mastering, Programme


@flow(name="assemble", flow_run_name="clips to a programme", task_runner=RUNNER)
async def assemble(narration: DocumentRef) -> Programme:
    """Join the clips of a narration with pauses of our own.

    Args:
        narration: A narration in the store.
    """
    return await stored(assemble_narration, narration, load_settings().pauses)


async def dress(draft: Draft, dressing: Dressing | None, template: str) -> Draft:
    """Put a template's sounds around and under what is said; template: its name."""
    if dressing is None:
        return draft
    notes = bed_notes(draft.programme.chapters, dressing)
    programme = await stored(dress_programme, draft.programme, dressing)
    return draft.model_copy(
        update={"programme": programme, "template": template, "notes": (*draft.notes, *dressing.notes, *notes)}
    )


def bed_notes(chapters: tuple[Chapter, ...], dressing: Dressing) -> tuple[str, ...]:
    """A remark on a bed that nobody will hear."""
    titles = [chapter.title for chapter in chapters] or [""]
    bed = dressing.template.bed
    if "bed" not in dressing.sounds or any(lies_under(bed, title) for title in titles):
        return ()
    wanted = ", ".join(map(repr, bed.chapters)) or "none"
    return (f"The template's bed is for the chapters {wanted}, and no chapter is called so.",)


@flow(name="postprocess", flow_run_name="{programme.audio.duration_s:.0f} s of sound", task_runner=RUNNER)
async def postprocess(programme: Programme, mastering: Mastering) -> Finish:
    """Bring a programme to its loudness, and check the encoded files.

    Args:
        programme: The sound, before mastering.
        mastering: Through which chain, how loud, in how many channels and which formats.
    """
    (files, _), picture = await asyncio.gather(
        all_stored(master_programme, [(programme.audio, pressing) for pressing in mastering.pressings]),
        stored(draw_programme, programme.audio, programme.chapters),
    )
    return Finish(master=Master(files=files), picture=picture)
