"""Ingest: a source becomes a recording or a script in the store."""

from __future__ import annotations

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, done, stored
from tasks.errors import InvalidRequest, InvalidTemplate, SourceError
from tasks.ingest import (
    decode_recording,
    fetch_inserts,
    fetch_source,
    fetch_template,
    measure_insert,
    place_inserts,
    read_script,
    sweep_leftovers,
)
from tasks.schemas import NO_TEMPLATE, AudioRef, Clip, Dressing, Material, Production, ScriptRef

SHORTEST_LOOP_S = 1.0


@flow(name="ingest", flow_run_name="to {production}", task_runner=RUNNER)
async def ingest(source: str, production: Production, languages: tuple[str, ...]) -> Material:
    """Fetch the source, tell what it is, and read it.

    Args:
        source: A file, a folder, an http(s) address, a feed, or any fsspec uri.
        production: What is to be made of it; a script can only be narrated, a recording only enhanced or revoiced.
        languages: Those that the source may be in.
    """
    await done(sweep_leftovers.submit())
    fetched = await done(fetch_source.submit(source))
    wanted = "script" if production == "narrate" else "recording"
    if fetched.kind != wanted:
        ways = "narrate" if fetched.kind == "script" else "enhance or revoice"
        raise InvalidRequest(f"{production} needs a {wanted}, and {fetched.name} is a {fetched.kind}; choose {ways}")
    if fetched.kind == "script":
        script = await stored(read_script, fetched, languages)
        return Material(source=fetched, script=await with_inserts(script, fetched.address))
    longest_s = load_settings().ingest.max_duration_s
    return Material(source=fetched, recording=await stored(decode_recording, fetched, longest_s))


async def with_inserts(script: ScriptRef, address: str) -> ScriptRef:
    """The script with the sounds of its recorded clips; address: where it lies.

    Raises: a SourceError that names the line of the clip that is not there, or is no sound.
    """
    if not script.inserts:
        return script
    clips: dict[str, Clip] = {}
    notes = list(script.notes)
    for insert in await done(fetch_inserts.submit(script.document, address)):
        try:
            recording = await stored(decode_recording, insert.source, load_settings().ingest.max_duration_s)
        except SourceError as error:
            raise error.named_by(f"line {insert.line}: the clip {insert.file!r}") from error
        clips[insert.file] = await stored(measure_insert, recording.audio)
        notes += [f"{insert.file}: {note}" for note in recording.notes]
    document = await stored(place_inserts, script.document, clips)
    return script.model_copy(update={"document": document, "notes": tuple(notes)})


async def furnish(template: str, production: Production) -> Dressing | None:
    """A template's sounds, decoded before anything is spoken; None where there is no template.

    template: its name, none, or empty.
    Raises: UnknownTemplate, InvalidTemplate, and a SourceError that says which of its sounds is not there.
    """
    if template in ("", NO_TEMPLATE):
        return None
    furnishing = await done(fetch_template.submit(template))
    sounds: dict[str, AudioRef] = {}
    notes: list[str] = []
    for role, source in furnishing.sources.items():
        kind = role.replace("_", " ")
        if role == "room_tone" and production == "enhance":
            continue  # a recording has its own
        try:
            recording = await stored(decode_recording, source, load_settings().ingest.max_duration_s)
        except SourceError as error:
            raise error.named_by(f"the {kind} of the template {template!r}") from error
        if role in furnishing.template.looped and recording.audio.duration_s < SHORTEST_LOOP_S:
            raise InvalidTemplate(
                f"the {kind} of the template {template!r} lasts {recording.audio.duration_s:g} s, "
                f"less than {SHORTEST_LOOP_S:.0f} s; over and over it would be a buzz: give a longer sound"
            )
        sounds[role] = recording.audio
        notes += [f"The template's {kind}: {note}" for note in recording.notes]
    return Dressing.of(furnishing.template, sounds, tuple(notes)) if sounds else None
