"""Publish: a mastered programme becomes an episode folder and an entry in the show's feed."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.places import audio_store, publishing_target, read_document, scratch
from blocks.storage import Target
from tasks.audio.picture import cover_jpeg, own_cover
from tasks.errors import InvalidSettings
from tasks.feed.address import ShowAddress, address_of_uri
from tasks.feed.contents import LOUDNESS, SPECTROGRAM, WAVEFORM, Episode, contents_of
from tasks.feed.episode_folder import FEED, Content, Edition, publish_episode, published_item
from tasks.feed.item import FeedItem, episode_guid
from tasks.feed.manifest import MANIFEST, is_same_episode, manifest_of, read_manifest
from tasks.feed.slug import slugify
from tasks.policies import RETRYING
from tasks.schemas import EpisodeManifest, EpisodeRequest, Parcel, Show, Transcript

log = structlog.get_logger(__name__)


@task(cache_policy=NO_CACHE, **RETRYING)
def check_destination(request: EpisodeRequest, show: Show) -> None:
    """Find out before the work, not after it, that an episode cannot be published there, or without its cover."""
    target, _ = publishing_target(request.publish_to)
    target.read(f"{slugify(request.show)}/{FEED}")
    cover_of(show)


@task(cache_policy=NO_CACHE, **RETRYING)
def publish_parcel(parcel: Parcel) -> EpisodeManifest:
    """Write the episode's files, check them, and only then tell the feed; equal content changes nothing."""
    target, public_url = publishing_target(parcel.request.publish_to)
    show_slug = slugify(parcel.request.show)
    slug = free_slug(parcel, target, show_slug)
    address = ShowAddress(public_url or address_of_uri(target.uri("")), show_slug)
    before = published_item(target, show_slug, slug)
    store, finish, quality, cover = audio_store(), parcel.finish, parcel.quality, cover_of(parcel.show)
    with ExitStack() as stack:
        folder, png = stack.enter_context(scratch()), stack.enter_context(store.local(finish.picture.png.uri))
        sounds = {each.format: stack.enter_context(store.local(each.file.uri)) for each in finish.master.files}
        kept = read_manifest(target.read(f"{show_slug}/{slug}/{MANIFEST}"))
        moment = first_published(before, kept)
        item, files = contents_of(_episode(parcel, moment), sounds, cover=cover, folder=folder)
        guid = before.guid if before else episode_guid(show_slug, slug)
        item = item.model_copy(update={"guid": guid, "episode": slug})
        files[WAVEFORM] = Content(png, "image/png")
        for name, picture in ((LOUDNESS, quality.loudness_png), (SPECTROGRAM, quality.spectrogram_png)):
            files[name] = Content(store.read_bytes(picture.uri), "image/png")
        made = manifest_of(parcel, item, files, address=address, folder=target.uri(f"{show_slug}/{slug}"))
        lasting = kept if kept and is_same_episode(kept, made) else made
        files[MANIFEST] = Content(lasting.model_dump_json(indent=1).encode(), "application/json")
        edition = Edition(
            show=parcel.show,
            show_slug=show_slug,
            episode_slug=slug,
            item=item,
            files=files,
            base_url=public_url,
            cover=("cover.jpg", Content(cover, "image/jpeg")),
        )
        publish_episode(target, edition)
    log.info("episode.published", show=show_slug, episode=slug, guid=guid)
    return made


def slug_of(parcel: Parcel) -> str:
    """The episode's folder name: its title, and the source's name where that says something else.

    So a weekly title from a new file is a new episode, and the same file, edited, is the same.
    """
    title, stem = slugify(parcel.title), slugify(PurePosixPath(parcel.material.source.name).stem)
    return title if f"-{stem}-" in f"-{title}-" else slugify(f"{title}-{stem}")


def free_slug(parcel: Parcel, target: Target, show_slug: str) -> str:
    """The episode's folder name; one of its own where another episode has taken that name already.

    Two weeks' `script.md` in two folders, both called Fréttir, are two episodes; a file that only moved is the same.
    A recording that was enhanced, and then revoiced, is two as well.
    """
    slug, source, production = slug_of(parcel), parcel.material.source, parcel.request.production
    there = read_manifest(target.read(f"{show_slug}/{slug}/{MANIFEST}"))
    if there is None:
        return slug
    if there.source.address != source.address and there.source.sha256 != source.sha256:
        slug = f"{slug}-{hashlib.sha256(source.address.encode()).hexdigest()[:8]}"
    return slug if there.production == production else f"{slug}-{production}"


def first_published(record: FeedItem | None, manifest: EpisodeManifest | None) -> datetime:
    """When listeners first met the episode, as its record or else its manifest says; now, where nobody has."""
    if record:
        return record.published_at
    return datetime.fromisoformat(manifest.published_at) if manifest else datetime.now(UTC).replace(microsecond=0)


def cover_of(show: Show) -> bytes:
    """The show's own cover, or one that is drawn from its title.

    Raises: InvalidSettings.
    """
    if not show.cover:
        return cover_jpeg(show.title, show.author)
    try:
        cover = Path(show.cover).read_bytes()
    except OSError as error:
        raise InvalidSettings(f"the cover of {show.title}, {show.cover}, cannot be read: {error}") from error
    return own_cover(cover)


def _episode(parcel: Parcel, published_at: datetime) -> Episode:
    return Episode(
        show=parcel.show,
        title=parcel.title,
        language=parcel.draft.language,
        transcript=read_document(parcel.draft.programme.transcript, Transcript),
        chapters=parcel.draft.programme.chapters,
        master=parcel.finish.master,
        quality=parcel.quality.report,
        peaks=parcel.finish.picture.peaks,
        published_at=published_at,
        is_synthetic=parcel.draft.synthesis is not None and bool(parcel.draft.synthesis.voices),
        tts_engines=tuple(use.engine for use in parcel.draft.engines if use.role == "tts"),
    )
