"""Voices that a studio has saved: presets, the accounts that they speak through, and the consents of cloned people."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, TypeVar

import structlog
from prefect.blocks.core import Block
from prefect.utilities.asyncutils import run_coro_as_sync
from pydantic import Field, HttpUrl

from blocks.credentials import (
    AzureSpeechCredentials,
    ElevenLabsCredentials,
    OpenAICredentials,
    PollyCredentials,
    VoiceServer,
)
from blocks.saved import saved
from blocks.settings import load_settings
from tasks.errors import ConsentMissing, InvalidPreset, InvalidRequest
from tasks.schemas import Consent, EngineAccess, EngineName, VoicePreset

B = TypeVar("B", bound=Block)
log = structlog.get_logger(__name__)

USUAL = "hladvarp"
"""The block that is used where a preset names no account."""

_PICTURE = HttpUrl(
    "https://raw.githubusercontent.com/PrefectHQ/prefect/"
    "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/webhook.png"
)


class SavedVoice(Block):
    """A voice that can be cast, as it is kept in the Prefect UI."""

    _block_type_name: ClassVar[str] = "Voice Preset (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-voice-preset"
    _logo_url: ClassVar[HttpUrl | None] = _PICTURE
    _description: ClassVar[str] = (
        "A voice that can be cast: which engine speaks, with which voice, how, and who reads when that engine is down. "
        "A cast calls it by its own name, whatever the block is called."
    )

    preset: VoicePreset = Field(title="Preset", description="The voice.")


class SavedConsent(Block):
    """A person's consent to have their voice cloned, as it is kept in the Prefect UI."""

    _block_type_name: ClassVar[str] = "Voice Consent (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-voice-consent"
    _logo_url: ClassVar[HttpUrl | None] = _PICTURE
    _description: ClassVar[str] = (
        "A person's consent to have their voice cloned and used. Without one that is active no voice is cloned, and no "
        "cloned voice speaks. The flow `revoke-consent` ends it."
    )

    consent: Consent = Field(title="Consent", description="Who consented to what.")


Credentials = AzureSpeechCredentials | ElevenLabsCredentials | OpenAICredentials | PollyCredentials | VoiceServer
CREDENTIALS: dict[EngineName, type[Credentials]] = {
    "azure": AzureSpeechCredentials,
    "elevenlabs": ElevenLabsCredentials,
    "openai": OpenAICredentials,
    "openai_compatible": VoiceServer,
    "polly": PollyCredentials,
}


def engine_access(engine: EngineName, account: str = "") -> EngineAccess:
    """How an engine is reached: by the block that a preset names, else by the block `hladvarp`, else by the settings.

    Raises: InvalidRequest when a block is named that is not saved.
    """
    configured = load_settings().tts.access.get(engine)
    kind = CREDENTIALS.get(engine)
    if kind is None:
        return (configured or EngineAccess()).model_copy(update={"source": f"the setting tts.access.{engine}"})
    block = _load(kind, account or USUAL)
    if block is not None:
        return block.access().model_copy(
            update={"source": f"the block {kind._block_type_name} called {account or USUAL!r}"}
        )
    if account:
        raise InvalidRequest(
            f"a voice preset names the account {account!r}, and no block {kind._block_type_name!r} of that name is "
            "saved; save one under Blocks in the Prefect UI"
        )
    if configured is not None:
        return configured.model_copy(update={"source": f"the setting tts.access.{engine}"})
    return EngineAccess(
        source=f"a block {kind._block_type_name} called {USUAL!r} (Blocks in the Prefect UI; none is saved on this "
        f"server), or into the settings tts.access.{engine}"
    )


def saved_voices() -> dict[str, VoicePreset]:
    """The presets of all saved blocks, by name.

    Raises: InvalidPreset when two blocks hold presets of one name, or one no longer fits.
    """
    return saved(SavedVoice, "preset", VoicePreset, InvalidPreset)


def consent_named(name: str) -> Consent:
    """The consent that a block of this name holds, active or not.

    Raises: ConsentMissing when there is no such block.
    """
    block = _load(SavedConsent, name)
    if block is None:
        raise ConsentMissing(
            f"there is no consent {name!r}; save the person's consent as a block {SavedConsent._block_type_name!r} "
            "in the Prefect UI"
        )
    return block.consent


def save_voice(preset: VoicePreset) -> None:
    """Save a new voice as a block of its own name.

    Raises: InvalidPreset when there is a block of this name already, or Prefect takes no such name.
    """
    try:
        run_coro_as_sync(SavedVoice(preset=preset).asave(preset.name))
    except ValueError as error:
        raise InvalidPreset(
            f"a voice preset {preset.name!r} cannot be saved, as a block of this name is there already, or the name is "
            "none for a block; choose another, or remove that block"
        ) from error


def end_consent(name: str, moment: datetime) -> Consent:
    """Take back the consent that a block of this name holds; the first moment at which that was done stays.

    Raises: ConsentMissing when there is no such block.
    """
    block = _load(SavedConsent, name)
    if block is None:
        raise ConsentMissing(f"there is no consent {name!r} to take back; Blocks in the Prefect UI lists them")
    if block.consent.revoked_at is None:
        block.consent = block.consent.model_copy(update={"revoked_at": moment})
        run_coro_as_sync(block.asave(name, overwrite=True))
    return block.consent


def _load(kind: type[B], name: str) -> B | None:
    try:
        block: B = run_coro_as_sync(kind.aload(name))
    except ValueError:  # Prefect says with a ValueError that there is no such block
        log.debug("block.absent", block=name, type=kind.__name__)
        return None
    return block
