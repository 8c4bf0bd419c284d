"""Engines for speech, and sound."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class EngineError(HladvarpError):
    """An engine for speech cannot do what it was asked."""


class UnknownEngine(EngineError):
    """There is no such engine in the table."""


class EngineUnavailable(EngineError):
    """The engine's library is not installed here."""


class ModelNotFound(EngineError):
    """There is no model at this path or under this name."""


class ModelDamaged(EngineError):
    """The model's bytes are not those that were pinned."""


class ModelTooLarge(EngineError):
    """The model takes more memory than the budget of this machine has for its kind."""


class EngineFailed(EngineError):
    """The engine broke while it worked."""

    retryable = True


class EngineUnreachable(EngineError):
    """The vendor's service is down, or cannot be reached."""

    retryable = True


class EngineBusy(EngineError):
    """Too many requests at once, or in this minute."""

    retryable = True


class AnswerUnfinished(EngineError):
    """The sound broke off, or what came is no sound; the vendor may count it all the same."""

    retryable = True


class SpokeOtherwise(EngineError):
    """The voice said something else than it was told."""

    retryable = True


class EngineDenied(EngineError):
    """The vendor refuses the key."""


class QuotaExceeded(EngineError):
    """What was paid for, or given, is used up."""


class TextTooLong(EngineError):
    """More text than the engine takes at once."""


class UnknownVoice(EngineError):
    """The vendor has no such voice or model."""


class RequestRefused(EngineError):
    """The vendor refuses what it was asked, for a reason of its own."""


class SoundError(HladvarpError):
    """Sound cannot be brought to what was asked for."""


class LoudnessUnreachable(SoundError):
    """No gain brings this sound to the target."""


class EncodingFailed(SoundError):
    """The encoded file is not what was asked for."""
