"""Voices, how their engines are reached, and what they said."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, WithJsonSchema

from tasks.schemas.frozen import Frozen
from tasks.schemas.references import AudioRef

EngineName = Literal["azure", "elevenlabs", "espeak", "kokoro", "nemo", "openai", "openai_compatible", "piper", "polly"]

# The Prefect UI shows tabs ("float", "None") for what may be missing; with these it shows a field that may stay empty.
Share = Annotated[float | None, WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})]
Whole = Annotated[int | None, WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 2**32 - 1})]


class VoicePreset(Frozen):
    """A voice that a producer can cast, whatever engine speaks it. What an engine can't obey, it says."""

    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        title="Name",
        description="What a cast calls it: small letters, digits, dashes.",
        json_schema_extra={"position": 1},
    )
    title: str = Field(
        default="",
        max_length=200,
        title="Title",
        description="Who this is and what it suits, for the person who chooses.",
        json_schema_extra={"position": 2},
    )
    engine: EngineName = Field(
        default="espeak",
        title="Engine",
        description="Who speaks: espeak, piper, kokoro and nemo on this machine, the others over the network.",
        json_schema_extra={"position": 3},
    )
    voice: str = Field(
        default="",
        max_length=500,
        title="Voice",
        description="The engine's own name for the voice: is-IS-GudrunNeural, Dora, a variant such as f5, a file.",
        json_schema_extra={"position": 4},
    )
    model: str = Field(
        default="",
        max_length=500,
        title="Model",
        description="The engine's own name for the model, or its file. Empty: the engine's usual one.",
        json_schema_extra={"position": 5},
    )
    account: str = Field(
        default="",
        max_length=100,
        title="Account",
        description="Name of the block with the engine's address and key. Empty: the block named hladvarp.",
        json_schema_extra={"position": 6},
    )
    rate: float = Field(
        default=1.0,
        ge=0.5,
        le=2.0,
        title="Speaking rate",
        description="1 is the voice's own, 2 twice as fast, 0.5 half as fast.",
        json_schema_extra={"position": 7},
    )
    pitch: float = Field(
        default=0.0,
        ge=-12.0,
        le=12.0,
        title="Pitch (semitones)",
        description="Above the voice's own; below it with a minus.",
        json_schema_extra={"position": 8},
    )
    gain_db: float = Field(
        default=0.0,
        ge=-12.0,
        le=12.0,
        title="Gain (dB)",
        description="Louder or softer than the other voices, which are brought to one loudness.",
        json_schema_extra={"position": 9},
    )
    stability: Share = Field(
        default=None,
        ge=0.0,
        le=1.0,
        title="Stability",
        description="0 is lively, 1 is even. Empty: the voice's own.",
        json_schema_extra={"position": 10},
    )
    similarity: Share = Field(
        default=None,
        ge=0.0,
        le=1.0,
        title="Similarity",
        description="How close a cloned voice keeps to its original, 0 to 1. Empty: the engine's own.",
        json_schema_extra={"position": 11},
    )
    style: str = Field(
        default="",
        max_length=100,
        title="Style",
        description="A style that the voice knows, such as newscast.",
        json_schema_extra={"position": 12},
    )
    instructions: str = Field(
        default="",
        max_length=2000,
        title="Instructions",
        description="How to read, in words, for engines that take them.",
        json_schema_extra={"position": 13},
    )
    seed: Whole = Field(
        default=None,
        ge=0,
        le=2**32 - 1,
        title="Seed",
        description="For engines that speak otherwise each time: a number with which they speak alike. Empty: none.",
        json_schema_extra={"position": 14},
    )
    max_characters: int = Field(
        default=0,
        ge=0,
        le=100_000,
        title="Longest text",
        description="Characters asked for at once; 0: what the engine takes.",
        json_schema_extra={"position": 15},
    )
    fallback: tuple[str, ...] = Field(
        default=(),
        title="Fallback",
        description="Presets that read instead, in this order, when the engine is down.",
        json_schema_extra={"position": 16},
    )
    consent: str = Field(
        default="",
        max_length=100,
        title="Consent",
        description="For a cloned voice: name of the block with the person's consent.",
        json_schema_extra={"position": 17},
    )

    @property
    def sounding(self) -> dict[str, object]:
        """All that can be heard, defaults left out, so that a field that is added later changes no voice's key."""
        unheard = {"name", "title", "gain_db", "max_characters", "fallback", "consent"}
        return self.model_dump(mode="json", exclude=unheard, exclude_defaults=True)


class EngineAccess(Frozen):
    """How an engine is reached. Empty fields are the engine's own defaults."""

    base_url: str = Field(default="", description="Address of the service, where it is not the vendor's usual one.")
    api_key: SecretStr = Field(default=SecretStr(""), description="The key, or the secret part of a pair.")
    access_key_id: str = Field(default="", description="The part of a pair of keys that is no secret.")
    region: str = Field(default="", description="Where the vendor's service runs, such as northeurope.")
    folder: str = Field(default="", description="Folder of the model's files, for an engine that runs here.")
    source: str = Field(default="", description="Where this comes from: what an error message says to mend.")


class Clip(Frozen):
    """One line, spoken once and kept. What was said is in its key; when, is here."""

    audio: AudioRef
    timed: tuple[tuple[int, int, float, float], ...] = Field(
        default=(), description="Words: first and past-last character of the spoken text, start and end in seconds."
    )
    loudness_lufs: float = Field(default=float("-inf"), description="Integrated, as the engine gave it.")
