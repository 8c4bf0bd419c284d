"""Ingest: what the user named becomes a decoded recording or a parsed script in the store."""

from __future__ import annotations

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store, clear_stale_scratch, keep_document, open_source, scratch
from blocks.settings import load_settings
from tasks.audio.codec import decode_to_flac
from tasks.errors import LanguageNotAllowed
from tasks.feed.read import find_enclosure
from tasks.policies import RETRYING, ByContent
from tasks.schemas import AudioRef, Recording, ScriptRef, SourceRef
from tasks.source.fetch import fetch
from tasks.text.language import guess_language
from tasks.text.script import decode_text, looks_like_script, parse_script

log = structlog.get_logger(__name__)

HEAD_BYTES = 64 * 1024  # enough to tell text from sound


@task(cache_policy=NO_CACHE, **RETRYING)
def sweep_leftovers() -> None:
    """Remove what killed runs have left: scratch folders, and unfinished files in the store."""
    clear_stale_scratch()
    audio_store().sweep()


@task(cache_policy=NO_CACHE, **RETRYING)
def fetch_source(source: str) -> SourceRef:
    """Copy the source into the store, as it is at this moment."""
    limits = load_settings().ingest
    with scratch() as folder:
        fetched = fetch(source, folder, limits, open_filesystem=open_source, find_enclosure=find_enclosure)
        with fetched.path.open("rb") as file:
            is_script = looks_like_script(file.read(HEAD_BYTES), fetched.name)
        stored = audio_store().put_file(fetched.path, fetched.path.suffix)
    log.info("source.fetched", name=fetched.name, size_bytes=fetched.size_bytes, sha256=fetched.sha256)
    return SourceRef(
        uri=stored.uri,
        sha256=stored.sha256,
        size_bytes=stored.size_bytes,
        name=fetched.name,
        address=fetched.address,
        kind="script" if is_script else "recording",
    )


@task(cache_policy=ByContent(nouns=("audio",), libraries=("av", "soundfile")), **RETRYING)
def decode_recording(source: SourceRef, max_duration_s: float) -> Recording:
    """Decode whatever FFmpeg's libraries can read into 48 kHz FLAC."""
    store = audio_store()
    with scratch() as folder, store.local(source.uri) as path:
        named = folder / "source" / source.name
        named.parent.mkdir()
        named.symlink_to(path)  # failures speak of a file as its owner calls it, not by its digest
        target = folder / "recording.flac"
        decoded = decode_to_flac(named, target, max_duration_s=max_duration_s)
        stored = store.put_file(target, ".flac")
    log.info("recording.decoded", name=source.name, duration_s=round(decoded.duration_s, 2), format=decoded.format_name)
    audio = AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=decoded.duration_s,
        sample_rate_hz=decoded.sample_rate_hz,
        channels=decoded.channels,
    )
    return Recording(audio=audio, notes=decoded.notes)


@task(cache_policy=ByContent(nouns=("text",)), **RETRYING)
def read_script(source: SourceRef, languages: tuple[str, ...]) -> ScriptRef:
    """Parse a script, in any of its forms, and tell which of the allowed languages it is in."""
    script = parse_script(decode_text(audio_store().read_bytes(source.uri)), name=source.name)
    language = script.language or guess_language(" ".join(line.text for line in script.lines), languages)
    if language not in languages:
        raise LanguageNotAllowed(f"{source.name} says it is in {language!r}; allowed here are {', '.join(languages)}")
    log.info("script.read", name=source.name, lines=len(script.lines), language=language)
    return ScriptRef(document=keep_document(script), title=script.title, language=language)
