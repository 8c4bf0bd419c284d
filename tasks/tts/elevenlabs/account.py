"""One account at ElevenLabs: where it is asked, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasks.errors import (
    EngineBusy,
    EngineDenied,
    EngineError,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.tts.vendors.http import STALL_S, VoiceService
from tasks.tts.vendors.refusal import Refusal

if TYPE_CHECKING:
    from tasks.schemas import EngineAccess

ADDRESS = "https://api.elevenlabs.io"
VOICE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
MEANINGS: Mapping[str, type[EngineError]] = {
    "invalid_api_key": EngineDenied,
    "needs_authorization": EngineDenied,
    "missing_permissions": RequestRefused,  # the key is right, and limited: the vendor says what to allow it
    "quota_exceeded": QuotaExceeded,
    "voice_limit_reached": QuotaExceeded,
    "max_character_limit_exceeded": TextTooLong,
    "text_too_long": TextTooLong,
    "voice_not_found": UnknownVoice,
    "voice_does_not_exist": UnknownVoice,
    "model_not_found": UnknownVoice,
    "model_not_supported": UnknownVoice,
    "model_access_denied": UnknownVoice,
    "model_can_not_do_text_to_speech": UnknownVoice,
    "too_many_concurrent_requests": EngineBusy,
    "concurrent_limit_exceeded": EngineBusy,
    "rate_limit_exceeded": EngineBusy,
    "system_busy": EngineBusy,
    "output_format_not_allowed": RequestRefused,
    "can_not_use_instant_voice_cloning": RequestRefused,
}
"""`detail.status` of a refusal, or `detail.code` in its newer shape."""


def meaning(refusal: Refusal) -> type[EngineError] | None:
    """What a refusal means by its own word; None where it has none that is known, or is a list of invalid fields."""
    detail = refusal.document.get("detail") if isinstance(refusal.document, dict) else None
    words = (detail.get("status"), detail.get("code")) if isinstance(detail, dict) else ()
    return next((MEANINGS[word] for word in words if isinstance(word, str) and word in MEANINGS), None)


def service(access: EngineAccess, *, patience_s: float = STALL_S) -> VoiceService:
    """The vendor, reached with this account; an address with /v1 at its end is taken as well."""
    address = access.base_url.strip().rstrip("/").removesuffix("/v1")
    return VoiceService(
        "ElevenLabs",
        access.model_copy(update={"base_url": address}),
        address=ADDRESS,
        key_header="xi-api-key",
        translate=meaning,
        stall_s=patience_s,
    )
