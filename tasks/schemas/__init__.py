"""What crosses a stage boundary: small, frozen, JSON-able. Samples and long documents travel as references."""

from tasks.schemas.episode import (
    CastEntry,
    Cost,
    EngineUse,
    EpisodeManifest,
    EpisodeRequest,
    FileEntry,
    Mastering,
    Production,
    Show,
    SourceEntry,
    StageEntry,
)
from tasks.schemas.references import AudioRef, DocumentRef, FileRef, SourceRef
from tasks.schemas.script import Line, Script, ScriptChapter
from tasks.schemas.sound import Loudness
from tasks.schemas.speech import AsrConfig, Chapter, Segment, Transcript, Word
from tasks.schemas.spoken import Span, SpokenText
from tasks.schemas.voice import Clip, VoicePreset

__all__ = [
    "AsrConfig",
    "AudioRef",
    "CastEntry",
    "Chapter",
    "Clip",
    "Cost",
    "DocumentRef",
    "EngineUse",
    "EpisodeManifest",
    "EpisodeRequest",
    "FileEntry",
    "FileRef",
    "Line",
    "Loudness",
    "Mastering",
    "Production",
    "Script",
    "ScriptChapter",
    "Segment",
    "Show",
    "SourceEntry",
    "SourceRef",
    "Span",
    "SpokenText",
    "StageEntry",
    "Transcript",
    "VoicePreset",
    "Word",
]
