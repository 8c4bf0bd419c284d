"""How much memory there is, and how it is shared out among models."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.schemas.frozen import Frozen

Device = Literal["cpu", "cuda"]
Share = Literal["asr", "tts"]


class Memory(Frozen):
    """The memory of a device, in bytes: what may be used in all, and what of it is free."""

    total_bytes: int
    free_bytes: int

    @property
    def used_percent(self) -> float:
        """From 0 to 100."""
        return 100.0 * (1.0 - max(0, self.free_bytes) / max(1, self.total_bytes))


class MemoryBudget(Frozen):
    """Shares of a device's memory, in percent: of the GPU for models that run on it, of the host for all others."""

    tts_percent: float = Field(default=45.0, gt=0, lt=100, description="For models that speak.")
    asr_percent: float = Field(default=35.0, gt=0, lt=100, description="For models that hear.")
    reserve_percent: float = Field(
        default=15.0, ge=0, lt=100, description="Never given to models: CUDA contexts, and what loading and work take."
    )
    safety_percent: float = Field(default=5.0, ge=0, lt=100, description="Free beside a model that is to be loaded.")
    refuse_percent: float = Field(
        default=92.0, gt=0, le=100, description="Of the host's memory in use: no new piece of work is begun."
    )
    fail_percent: float = Field(
        default=96.0, gt=0, le=100, description="Of the host's memory in use: work under way ends, and is tried again."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        shares = self.tts_percent + self.asr_percent + self.reserve_percent + self.safety_percent
        if shares > 100.0:
            raise ValueError(f"the four shares are {shares:g} percent together; make them 100 at most")
        if self.fail_percent < self.refuse_percent:
            raise ValueError(f"fail_percent {self.fail_percent:g} is below refuse_percent {self.refuse_percent:g}")
        return self

    def share_of(self, memory: Memory, share: Share) -> int:
        """Bytes that all models of a share may take together."""
        percent = self.asr_percent if share == "asr" else self.tts_percent
        return int(memory.total_bytes * percent / 100.0)

    def safety_of(self, memory: Memory) -> int:
        """Bytes that have to stay free."""
        return int(memory.total_bytes * self.safety_percent / 100.0)
