"""Clone: a voice is made from a consenting person's recordings, and deleted when the consent ends.

The recordings pass through scratch alone: no store, log or result holds them. What a killed run has made at the vendor
is found again by its name, which says which consent and which request it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.audit import AuditEvent, read_all, record
from blocks.places import open_source, scratch
from blocks.settings import load_settings
from blocks.voices import consent_named, end_consent, engine_access, save_voice
from tasks.asr.chunks import cut_chunks
from tasks.audio.codec import decode_to_flac
from tasks.audio.mp3 import encode_mp3
from tasks.audio.pcm import PROGRAMME_RATE_HZ, read_blocks, to_asr_flac
from tasks.cast import known_voices
from tasks.errors import ConsentMissing, HladvarpError, InvalidRequest
from tasks.policies import RETRYING, content_key
from tasks.schemas import Consent, EngineAccess, VoicePreset
from tasks.schemas.cloning import ClonedVoice, CloneRequest, Revocation
from tasks.source.address import redact
from tasks.source.fetch import Fetched, fetch
from tasks.tts.elevenlabs.cloning import clone_voice, delete_voice, voices_like

log = structlog.get_logger(__name__)

# Source: ElevenLabs, "Instant Voice Cloning": one to two minutes of clean sound; more than three make it worse.
SHORTEST_S, LONGEST_S = 60.0, 180.0
LEAST_SPEECH = 0.5  # of a sample; the rest are breaths and pauses, or it is music
PAUSE_S = 1.0
SAMPLE_KBPS = 192  # what the vendor calls enough; three minutes stay below its 10 MB


@dataclass(frozen=True)
class Sample:
    """A recording that may be cloned from. `path` holds it without its name, and without what its file says of it."""

    path: Path
    sha256: str
    """Of the file as it was given."""
    duration_s: float
    notes: tuple[str, ...]


@task(cache_policy=NO_CACHE, task_run_name="clone {request.name}", **RETRYING)
def make_voice(request: CloneRequest) -> ClonedVoice:
    """Clone a voice and save its preset; run again, it goes on where it was, and no second voice is made."""
    consent = consent_named(request.consent)
    consent.require(request.show)
    access = engine_access(request.engine, request.account)
    taken = _taken(request)
    with scratch() as folder:
        samples = gather_samples(request, consent, folder)
        tag = f"{tag_of(request.consent)}-{content_key(name=request.name, samples=[s.sha256 for s in samples])[:12]}"
        known = sorted(voices_like(access, tag))
        if taken and taken.voice not in known:
            raise InvalidRequest(f"there is a voice {request.name!r} already, made otherwise; choose another name")
        # Before the vendor is asked: a revocation must know where to look for voices.
        _note("voice.asked", request, consent, "")
        if known:
            voice, *others = (taken.voice, *(id_ for id_ in known if id_ != taken.voice)) if taken else known
            for other in others:
                delete_voice(access, other)
        else:
            voice = clone_voice(
                access,
                name=f"{request.name} {tag}",
                description="Cloned by hladvarp, with the person's consent.",
                samples=[sample.path for sample in samples],
                labels={"made_by": "hladvarp"},
                remove_background_noise=request.remove_background_noise,
            )
    if taken is None:
        with _deleted_on_failure(access, voice):
            consent_named(request.consent).require(request.show)  # it may have ended while the vendor worked
            _note("voice.cloned", request, consent, voice)
            save_voice(_preset_of(request, consent, voice))
    log.info("voice.saved", preset=request.name, voice=voice, consent=request.consent, new=not known)
    return ClonedVoice(
        preset=request.name,
        voice=voice,
        consent=request.consent,
        person=consent.person,
        new=not known,
        samples=len(samples),
        duration_s=sum(sample.duration_s for sample in samples),
        notes=tuple(note for sample in samples for note in sample.notes),
    )


@task(cache_policy=NO_CACHE, task_run_name="end {name}", **RETRYING)
def revoke(name: str, reason: str) -> Consent:
    """Take back a consent: from this moment on no cloned voice speaks under it."""
    consent = end_consent(name, datetime.now(UTC))
    record("consent.revoked", consent=name, person=consent.person, reason=reason)
    return consent


@task(cache_policy=NO_CACHE, task_run_name="delete the voices of {name}", **RETRYING)
def delete_clones(name: str, consent: Consent) -> Revocation:
    """Delete every voice that was cloned with a consent, and make sure that the vendor has it no longer.

    Raises: what the vendor answers, with what is left, when all others are deleted.
    """
    presets = [voice for voice in known_voices().values() if voice.consent == name]
    ours = [voice for voice in presets if voice.engine == "elevenlabs"]
    entries = [entry for entry in read_all() if entry.consent == name]
    accounts = {voice.account for voice in ours} | {entry.account for entry in entries if entry.event == "voice.asked"}
    deleted, failures = [], []
    for account in sorted(accounts):
        named = {voice.voice for voice in ours if voice.account == account}
        try:
            access = engine_access("elevenlabs", account)
            found = named | set(voices_like(access, tag_of(name)))
        except HladvarpError as error:
            failures.append((f"those of the account {account!r}", error))
            continue
        for voice in sorted(found):
            try:
                delete_voice(access, voice)
            except HladvarpError as error:
                failures.append((voice, error))
                continue
            record("voice.deleted", engine="elevenlabs", voice=voice, account=account, consent=name)
            deleted.append(voice)
    if failures:
        raise _left(name, failures)
    return Revocation(
        consent=name,
        person=consent.person,
        revoked_at=consent.revoked_at or datetime.now(UTC),
        deleted=tuple(deleted),
        presets=tuple(voice.name for voice in presets),
        by_hand=tuple(f"{voice.name} ({voice.engine}, {voice.voice})" for voice in presets if voice not in ours),
        episodes=tuple(
            sorted({"/".join(filter(None, (e.show, e.episode))) for e in entries if e.event == "voice.used"})
        ),
    )


def gather_samples(request: CloneRequest, consent: Consent, folder: Path) -> tuple[Sample, ...]:
    """The samples, decoded, measured and checked, below `folder`; the recording of the consent is among what was given.

    Raises: SourceError, StorageError; InvalidRequest when they are too short, too long or no speech; ConsentMissing
    when the recording of the consent is not there.
    """
    samples = tuple(
        _sample(number, source, folder / f"{number}") for number, source in enumerate(request.samples, start=1)
    )
    digests = [sample.sha256 for sample in samples]
    if len(set(digests)) < len(digests):
        raise InvalidRequest("two of the samples are the same recording; give each once")
    if request.consent_recording:
        digests.append(_fetched(request.consent_recording, folder / "consent").sha256)
    if consent.recording_sha256 not in digests:
        raise ConsentMissing(
            f"none of the {len(digests)} recordings is the one in which {consent.person} consents (SHA-256 "
            f"{consent.recording_sha256[:12]}…); name that one, or correct the consent"
        )
    total_s = sum(sample.duration_s for sample in samples)
    if not SHORTEST_S <= total_s <= LONGEST_S:
        advice = "record more" if total_s < SHORTEST_S else "give the best of them"
        raise InvalidRequest(
            f"the samples last {total_s:.0f} s in all; a voice is cloned from {SHORTEST_S:.0f} to {LONGEST_S:.0f} s, "
            f"so {advice}"
        )
    return samples


def tag_of(consent: str) -> str:
    """What stands in the vendor's name for every voice that was cloned with a consent."""
    return f"hladvarp-{content_key(consent=consent)[:12]}"


def _sample(number: int, source: str, folder: Path) -> Sample:
    fetched = _fetched(source, folder)
    flac, speech, mp3 = folder / "sample.flac", folder / "speech.flac", folder / "sample.mp3"
    decoded = decode_to_flac(fetched.path, flac, max_duration_s=load_settings().ingest.max_duration_s)
    if decoded.duration_s > LONGEST_S:
        raise InvalidRequest(
            f"sample {number} lasts {decoded.duration_s:.0f} s; {LONGEST_S:.0f} s are the most in all, so cut it"
        )
    to_asr_flac(flac, speech)
    spoken_s = sum(chunk.end_s - chunk.start_s for chunk in cut_chunks(speech, long_silence_s=PAUSE_S))
    if spoken_s < LEAST_SPEECH * decoded.duration_s:
        raise InvalidRequest(
            f"sample {number} holds {spoken_s:.0f} s of speech in its {decoded.duration_s:.0f} s; "
            "give recordings in which the person speaks, without music and long silences"
        )
    encode_mp3(mp3, read_blocks(flac), sample_rate_hz=PROGRAMME_RATE_HZ, bit_rate_kbps=SAMPLE_KBPS)
    notes = tuple(f"Sample {number}: {note}" for note in decoded.notes)
    return Sample(path=mp3, sha256=fetched.sha256, duration_s=decoded.duration_s, notes=notes)


def _fetched(source: str, folder: Path) -> Fetched:
    folder.mkdir()
    log.info("sample.fetched", source=redact(source))
    return fetch(source, folder, load_settings().ingest, open_filesystem=open_source)


def _taken(request: CloneRequest) -> VoicePreset | None:
    """The voice of this name, if an earlier run of the same request may have saved it.

    Raises: InvalidRequest when it is another.
    """
    voice = known_voices().get(request.name)
    if voice and (voice.engine, voice.consent, voice.account) != (request.engine, request.consent, request.account):
        raise InvalidRequest(f"there is a voice {request.name!r} already ({voice.engine}); choose another name")
    return voice


def _preset_of(request: CloneRequest, consent: Consent, voice: str) -> VoicePreset:
    return VoicePreset(
        name=request.name,
        title=request.title or f"{consent.person}, cloned",
        engine=request.engine,
        voice=voice,
        model=request.model,
        account=request.account,
        consent=request.consent,
    )


@contextmanager
def _deleted_on_failure(access: EngineAccess, voice: str) -> Iterator[None]:
    """A voice at the vendor that no preset names would be kept for nothing, and found by nobody."""
    try:
        yield
    except BaseException:
        try:
            delete_voice(access, voice)
        except HladvarpError as error:  # what went wrong first is to be told; the next run finds this voice by its name
            log.warning("voice.left", voice=voice, reason=str(error))
        raise


def _left(name: str, failures: list[tuple[str, HladvarpError]]) -> HladvarpError:
    """The failure that says what is left: of a kind that is tried again, if any of them is."""
    first = next((error for _, error in failures if error.retryable), failures[0][1])
    left = ", ".join(voice for voice, _ in failures)
    return type(first)(
        f"the consent {name!r} is revoked and its voices speak no longer, but ElevenLabs still has {left}; "
        f"run revoke-consent again: {first}"
    )


def _note(event: AuditEvent, request: CloneRequest, consent: Consent, voice: str) -> None:
    record(
        event,
        preset=request.name,
        engine=request.engine,
        voice=voice,
        account=request.account,
        consent=request.consent,
        person=consent.person,
        show=request.show,
    )
