"""Publish: a mastered programme becomes an episode folder and an entry in the show's feed."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import ValidationError

from blocks.audit import AuditEvent, record
from blocks.places import audio_store, keep_document, publishing_target, read_document, scratch
from blocks.storage import Store
from blocks.storage.payload import Headers
from tasks.audio.picture import cover_jpeg, own_cover
from tasks.errors import InvalidSettings, NotKept
from tasks.feed.address import ShowAddress, address_of_uri
from tasks.feed.claim import Claim, ClaimedSource
from tasks.feed.contents import LOUDNESS, PAGE, SPECTROGRAM, WAVEFORM, Episode, contents_of
from tasks.feed.episode_folder import FEED, Content, Edition, publish_episode, published_item, put_content
from tasks.feed.folder_name import take_folder, wished_name
from tasks.feed.item import FeedItem, episode_guid
from tasks.feed.manifest import MANIFEST, is_same_episode, manifest_of, read_manifest
from tasks.feed.slug import slugify
from tasks.policies import RETRYING, content_key
from tasks.schemas import AudioFormat, EpisodeManifest, EpisodeRequest, Kept, Parcel, Review, Show, Transcript

log = structlog.get_logger(__name__)

REVIEW = "_review"
"""Folder of the target in which held-back episodes can be heard: no show is called so, as slugs hold no underscore."""
REVIEWS = "reviews"
"""Folder of the store that knows what waits for a person."""


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
    slug = take_folder(target, show_slug, wished_name(parcel.title, parcel.material.source.name), _claim(parcel))
    address = ShowAddress(public_url or address_of_uri(target.uri("")), show_slug)
    before = published_item(target, show_slug, slug)
    store, cover = audio_store(), cover_of(parcel.show)
    with ExitStack() as stack:
        folder, sounds = stack.enter_context(scratch()), _sounds(parcel, store, stack)
        kept = read_manifest(target.read(f"{show_slug}/{slug}/{MANIFEST}"))
        moment = first_published(before, kept)
        item, files = contents_of(_episode(parcel, moment), sounds, cover=cover, folder=folder)
        guid = before.guid if before else episode_guid(show_slug, slug)
        item = item.model_copy(update={"guid": guid, "episode": slug})
        files |= _pictures(parcel)
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


@task(cache_policy=NO_CACHE, **RETRYING)
def keep_for_review(parcel: Parcel) -> Kept:
    """Keep an episode that its gate held back: whole, where a person can listen to it, and no feed tells of it."""
    target, public_url = publishing_target(parcel.request.publish_to)
    address = ShowAddress(public_url or address_of_uri(target.uri("")), REVIEW)
    moment, store = datetime.now(UTC).replace(microsecond=0), audio_store()
    name = content_key(sound=parcel.finish.master.mp3.file.sha256, request=parcel.request)[:16]
    with ExitStack() as stack:
        folder, sounds = stack.enter_context(scratch()), _sounds(parcel, store, stack)
        _, files = contents_of(_episode(parcel, moment), sounds, cover=cover_of(parcel.show), folder=folder)
        for file, content in (files | _pictures(parcel)).items():
            put_content(target, f"{REVIEW}/{name}/{file}", content)
    verdict = parcel.quality.report.verdict
    kept = Kept(
        id=name,
        title=parcel.title,
        show=parcel.request.show,
        parcel=keep_document(parcel),
        loudness_png=parcel.quality.loudness_png,
        spectrogram_png=parcel.quality.spectrogram_png,
        publish_to=parcel.request.publish_to,
        kept_at=moment.isoformat(),
        page=address.url(name, PAGE),
        failures=verdict.failures if verdict else (),
    )
    store.shelf.update(f"{REVIEWS}/{name}.json", kept.model_dump_json().encode, Headers("application/json"))
    log.warning("episode.kept", id=name, show=kept.show, failures=len(kept.failures))
    return kept


def kept_episodes() -> tuple[Kept, ...]:
    """Every episode that waits for a person, the first kept first; a record that cannot be read hides no other."""
    found = []
    for name in audio_store().shelf.names(REVIEWS):
        if name.endswith(".json"):
            try:
                found.append(_read_kept(PurePosixPath(name).stem))
            except NotKept as error:
                log.warning("review.unreadable", name=name, error=str(error))
    return tuple(sorted(found, key=lambda kept: kept.kept_at))


@task(cache_policy=NO_CACHE, **RETRYING)
def find_kept(name: str) -> Kept:
    """The episode of this id that waits for a person.

    Raises: NotKept.
    """
    return _read_kept(name)


@task(cache_policy=NO_CACHE, **RETRYING)
def open_kept(kept: Kept, review: Review) -> Parcel:
    """What is published now that a person has said so, with who it was and why."""
    return read_document(kept.parcel, Parcel).model_copy(update={"review": review})


@task(cache_policy=NO_CACHE, **RETRYING)
def close_review(kept: Kept, review: Review) -> None:
    """Write down what was decided, and remove what was kept for the decision; the clips and the master stay stored."""
    target, _ = publishing_target(kept.publish_to)
    event: AuditEvent = "episode.approved" if review.decision == "approve" else "episode.rejected"
    reason = "; ".join(filter(None, (review.note, *kept.failures)))[:500]
    record(event, person=review.reviewer, show=kept.show, episode=kept.title, reason=reason)
    for file in target.names(f"{REVIEW}/{kept.id}"):
        target.delete(file)
    audio_store().shelf.delete(f"{REVIEWS}/{kept.id}.json")
    log.info("review.closed", id=kept.id, decision=review.decision)


def _read_kept(name: str) -> Kept:
    data = audio_store().shelf.read(f"{REVIEWS}/{name}.json") if name.isalnum() else None
    if data is None:
        raise NotKept(
            f"no episode {name!r} waits for a decision; `python -m flows review` lists those that do. Somebody may "
            "have decided already: `python -m flows audit` tells"
        )
    try:
        return Kept.model_validate_json(data)
    except ValidationError as error:
        raise NotKept(
            f"what was kept of the episode {name!r} cannot be read, as another version wrote it or somebody edited it; "
            "produce the episode again"
        ) from error


def _sounds(parcel: Parcel, store: Store, stack: ExitStack) -> dict[AudioFormat, Path]:
    """The finished sound by format, at hand until `stack` ends."""
    return {each.format: stack.enter_context(store.local(each.file.uri)) for each in parcel.finish.master.files}


def _pictures(parcel: Parcel) -> dict[str, Content]:
    """The waveform, and what was measured, as pictures."""
    quality, store = parcel.quality, audio_store()
    drawn = {
        WAVEFORM: parcel.finish.picture.png,
        LOUDNESS: quality.loudness_png,
        SPECTROGRAM: quality.spectrogram_png,
    }
    return {name: Content(store.read_bytes(png.uri), "image/png") for name, png in drawn.items()}


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


def _claim(parcel: Parcel) -> Claim:
    source = parcel.material.source
    return Claim(
        production=parcel.request.production, source=ClaimedSource(address=source.address, sha256=source.sha256)
    )


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
