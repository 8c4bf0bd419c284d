"""Every failure that a user can meet, in one tree; each leaf says whether trying again can help.

HladvarpError
  x InvalidRequest            the request asks for something that cannot be
    - InvalidScript           a line of the script cannot be read
    - UncastSpeaker           a speaker has no voice
    - UnknownPreset           a cast names a voice preset that nobody defined
    - UnknownTemplate         a request names an episode template that nobody defined
    - LanguageNotAllowed      the show, or an engine, does not take this language
    - BudgetExceeded          the estimate is above the request's budget
    - ConsentMissing          a cloned voice, and no consent that covers it
    - ConsentEnded            the consent was revoked, or has run out
  x InvalidSettings           a settings file, variable or secret is wrong
    - InvalidPreset           a voice preset cannot be read, or holds what its engine does not take
    - InvalidTemplate         an episode template cannot be read
    - InvalidLexicon          a pronunciation lexicon cannot be read
    - StoreNotShared          a pool's machines cannot see the store
    - StageNotDeployed        a pool does not know a stage that is placed on it
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
    - ModelTooLarge           the model takes more memory than the budget has
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
  x ReviewError               a person decides
    - KeptForReview           the episode is whole, and not as it was asked for
    - NotKept                 nothing of this name waits for a decision
  x StorageError
    - StorageUnreachable      the storage does not answer             (retryable)
    - StorageDenied           wrong keys, or no right to write here
    - StorageMissing          no such bucket or folder
    - StorageFull             no room left
    - ObjectMissing           a stored object that was there is gone
    - ObjectDamaged           an object's bytes are not what was sent (retryable)
    - WriteConflict           others wrote at the same moment, again and again (retryable)
  x MachineError             the machine at hand cannot do its work
    - MemoryShort             nearly all memory is in use             (retryable)
  x RunPodError              a rented GPU cannot be had, or cannot do its work
    - RunPodDenied            RunPod refuses the key
    - BalanceTooLow           the account has no credit for another hour
    - PodRefused              RunPod refuses the pod that was asked for
    - PodTooDear              every pod costs more than the pool allows
    - DailyLimitReached       the pool's pods cost enough today       (retryable)
    - NoCapacity              no GPU of the wanted types is free      (retryable)
    - PodNotStarted           pods were made, and none of them started (retryable)
    - PrefectUnreachable      no answer at the pods' address          (retryable)
    - RunPodBusy              more requests than RunPod takes         (retryable)
    - RunPodUnreachable       no answer, or none that tells anything  (retryable)
  x StageError                a stage's run on a pool gave no result
    - StageLost               the run lost its machine or its process (retryable)
    - StageCancelled          somebody cancelled the run
    - StageBroken             the run failed with what is no failure of ours
"""

from __future__ import annotations

from tasks.errors.engines import (
    AnswerUnfinished,
    EncodingFailed,
    EngineBusy,
    EngineDenied,
    EngineError,
    EngineFailed,
    EngineUnavailable,
    EngineUnreachable,
    LoudnessUnreachable,
    ModelDamaged,
    ModelNotFound,
    ModelTooLarge,
    QuotaExceeded,
    RequestRefused,
    SoundError,
    SpokeOtherwise,
    TextTooLong,
    UnknownEngine,
    UnknownVoice,
)
from tasks.errors.machines import MachineError, MemoryShort
from tasks.errors.pods import (
    BalanceTooLow,
    DailyLimitReached,
    NoCapacity,
    PodNotStarted,
    PodRefused,
    PodTooDear,
    PrefectUnreachable,
    RunPodBusy,
    RunPodDenied,
    RunPodError,
    RunPodUnreachable,
)
from tasks.errors.pools import (
    StageBroken,
    StageCancelled,
    StageError,
    StageLost,
    StageNotDeployed,
    StoreNotShared,
)
from tasks.errors.requests import (
    BudgetExceeded,
    ConsentEnded,
    ConsentMissing,
    InvalidLexicon,
    InvalidPreset,
    InvalidRequest,
    InvalidScript,
    InvalidSettings,
    InvalidTemplate,
    LanguageNotAllowed,
    UncastSpeaker,
    UnknownPreset,
    UnknownTemplate,
)
from tasks.errors.review import KeptForReview, NotKept, ReviewError
from tasks.errors.root import (
    HladvarpError,
)
from tasks.errors.sources import (
    EmptySource,
    NoAudioStream,
    SilentRecording,
    SourceError,
    SourceNotFound,
    SourceRefused,
    SourceTooLarge,
    SourceTooLong,
    SourceUnreachable,
    UnreadableSource,
)
from tasks.errors.storage import (
    ObjectDamaged,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageMissing,
    StorageUnreachable,
    WriteConflict,
)

__all__ = [
    "AnswerUnfinished",
    "BalanceTooLow",
    "BudgetExceeded",
    "ConsentEnded",
    "ConsentMissing",
    "DailyLimitReached",
    "EmptySource",
    "EncodingFailed",
    "EngineBusy",
    "EngineDenied",
    "EngineError",
    "EngineFailed",
    "EngineUnavailable",
    "EngineUnreachable",
    "HladvarpError",
    "InvalidLexicon",
    "InvalidPreset",
    "InvalidRequest",
    "InvalidScript",
    "InvalidSettings",
    "InvalidTemplate",
    "KeptForReview",
    "LanguageNotAllowed",
    "LoudnessUnreachable",
    "MachineError",
    "MemoryShort",
    "ModelDamaged",
    "ModelNotFound",
    "ModelTooLarge",
    "NoAudioStream",
    "NoCapacity",
    "NotKept",
    "ObjectDamaged",
    "ObjectMissing",
    "PodNotStarted",
    "PodRefused",
    "PodTooDear",
    "PrefectUnreachable",
    "QuotaExceeded",
    "RequestRefused",
    "ReviewError",
    "RunPodBusy",
    "RunPodDenied",
    "RunPodError",
    "RunPodUnreachable",
    "SilentRecording",
    "SoundError",
    "SourceError",
    "SourceNotFound",
    "SourceRefused",
    "SourceTooLarge",
    "SourceTooLong",
    "SourceUnreachable",
    "SpokeOtherwise",
    "StageBroken",
    "StageCancelled",
    "StageError",
    "StageLost",
    "StageNotDeployed",
    "StorageDenied",
    "StorageError",
    "StorageFull",
    "StorageMissing",
    "StorageUnreachable",
    "StoreNotShared",
    "TextTooLong",
    "UncastSpeaker",
    "UnknownEngine",
    "UnknownPreset",
    "UnknownTemplate",
    "UnknownVoice",
    "UnreadableSource",
    "WriteConflict",
]
