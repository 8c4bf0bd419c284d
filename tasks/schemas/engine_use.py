"""Which engines had a part in an episode."""

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen


class EngineUse(Frozen):
    """An engine that had a part in it, and what was asked of it in this run; what was stored needs nothing."""

    role: Literal["asr", "tts"]
    engine: str
    version: str
    model: str = ""
    requests: int = Field(default=0, description="Calls that were made, those without a whole answer among them.")
    unfinished: int = Field(default=0, description="Calls whose answer broke off or was of no use.")
    characters: int = Field(default=0, description="Characters asked for, as the vendor counts where it says.")
    usd: float | None = Field(default=0.0, description="At the published price; None where none is published.")
