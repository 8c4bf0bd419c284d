"""A script on its way to clips: what is planned, what it will cost, what it has cost."""

from __future__ import annotations

from pydantic import Field

from tasks.schemas.engine_use import EngineUse
from tasks.schemas.frozen import Frozen
from tasks.schemas.gate import RoundTrip
from tasks.schemas.references import DocumentRef
from tasks.schemas.script import Line, Mark, ScriptChapter
from tasks.schemas.spoken import SpokenText
from tasks.schemas.voice import EngineName, VoicePreset


class PlannedLine(Frozen):
    """A line, or a stretch of one, that one voice says in one go, and the key under which its clip is stored."""

    line: Line
    spoken: SpokenText
    marks: tuple[Mark, ...] = Field(default=(), description="Over the spoken text; those that the engine renders.")
    voice: VoicePreset
    language: str
    key: str
    before_s: float = Field(default=0.0, description="Silence before it that the author asked for.")
    pause_s: float | None = Field(default=None, description="Silence after it, where it is not the usual one.")
    instead_of: str = Field(default="", description="The preset that was cast, where another one reads.")
    reason: str = Field(default="", description="Why another one reads.")


class EngineEstimate(Frozen):
    """What will be asked of one engine for the clips that no store holds."""

    engine: EngineName
    lines: int
    characters: int
    usd: float | None = Field(description="At the published price; None where none is published by the character.")


class PlacedInsert(Frozen):
    """A recorded clip, and which one it is among all that is heard."""

    place: int = Field(ge=0, description="Index into `Narration.lines`.")
    line: Line


class SynthesisPlan(Frozen):
    """Every line of a script, ready to be said, and the indices of those that no store holds yet."""

    lines: tuple[PlannedLine, ...]
    missing: tuple[int, ...] = ()
    inserts: tuple[PlacedInsert, ...] = Field(default=(), description="In the order of their places.")
    chapters: tuple[ScriptChapter, ...] = Field(default=(), description="Before lines of the narration.")
    estimates: tuple[EngineEstimate, ...] = ()
    versions: dict[str, str] = Field(default_factory=dict, description="Of the engines that speak, by name.")
    notes: tuple[str, ...] = Field(default=(), description="What an engine cannot do, with the line that asks for it.")

    @property
    def estimated_usd(self) -> float:
        """What the missing clips cost, as far as prices are published."""
        return sum(estimate.usd or 0.0 for estimate in self.estimates)


class LinesFailed(Frozen):
    """Lines that their voice could not read, and why."""

    clips: tuple[str, ...] = Field(description="The keys of their clips.")
    reason: str


class Substitution(Frozen):
    """A line that another voice read than the one that was cast."""

    line: int = Field(description="Line number in the source.")
    speaker: str
    preset: str = Field(description="Who read it.")
    instead_of: str = Field(description="Who was cast.")
    reason: str


class VoiceUse(Frozen):
    """A voice that read in an episode."""

    preset: str
    engine: EngineName
    voice: str
    speakers: tuple[str, ...] = Field(description="Whose lines it read.")
    lines: int


class Cost(Frozen):
    """Money, in US dollars at the vendors' published prices."""

    estimated_usd: float = Field(default=0.0, description="Before the first request.")
    spent_usd: float = Field(default=0.0, description="For what was asked, unfinished answers included.")


class Synthesis(Frozen):
    """What came of the synthesize stage."""

    narration: DocumentRef
    voices: tuple[VoiceUse, ...] = ()
    substitutions: tuple[Substitution, ...] = ()
    engines: tuple[EngineUse, ...]
    clips_made: int
    clips_reused: int
    cost: Cost
    round_trip: RoundTrip = RoundTrip()
    notes: tuple[str, ...] = ()

    @property
    def made(self) -> int:
        """Clips that were made for it."""
        return self.clips_made
