"""A voice, heard for a moment."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen

SpokenLanguage = Literal["is", "en", "da", "sv", "no", "fo", "de", "fr", "es", "pl"]


class HowRead(Frozen):
    """A stretch of the text that is said otherwise than it is written."""

    written: str
    spoken: str
    kind: str = Field(description="What it is: number, date, money, abbreviation …")


class Preview(Frozen):
    """What a voice said, where to hear it, and what that took."""

    preset: str
    engine: str
    language: str
    spoken: str = Field(description="What was said, in words.")
    readings: tuple[HowRead, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="What the engine cannot do that was asked of it.")
    uri: str = Field(description="Path or uri of the WAV file.")
    listen: str = Field(description="Where a browser plays it.")
    duration_s: float
    first_sound_s: float = Field(description="From the call to the first sound, when it was made.")
    characters: int = Field(description="Asked for in this run; 0 where it was said before.")
    cost_usd: float | None = Field(default=0.0, description="At the published price; None where none is published.")
