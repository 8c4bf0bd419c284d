"""Voices that an ElevenLabs account clones from samples, and deletes again. It has not met the vendor.

What consent allows is decided before; here nothing is kept, and nothing about a sample is told but its number.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from tasks.errors import (
    AnswerUnfinished,
    EmptySource,
    EngineFailed,
    EngineUnreachable,
    InvalidRequest,
    RequestRefused,
    SourceNotFound,
    SourceTooLarge,
    UnknownVoice,
)
from tasks.tts.elevenlabs.account import VOICE_ID, service
from tasks.tts.vendors.http import Question, VoiceService

if TYPE_CHECKING:
    from tasks.schemas import EngineAccess

log = structlog.get_logger(__name__)

# Source: the form "Instant Voice Cloning" at elevenlabs.io; the reference of the interface names no limits.
MOST_SAMPLES, MOST_SAMPLE_BYTES = 25, 10_000_000
LONGEST_NAME = 100
PATIENCE_S = 180.0  # the answer to an upload comes when the voice is made


def clone_voice(
    access: EngineAccess,
    *,
    name: str,
    description: str = "",
    samples: Sequence[Path],
    labels: Mapping[str, str] | None = None,
    remove_background_noise: bool = False,
) -> str:
    """Make a voice from recordings of one person, and give its id; one to two clean minutes in all are best.

    Nothing is left behind at the vendor when this fails, as far as the vendor answers.
    Raises: InvalidRequest, SourceNotFound, EmptySource, SourceTooLarge for what is wrong with the samples;
    RequestRefused when there is a voice of this name, or the vendor wants the person to verify this one; EngineDenied,
    QuotaExceeded, EngineBusy, EngineUnreachable, AnswerUnfinished.
    """
    _check(name, samples)
    account = service(access, patience_s=PATIENCE_S)
    if others := _voices_called(account, name):
        raise RequestRefused(
            f"ElevenLabs, asked to clone {name!r}: the account has a voice of this name, {others[0]}; "
            "delete it, or choose another name"
        )
    try:
        fields = {"name": name, "description": description, "labels": json.dumps(dict(labels)) if labels else ""}
        made = _upload(account, fields | {"remove_background_noise": "true" * remove_background_noise}, samples)
    except (AnswerUnfinished, EngineUnreachable):
        # The voice may be there though its answer is lost: nobody would delete it, and a retry would make another.
        lost = _voices_called(account, name)
        if not lost:
            raise
        made = {"voice_id": lost[0]}
    voice_id = made.get("voice_id") if isinstance(made, dict) else None
    if not isinstance(voice_id, str) or not VOICE_ID.fullmatch(voice_id):
        raise AnswerUnfinished(f"ElevenLabs, asked to clone {name!r}: the answer holds no voice id; look for it there")
    if made.get("requires_verification"):
        delete_voice(access, voice_id)
        raise RequestRefused(
            f"ElevenLabs, asked to clone {name!r}: it wants the speaker to verify this voice, which can't be done "
            "here, so it was deleted again; clone it at elevenlabs.io, where the speaker can, and write its id into a "
            "preset"
        )
    log.info("voice.cloned", voice=voice_id, samples=len(samples))
    return voice_id


def delete_voice(access: EngineAccess, voice_id: str) -> None:
    """Delete a voice, and ask whether it is gone; one that is gone already is fine.

    Raises: EngineFailed when it is still there; RequestRefused for one that is not the account's own, and for a
    wrong address; EngineDenied, EngineBusy, EngineUnreachable, AnswerUnfinished, UnknownVoice for no id.
    """
    if not VOICE_ID.fullmatch(voice_id):
        raise UnknownVoice(
            f"{voice_id!r} is no voice id of ElevenLabs: letters and digits, such as 21m00Tcm4TlvDq8ikWAM"
        )
    account = service(access)
    try:
        account.document(Question(f"/v1/voices/{voice_id}", f"asked to delete voice {voice_id!r}", method="DELETE"))
    except UnknownVoice:
        log.info("voice.absent", voice=voice_id)
    try:
        account.document(Question(f"/v1/voices/{voice_id}", f"asked whether {voice_id!r} is gone", method="GET"))
    except UnknownVoice:
        log.info("voice.deleted", voice=voice_id)
        return
    raise EngineFailed(
        f"ElevenLabs says that it deleted voice {voice_id!r}, and still shows it; try again, or delete it there"
    )


def _check(name: str, samples: Sequence[Path]) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidRequest(
            f"a cloned voice needs a name of 1 to {LONGEST_NAME} printable characters, not {name[:120]!r}"
        )
    if not 1 <= len(samples) <= MOST_SAMPLES:
        raise InvalidRequest(f"a voice is cloned from 1 to {MOST_SAMPLES} samples, not {len(samples)}")
    for number, sample in enumerate(samples, 1):
        if not sample.is_file():
            raise SourceNotFound(f"sample {number} of {name!r} is no file: {sample}")
        if (size := sample.stat().st_size) > MOST_SAMPLE_BYTES:
            raise SourceTooLarge(
                f"sample {number} of {name!r} has {size} bytes, and ElevenLabs takes {MOST_SAMPLE_BYTES}; "
                "cut it, or save it as FLAC or MP3"
            )
        if size == 0:
            raise EmptySource(f"sample {number} of {name!r} is empty: {sample}")


def _upload(account: VoiceService, fields: Mapping[str, str], samples: Sequence[Path]) -> Any:
    with ExitStack() as opened:
        files = []
        for number, sample in enumerate(samples, 1):
            content_type = mimetypes.guess_type(sample.name)[0] or "application/octet-stream"
            # A number instead of its name, which may name the person.
            file = opened.enter_context(sample.open("rb"))
            files.append(("files", (f"sample-{number}{sample.suffix.lower()}", file, content_type)))
        return account.document(
            Question(
                "/v1/voices/add",
                f"asked to clone {fields['name']!r} from {len(samples)} samples",
                data={field: value for field, value in fields.items() if value},
                files=files,
                once=True,
            )
        )


def voices_like(access: EngineAccess, part: str) -> dict[str, str]:
    """The account's voices in whose names `part` stands: their names by their ids.

    Raises: EngineDenied, EngineBusy, EngineUnreachable, AnswerUnfinished, RequestRefused.
    """
    return _voices_like(service(access), part)


def _voices_called(account: VoiceService, name: str) -> list[str]:
    return [voice_id for voice_id, called in _voices_like(account, name).items() if called == name]


def _voices_like(account: VoiceService, part: str) -> dict[str, str]:
    found: dict[str, str] = {}
    params = {"search": part, "page_size": "100"}
    while True:
        asked = f"asked for voices called {part!r}"
        answer = account.document(Question("/v2/voices", asked, method="GET", params=params))
        page = answer if isinstance(answer, dict) else {}
        for voice in page.get("voices") or ():
            # The vendor's own search looks into descriptions and labels too.
            if isinstance(voice, dict) and part in str(voice.get("name")):
                found[str(voice.get("voice_id"))] = str(voice.get("name"))
        token = str(page.get("next_page_token") or "")
        if not page.get("has_more") or not token or token == params.get("next_page_token"):
            return found
        params["next_page_token"] = token
