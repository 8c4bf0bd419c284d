"""Voices and what they said."""

from pydantic import Field

from tasks.schemas.frozen import Frozen
from tasks.schemas.references import AudioRef


class VoicePreset(Frozen):
    """A voice that a producer can cast, whatever engine speaks it."""

    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="What a cast calls it: small letters, digits, dashes."
    )
    title: str = ""
    engine: str = "espeak"
    voice: str = Field(default="", description="The engine's own name for the voice; for espeak a variant such as f5.")
    rate: float = Field(default=1.0, ge=0.5, le=2.0, description="Speaking rate; 1.0 is the voice's own.")
    pitch: float = Field(default=0.0, ge=-12.0, le=12.0, description="Semitones above the voice's own pitch.")


class Clip(Frozen):
    """One line, spoken once and kept. What was said is in its key; when, is here."""

    audio: AudioRef
    timed: tuple[tuple[int, int, float, float], ...] = Field(
        default=(), description="Words: first and past-last character of the spoken text, start and end in seconds."
    )
