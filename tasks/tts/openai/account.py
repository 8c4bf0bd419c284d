"""One account at OpenAI, or at a server that speaks as it does: where it is asked, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasks.errors import (
    AnswerUnfinished,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineUnreachable,
    QuotaExceeded,
    RequestRefused,
    TextTooLong,
    UnknownVoice,
)
from tasks.tts.vendors.http import STALL_S, VoiceService
from tasks.tts.vendors.refusal import Refusal

if TYPE_CHECKING:
    from tasks.schemas import EngineAccess

ADDRESS = "https://api.openai.com/v1"

MEANINGS: Mapping[str, type[EngineError]] = {
    "invalid_api_key": EngineDenied,
    "authentication_error": EngineDenied,
    "missing_scope": RequestRefused,  # the key is right, and limited: the vendor says what to allow it
    "insufficient_quota": QuotaExceeded,
    "billing_hard_limit_reached": QuotaExceeded,
    "billing_not_active": QuotaExceeded,
    "rate_limit_exceeded": EngineBusy,
    "rate_limit_error": EngineBusy,
    "model_not_found": UnknownVoice,
    "invalid_model": UnknownVoice,
    "voice_not_found": UnknownVoice,
    "string_above_max_length": TextTooLong,
    "context_length_exceeded": TextTooLong,
    "session_expired": AnswerUnfinished,
    "server_error": EngineUnreachable,
}
"""`error.code`, or `error.type` where the code says nothing. An empty purse has the status of a full hour, 429."""


def meaning(refusal: Refusal) -> type[EngineError] | None:
    """What a refusal means by its own words; None where they are not known, and its status must tell."""
    error = refusal.document.get("error") if isinstance(refusal.document, dict) else None
    if not isinstance(error, dict):
        return None
    if str(error.get("param") or "").split(".")[-1] in ("voice", "model"):
        return UnknownVoice
    words = (error.get("code"), error.get("type"))
    return next((MEANINGS[word] for word in words if isinstance(word, str) and word in MEANINGS), None)


def address_of(base_url: str) -> str:
    """The address with /v1 at its end, where its paths begin; empty where there is none.

    base_url: of a web server or of its WebSocket, with or without /v1, /v1/realtime.
    """
    address = re.sub(r"^ws(?=s?://)", "http", base_url.strip()).rstrip("/").removesuffix("/realtime")
    return address + "/v1" if address and not address.endswith("/v1") else address


def service(
    vendor: str, access: EngineAccess, *, address: str = "", needs_key: bool, patience_s: float = STALL_S
) -> VoiceService:
    """The vendor, reached with this account.

    address: its usual one, where `access` names no other.
    """
    return VoiceService(
        vendor,
        access.model_copy(update={"base_url": address_of(access.base_url or address)}),
        address="",
        key_header="Authorization",
        key_prefix="Bearer ",
        needs_key=needs_key,
        translate=meaning,
        stall_s=patience_s,
    )
