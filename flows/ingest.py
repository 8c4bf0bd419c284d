"""Ingest: a source becomes a recording or a script in the store."""

from __future__ import annotations

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, done, stored
from tasks.errors import InvalidRequest
from tasks.ingest import decode_recording, fetch_source, read_script, sweep_leftovers
from tasks.schemas import Material, Production


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
        return Material(source=fetched, script=await stored(read_script, fetched, languages))
    longest_s = load_settings().ingest.max_duration_s
    return Material(source=fetched, recording=await stored(decode_recording, fetched, longest_s))
