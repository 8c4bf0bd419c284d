"""A voice that is to be cloned, and what came of it; a consent that ends, and what went with it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from tasks.schemas.frozen import Frozen

Sample = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]


class CloneRequest(Frozen):
    """A voice to be cloned from recordings of a person who has consented to it."""

    consent: str = Field(
        min_length=1,
        max_length=100,
        title="Consent",
        description="Name of the block Voice Consent in which the person's consent is kept.",
        json_schema_extra={"position": 1},
    )
    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        title="Name of the voice",
        description="What a cast will call it: small letters, digits, dashes. It must be new.",
        json_schema_extra={"position": 2},
    )
    title: str = Field(
        default="",
        max_length=200,
        title="Title",
        description="Who this is and what the voice suits, for the person who chooses.",
        json_schema_extra={"position": 3},
    )
    samples: tuple[Sample, ...] = Field(
        min_length=1,
        max_length=25,
        title="Samples",
        description="Recordings of this person alone, one to three minutes in all: files, http(s) or s3:// addresses.",
        json_schema_extra={"position": 4},
    )
    consent_recording: str = Field(
        default="",
        max_length=4096,
        title="Recording of the consent",
        description="The recording in which the person reads the statement. Empty: it is one of the samples.",
        json_schema_extra={"position": 5},
    )
    show: str = Field(
        default="",
        max_length=100,
        title="Show",
        description="The show that it is for, which the consent must cover. Empty: for no particular one.",
        json_schema_extra={"position": 6},
    )
    engine: Literal["elevenlabs"] = Field(
        default="elevenlabs",
        title="Engine",
        description="Who clones it.",
        json_schema_extra={"position": 7, "enum": ["elevenlabs"]},  # without it, the form lets one write anything
    )
    model: str = Field(
        default="eleven_v3",
        max_length=100,
        title="Model",
        description="With which the voice speaks; Icelandic needs eleven_v3 or a later one.",
        json_schema_extra={"position": 8},
    )
    account: str = Field(
        default="",
        max_length=100,
        title="Account",
        description="Name of the block ElevenLabs Credentials. Empty: the block named hladvarp.",
        json_schema_extra={"position": 9},
    )
    remove_background_noise: bool = Field(
        default=False,
        title="Remove background noise",
        description="Only where there is some: clean samples lose by it.",
        json_schema_extra={"position": 10},
    )


class ClonedVoice(Frozen):
    """A cloned voice, ready to be cast."""

    preset: str
    voice: str = Field(description="The vendor's own name for it.")
    consent: str
    person: str
    new: bool = Field(description="Whether the vendor made it in this run, and not in an earlier one.")
    samples: int
    duration_s: float = Field(description="Of all samples together.")
    notes: tuple[str, ...] = Field(default=(), description="What a person should know of the samples.")


class Revocation(Frozen):
    """A consent that ended, and what went with it."""

    consent: str
    person: str
    revoked_at: AwareDatetime
    deleted: tuple[str, ...] = Field(default=(), description="Voices that the vendor has no longer, by its own names.")
    presets: tuple[str, ...] = Field(default=(), description="Voice presets that refuse to speak from now on.")
    by_hand: tuple[str, ...] = Field(default=(), description="Presets of engines that cannot be told to delete.")
    episodes: tuple[str, ...] = Field(default=(), description="Where the voices were used, as the audit log says.")
