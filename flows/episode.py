"""produce_episode: ingest → transcribe → synthesize → treat → postprocess → measure → publish."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath

from prefect import flow
from prefect.runtime import flow_run

from blocks.settings import load_settings
from flows.dispatch import RUNNER, done, spread, stored
from flows.ingest import furnish, ingest
from flows.pods import require_pools
from flows.postprocess import assemble, dress, postprocess
from flows.progress import Progress
from flows.publish import publish
from flows.quality import measure
from flows.report import report_episode, report_quality
from flows.review import ask_a_person
from flows.synthesize import help_synthesize, synthesize
from flows.transcribe import help_transcribe, transcribe
from flows.treat import treat
from tasks.errors import KeptForReview
from tasks.publish import check_destination, keep_for_review
from tasks.schemas import Draft, EpisodeManifest, EpisodeRequest, Material, Parcel, Production, Programme, ScriptRef
from tasks.source.address import redact
from tasks.transcribe import write_script


def run_name() -> str:
    """What the UI calls a run: what is made of what, without the secrets that an address may hold."""
    request: EpisodeRequest = flow_run.parameters["request"]
    return f"{request.production} {redact(request.source)}"


@flow(name="produce-episode", flow_run_name=run_name, task_runner=RUNNER)
async def produce_episode(request: EpisodeRequest) -> EpisodeManifest:
    """Turn a recording or a script into a published podcast episode.

    Args:
        request: What to make, from what, and where to publish it.
    """
    show = load_settings().show(request.show)
    languages = show.languages_for(request.language)
    progress = Progress(request.title or redact(request.source), STAGES[request.production])
    async with progress.stage("ingest"):
        await require_pools(STAGES[request.production], request.pods)
        await done(check_destination.submit(request, show))
        material = await ingest(request.source, request.production, languages)
        template = request.template or show.template
        dressing = await furnish(template, request.production)
    title = request.title or material.title or PurePosixPath(material.source.name).stem
    draft = await PRODUCTIONS[request.production](request, material, languages, progress)
    async with progress.stage("postprocess"):
        draft = await dress(draft, dressing, template)
        finish = await postprocess(draft.programme, request.mastering)
    async with progress.stage("measure"):
        quality = await measure(draft, finish, request.mastering, request.gate, material.recording)
    parcel = Parcel(
        request=request,
        show=show,
        title=title,
        material=material,
        draft=draft,
        finish=finish,
        quality=quality,
        stages=progress.entries,
    )
    if quality.report.verdict and not quality.report.verdict.passed:
        raise await keep(parcel)
    async with progress.stage("publish"):
        manifest = await publish(parcel)
    await progress.finish()
    manifest = manifest.model_copy(update={"stages": progress.entries})
    await report_episode(manifest, finish.picture, quality)
    return manifest


async def keep(parcel: Parcel) -> KeptForReview:
    """Keep an episode that is not as it was asked for, and ask a person; the failure that says where to look."""
    kept = await done(keep_for_review.submit(parcel))
    await report_quality(parcel.title, parcel.quality)
    run = await ask_a_person(kept)
    decide = f"resume the run {run!r} in the Prefect UI, or " if run else ""
    return KeptForReview(
        f"{kept.title} is kept for review and not published: {'; '.join(kept.failures)}. Listen at {kept.page}; to "
        f"decide, {decide}python -m flows review {kept.id} --approve --by NAME (or --reject)"
    )


async def narrate(request: EpisodeRequest, material: Material, _: tuple[str, ...], progress: Progress) -> Draft:
    """Each line of a script is read by the voice cast for its speaker."""
    return await read_aloud(material.the_script, request, progress)


async def enhance(request: EpisodeRequest, material: Material, languages: tuple[str, ...], progress: Progress) -> Draft:
    """The original voices, transcribed as they were recorded, then cleaned; mastering comes after."""
    async with progress.stage("transcribe"):
        hear = spread(transcribe, help_transcribe, request.pods, progress.worked)
        heard = await hear(material.the_recording.audio, languages)
    async with progress.stage("treat"):
        recorded = Programme(audio=material.the_recording.audio, transcript=heard.document)
        treated = await treat(recorded, request.treatment)
    return Draft(programme=treated.programme, language=heard.language, heard_by=heard.engine, treatment=treated.report)


async def revoice(request: EpisodeRequest, material: Material, languages: tuple[str, ...], progress: Progress) -> Draft:
    """What was said is transcribed, and read anew by cast voices in the same language."""
    async with progress.stage("transcribe"):
        hear = spread(transcribe, help_transcribe, request.pods, progress.worked)
        heard = await hear(material.the_recording.audio, languages)
        document = await stored(write_script, heard.document, material.source.name)
    script = ScriptRef(document=document, title="", language=heard.language)
    draft = await read_aloud(script, request, progress)
    return draft.model_copy(update={"heard_by": heard.engine})


async def read_aloud(script: ScriptRef, request: EpisodeRequest, progress: Progress) -> Draft:
    """Synthesize a script and join its clips."""
    async with progress.stage("synthesize"):
        speak = spread(synthesize, help_synthesize, request.pods, progress.worked)
        spoken = await speak(script.document, script.language, request.show, request.cast, request.budget, request.gate)
        programme = await assemble(spoken.narration)
    return Draft(programme=programme, language=script.language, synthesis=spoken)


PRODUCTIONS: dict[Production, Callable[..., Awaitable[Draft]]] = {
    "narrate": narrate,
    "enhance": enhance,
    "revoice": revoice,
}
STAGES: dict[Production, tuple[str, ...]] = {
    "narrate": ("ingest", "synthesize", "postprocess", "measure", "publish"),
    "enhance": ("ingest", "transcribe", "treat", "postprocess", "measure", "publish"),
    "revoice": ("ingest", "transcribe", "synthesize", "postprocess", "measure", "publish"),
}
