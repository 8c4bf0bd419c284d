"""The manifest: what was made, from what, by which engines and versions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from tasks.feed.address import ShowAddress
from tasks.feed.contents import PAGE, audio_name
from tasks.feed.episode_folder import Content
from tasks.feed.item import FeedItem
from tasks.schemas import Cost, EpisodeManifest, FileEntry, Loudness, Parcel, SourceEntry, Verdict

MANIFEST = "manifest.json"


def manifest_of(
    parcel: Parcel, item: FeedItem, files: Mapping[str, Content], *, address: ShowAddress, folder: str
) -> EpisodeManifest:
    """The manifest of an episode whose files these are, in `folder`; `item` has its guid and its folder's name."""
    draft, source, master = parcel.draft, parcel.material.source, parcel.finish.master
    synthesis = parcel.draft.synthesis
    measured = {audio_name(each.format): each.loudness for each in master.files}
    return EpisodeManifest(
        hladvarp_version=version("hladvarp"),
        production=parcel.request.production,
        show=parcel.request.show,
        show_slug=address.show_slug,
        episode=item.episode,
        guid=item.guid,
        title=parcel.title,
        language=draft.language,
        source=SourceEntry(
            name=source.name,
            address=source.address,
            sha256=source.sha256,
            size_bytes=source.size_bytes,
            kind=source.kind,
        ),
        synthetic_speech=item.synthetic_speech,
        voices=synthesis.voices if synthesis else (),
        substitutions=synthesis.substitutions if synthesis else (),
        template=draft.template,
        treatment=draft.treatment,
        mastering=parcel.request.mastering.model_copy(update={"loudness_lufs": parcel.request.mastering.target_lufs}),
        duration_s=master.duration_s,
        loudness=master.loudness,
        engines=draft.engines,
        clips_made=synthesis.clips_made if synthesis else 0,
        clips_reused=synthesis.clips_reused if synthesis else 0,
        cost=synthesis.cost if synthesis else Cost(),
        round_trip=synthesis.round_trip if synthesis else None,
        verdict=parcel.quality.report.verdict or Verdict(),
        review=parcel.review,
        stages=parcel.stages,
        files=tuple(_entry(name, content, measured.get(name)) for name, content in files.items()),
        notes=(*parcel.material.notes, *(synthesis.notes if synthesis else ()), *draft.notes),
        published_at=item.published_at.isoformat(),
        published_to=folder,
        page=address.url(item.episode, PAGE),
        feed=address.feed_url,
    )


def is_same_episode(one: EpisodeManifest, other: EpisodeManifest) -> bool:
    """Whether both say the same of the episode; how long a run took and what it found stored is not of the episode."""
    return _lasting(one) == _lasting(other)


def read_manifest(data: bytes | None) -> EpisodeManifest | None:
    """A published manifest; None where there is none, or one that another version wrote."""
    try:
        return EpisodeManifest.model_validate_json(data) if data else None
    except ValidationError:
        return None


def _lasting(manifest: EpisodeManifest) -> EpisodeManifest:
    asked_for_nothing = {"requests": 0, "unfinished": 0, "characters": 0, "usd": 0.0}
    engines = tuple(engine.model_copy(update=asked_for_nothing) for engine in manifest.engines)
    passing = {"stages": (), "clips_made": 0, "clips_reused": 0, "cost": Cost(), "engines": engines}
    return manifest.model_copy(update=passing)


def _entry(name: str, content: Content, loudness: Loudness | None) -> FileEntry:
    if isinstance(content.source, Path):
        with content.source.open("rb") as file:
            digest, size_bytes = hashlib.file_digest(file, "sha256").hexdigest(), content.source.stat().st_size
    else:
        digest, size_bytes = hashlib.sha256(content.source).hexdigest(), len(content.source)
    return FileEntry(
        name=name, size_bytes=size_bytes, sha256=digest, content_type=content.content_type, loudness=loudness
    )
