"""Every failure that a user can meet, in one tree; each leaf says whether trying again can help.

HladvarpError
  x InvalidRequest            the request asks for something that cannot be
    - InvalidScript           a line of the script cannot be read
    - UncastSpeaker           a speaker has no voice
    - UnknownPreset           a cast names a voice preset that nobody defined
    - LanguageNotAllowed      the show, or an engine, does not take this language
    - BudgetExceeded          the estimate is above the request's budget
    - ConsentMissing          a cloned voice, and no consent that covers it
    - ConsentEnded            the consent was revoked, or has run out
  x InvalidSettings           a settings file, variable or secret is wrong
    - InvalidPreset           a file of voice presets cannot be read
    - InvalidLexicon          a pronunciation lexicon cannot be read
  x SourceError               what was given cannot become an episode
    - SourceNotFound          there is nothing at this address
    - SourceRefused           the address, or a name in it, is not allowed
    - SourceTooLarge          more bytes than the limit
    - SourceTooLong           more seconds than the limit
    - SourceUnreachable       the network or the other side failed    (retryable)
    - EmptySource             no bytes, or no lines
    - UnreadableSource        neither a recording nor a script, or damaged beyond use
    - NoAudioStream           a readable file without sound
    - SilentRecording         sound, but nothing in it
  x EngineError
    - UnknownEngine           no such engine in the table
    - EngineUnavailable       the engine's library is not installed here
    - ModelNotFound           no model at this path or name
    - ModelDamaged            the model's bytes are not the model's
    - EngineFailed            the engine broke while it worked        (retryable)
    - EngineUnreachable       the vendor's service is down, or far    (retryable)
    - EngineBusy              too many requests at once               (retryable)
    - AnswerUnfinished        the sound broke off, or is none         (retryable)
    - SpokeOtherwise          the voice said something else           (retryable)
    - EngineDenied            the vendor refuses the key
    - QuotaExceeded           what was paid for is used up
    - TextTooLong             more text than the engine takes at once
    - UnknownVoice            the vendor has no such voice or model
    - RequestRefused          the vendor refuses what it was asked
  x SoundError
    - LoudnessUnreachable     no gain brings this sound to the target
    - EncodingFailed          the encoded file is not what was asked for
  x StorageError
    - StorageUnreachable      the storage does not answer             (retryable)
    - StorageDenied           wrong keys, or no right to write here
    - StorageMissing          no such bucket or folder
    - StorageFull             no room left
    - ObjectMissing           a stored object that was there is gone
    - ObjectDamaged           an object's bytes are not what was sent (retryable)
    - WriteConflict           others wrote at the same moment, again and again (retryable)
  x RunPodError              a rented GPU cannot be had, or cannot do its work
    - RunPodDenied            RunPod refuses the key
    - BalanceTooLow           the account has no credit for another hour
    - PodRefused              RunPod refuses the pod that was asked for
    - PodTooDear              every pod costs more than the pool allows
    - NoCapacity              no GPU of the wanted types is free      (retryable)
    - PodNotStarted           pods were made, and none of them started (retryable)
    - RunPodBusy              more requests than RunPod takes         (retryable)
    - RunPodUnreachable       no answer, or none that tells anything  (retryable)
"""

from __future__ import annotations

from typing import ClassVar, Self


class HladvarpError(Exception):
    """A failure with a sentence for the person who met it: what happened, with which value, what to do."""

    retryable: ClassVar[bool] = False
    """Whether the same call can succeed later, with nothing changed on our side."""

    wait_s: float = 0.0
    """How long the other side asked us to wait before the next call; 0 where it did not say."""

    def after(self, wait_s: float) -> Self:
        """This failure, with the wait that the other side asked for."""
        self.wait_s = max(0.0, wait_s)
        return self


class InvalidRequest(HladvarpError):
    """The request asks for something that cannot be."""


class InvalidScript(InvalidRequest):
    """A line of the script cannot be read."""


class UncastSpeaker(InvalidRequest):
    """A speaker of the script has no voice."""


class UnknownPreset(InvalidRequest):
    """A cast names a voice preset that nobody defined."""


class LanguageNotAllowed(InvalidRequest):
    """The show, or the engine, does not take this language."""


class BudgetExceeded(InvalidRequest):
    """The episode would cost more than the request allows."""


class ConsentMissing(InvalidRequest):
    """A voice was cloned, and no consent covers its use."""


class ConsentEnded(InvalidRequest):
    """The person's consent was revoked, or has run out."""


class InvalidSettings(HladvarpError):
    """A settings file, an environment variable or a secret is wrong."""


class InvalidPreset(InvalidSettings):
    """A file of voice presets cannot be read."""


class InvalidLexicon(InvalidSettings):
    """A pronunciation lexicon cannot be read."""


class SourceError(HladvarpError):
    """What was given cannot become an episode."""


class SourceNotFound(SourceError):
    """There is nothing at this address."""


class SourceRefused(SourceError):
    """The address, or a name in it, is not allowed."""


class SourceTooLarge(SourceError):
    """The source has more bytes than the limit."""


class SourceTooLong(SourceError):
    """The recording lasts longer than the limit."""


class SourceUnreachable(SourceError):
    """The network, or the other side, failed."""

    retryable = True


class EmptySource(SourceError):
    """The source has no bytes, or a script has no lines."""


class UnreadableSource(SourceError):
    """The source is neither a recording nor a script, or is damaged beyond use."""


class NoAudioStream(SourceError):
    """The file can be read, but holds no sound."""


class SilentRecording(SourceError):
    """The recording holds sound, and all of it is silence."""


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


class StorageError(HladvarpError):
    """A store or a publishing target cannot take or give what it should."""


class StorageUnreachable(StorageError):
    """The storage does not answer."""

    retryable = True


class StorageDenied(StorageError):
    """The keys are wrong, or give no right to do this here."""


class StorageMissing(StorageError):
    """There is no such bucket or folder."""


class StorageFull(StorageError):
    """There is no room left."""


class ObjectMissing(StorageError):
    """A stored object that was there is gone."""


class ObjectDamaged(StorageError):
    """An object's bytes are not what was sent."""

    retryable = True


class WriteConflict(StorageError):
    """Others wrote the same object at the same moment, again and again."""

    retryable = True


class RunPodError(HladvarpError):
    """A rented GPU cannot be had, or cannot do its work."""


class RunPodDenied(RunPodError):
    """RunPod refuses the key, or what it may do."""


class BalanceTooLow(RunPodError):
    """The account has no credit for another hour."""


class PodRefused(RunPodError):
    """RunPod refuses the pod that was asked for."""


class PodTooDear(RunPodError):
    """Every pod that can be had costs more than the pool allows."""


class NoCapacity(RunPodError):
    """No GPU of the wanted types is free."""

    retryable = True


class PodNotStarted(RunPodError):
    """Pods were made, and none of them started."""

    retryable = True


class RunPodBusy(RunPodError):
    """More requests than RunPod takes in this minute, hour or day."""

    retryable = True


class RunPodUnreachable(RunPodError):
    """RunPod does not answer, or with nothing that tells what was done."""

    retryable = True
