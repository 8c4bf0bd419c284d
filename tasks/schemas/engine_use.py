"""Which engines had a part in an episode."""

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen


class EngineUse(Frozen):
    """An engine that had a part in it."""

    role: Literal["asr", "tts"]
    engine: str
    version: str
    model: str = ""
    requests: int = Field(default=0, description="Calls made in this run; what was stored needs none.")
