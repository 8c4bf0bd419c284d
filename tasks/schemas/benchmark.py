"""How fast the engines of a machine are."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen


class AsrCandidate(Frozen):
    """A way in which an engine may hear here."""

    engine: str
    model: str
    device: str
    compute_type: str


class EngineSpeed(Frozen):
    """What one engine took on this machine, or why it does not work here."""

    role: Literal["asr", "tts"]
    engine: str
    what: str = Field(description="Model or voice, and where it runs.")
    load_s: float = Field(default=0.0, description="Until the first word, with the model not yet in memory.")
    work_s: float = Field(default=0.0, description="Of a second call, with the model loaded.")
    sound_s: float = Field(default=0.0, description="Of the sound that was heard or made in it.")
    trouble: str = Field(default="", description="Why it does not work here; empty where it does.")

    @property
    def real_time_factor(self) -> float:
        """Seconds of work for a second of sound: below 1 is faster than speech."""
        return self.work_s / self.sound_s if self.sound_s else 0.0


class Benchmark(Frozen):
    """The engines of a machine, and the machine."""

    machine: str
    speeds: tuple[EngineSpeed, ...]
