"""Ingest: what the user named becomes a decoded recording or a parsed script in the store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store, clear_stale_scratch, keep_document, open_source, read_document, scratch
from blocks.settings import load_settings
from blocks.templates import saved_templates
from tasks.audio.codec import decode_to_flac
from tasks.audio.levelling import speech_lufs
from tasks.errors import InvalidTemplate, LanguageNotAllowed, SourceError, SourceRefused, UnknownTemplate
from tasks.feed.read import find_enclosure
from tasks.policies import RETRYING, ByContent
from tasks.schemas import (
    AudioRef,
    Clip,
    DocumentRef,
    EpisodeTemplate,
    Furnishing,
    Insert,
    InsertSource,
    Recording,
    Script,
    ScriptRef,
    SourceRef,
)
from tasks.source.address import beside, companion, is_path
from tasks.source.fetch import fetch
from tasks.source.local import stays_inside
from tasks.text.language import guess_language
from tasks.text.script import decode_text, looks_like_script, parse_script
from tasks.text.yaml_entries import entries_in

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
    return fetched_into_store(source)


@task(cache_policy=NO_CACHE, **RETRYING)
def fetch_template(name: str) -> Furnishing:
    """Copy the sounds of a template into the store, as they are at this moment."""
    template = template_named(name, known_templates())
    sources = {}
    for role, file in template.files.items():
        try:
            sources[role] = fetched_into_store(beside(load_settings().templates, file))
        except SourceError as error:
            raise error.named_by(f"the {role.replace('_', ' ')} of the template {name!r}") from error
    log.info("template.fetched", template=name, sounds=",".join(sources))
    return Furnishing(template=template, sources=sources)


def known_templates() -> dict[str, EpisodeTemplate]:
    """Every episode template, by name: the folder's, then the saved blocks'; a later one of the same name wins.

    Raises: InvalidTemplate.
    """
    in_folder = entries_in(load_settings().templates, EpisodeTemplate, InvalidTemplate)
    return {template.name: template for template in (*in_folder, *saved_templates().values())}


def template_named(name: str, templates: Mapping[str, EpisodeTemplate]) -> EpisodeTemplate:
    """The template of this name.

    Raises: UnknownTemplate.
    """
    if name not in templates:
        there_are = f"templates are {', '.join(templates)}" if templates else "there are none"
        raise UnknownTemplate(
            f"there is no episode template {name!r}; {there_are}. Save it as a block Episode Template in the Prefect "
            f"UI, or in the folder {load_settings().templates}"
        )
    return templates[name]


def fetched_into_store(source: str) -> SourceRef:
    """What `source` names, in the store.

    Raises: SourceError or StorageError, whichever leaf says what happened.
    """
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
    return Recording(
        audio=audio,
        clipped_samples=decoded.clipped_samples,
        clipped_runs=decoded.clipped_runs,
        notes=decoded.notes,
    )


@task(cache_policy=ByContent(nouns=("text",)), **RETRYING)
def read_script(source: SourceRef, languages: tuple[str, ...]) -> ScriptRef:
    """Parse a script, in any of its forms, and tell which of the allowed languages it is in."""
    script = parse_script(decode_text(audio_store().read_bytes(source.uri)), name=source.name)
    language = script.language or guess_language(" ".join(line.text for line in script.lines), languages)
    if language not in languages:
        raise LanguageNotAllowed(f"{source.name} says it is in {language!r}; allowed here are {', '.join(languages)}")
    log.info("script.read", name=source.name, lines=len(script.lines), language=language)
    document = keep_document(script)
    return ScriptRef(document=document, title=script.title, language=language, inserts=len(script.inserts))


@task(cache_policy=NO_CACHE, **RETRYING)
def fetch_inserts(script: DocumentRef, address: str) -> tuple[InsertSource, ...]:
    """Copy the recorded clips of a script into the store, each file once, as they are at this moment.

    address: where the script lies; a clip that lies outside its folder is refused, also where a link leads out.
    """
    fetched: dict[str, InsertSource] = {}
    for line in read_document(script, Script).inserts:
        file = line.insert.file if line.insert else ""
        if file in fetched:
            continue
        place = companion(address, file)
        try:
            if is_path(place) and not stays_inside(Path(place), Path(address).parent):
                raise SourceRefused(f"{place} is a link out of the script's folder; put the file itself there")
            fetched[file] = InsertSource(line=line.number, file=file, source=fetched_into_store(place))
        except SourceError as error:
            raise error.named_by(f"line {line.number}: the clip {file!r}") from error
    return tuple(fetched.values())


@task(cache_policy=ByContent(nouns=("audio",), libraries=("numpy", "scipy", "soundfile")), **RETRYING)
def measure_insert(audio: AudioRef) -> Clip:
    """A recorded clip, and how loud it is."""
    with audio_store().local(audio.uri) as path:
        return Clip(audio=audio, loudness_lufs=speech_lufs(path))


@task(cache_policy=ByContent(), **RETRYING)
def place_inserts(script: DocumentRef, clips: dict[str, Clip]) -> DocumentRef:
    """Put the sounds of recorded clips beside the names that a script gives them."""
    read = read_document(script, Script)
    lines = (
        line.model_copy(update={"insert": Insert(file=line.insert.file, clip=clips[line.insert.file])})
        if line.insert
        else line
        for line in read.lines
    )
    return keep_document(read.model_copy(update={"lines": tuple(lines)}))
