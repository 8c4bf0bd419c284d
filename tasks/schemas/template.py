"""What is around what is said: intro, outro, stings, a bed of music, the tone of the room."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tasks.schemas.frozen import Frozen
from tasks.schemas.references import AudioRef, SourceRef

NO_TEMPLATE = "none"
"""What a request says where the show has a template, and this episode is to have none."""

Place = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4096)]


class Jingle(Frozen):
    """A piece of music or sound with a beginning and an end."""

    file: Place = Field(
        default="",
        title="File",
        description="A path, beside the template's own file; an http(s) address; or a uri. Empty: none.",
        json_schema_extra={"position": 1},
    )
    gain_lu: float = Field(
        default=0.0,
        ge=-60.0,
        le=12.0,
        title="Loudness (LU)",
        description="Louder than the speech; softer with a minus.",
        json_schema_extra={"position": 2},
    )
    overlap_s: float = Field(
        default=0.0,
        ge=0.0,
        le=30.0,
        title="Overlap (s)",
        description="How long it and its neighbours are heard together, in a crossfade. 0: one after the other.",
        json_schema_extra={"position": 3},
    )


class Ducking(Frozen):
    """How music gives way to speech."""

    depth_db: float = Field(
        default=-14.0,
        ge=-60.0,
        le=0.0,
        title="Depth (dB)",
        description="The music's gain while somebody speaks. 0: it does not give way.",
        json_schema_extra={"position": 1},
    )
    look_ahead_s: float = Field(
        default=0.25,
        ge=0.0,
        le=5.0,
        title="Look-ahead (s)",
        description="How long before the first word the music begins to fall.",
        json_schema_extra={"position": 2},
    )
    attack_s: float = Field(
        default=0.15,
        ge=0.01,
        le=5.0,
        title="Attack (s)",
        description="How long the fall lasts.",
        json_schema_extra={"position": 3},
    )
    hold_s: float = Field(
        default=0.6,
        ge=0.0,
        le=10.0,
        title="Hold (s)",
        description="How long after the last word the music stays down.",
        json_schema_extra={"position": 4},
    )
    release_s: float = Field(
        default=1.0,
        ge=0.01,
        le=10.0,
        title="Release (s)",
        description="How long the rise lasts.",
        json_schema_extra={"position": 5},
    )


class Bed(Frozen):
    """Music under what is said; it begins anew where the end of its file is reached."""

    file: Place = Field(
        default="",
        title="File",
        description="A path, beside the template's own file; an http(s) address; or a uri. Empty: none.",
        json_schema_extra={"position": 1},
    )
    gain_lu: float = Field(
        default=-6.0,
        ge=-60.0,
        le=12.0,
        title="Loudness (LU)",
        description="Louder than the speech while nobody speaks; softer with a minus.",
        json_schema_extra={"position": 2},
    )
    chapters: tuple[str, ...] = Field(
        default=("*",),
        title="Chapters",
        description="Titles of the chapters that it lies under; * stands for any letters, and alone for all chapters.",
        json_schema_extra={"position": 3},
    )
    fade_s: float = Field(
        default=1.0,
        ge=0.0,
        le=30.0,
        title="Fade (s)",
        description="How long it takes to come and to go, where no jingle crosses it.",
        json_schema_extra={"position": 4},
    )
    ducking: Ducking = Field(
        default=Ducking(),
        title="Giving way",
        description="How it gives way to speech.",
        json_schema_extra={"position": 5},
    )


class RoomTone(Frozen):
    """What is heard where nobody speaks, in place of digital silence. A recording has its own."""

    file: Place = Field(
        default="",
        title="File",
        description="A path, beside the template's own file; an http(s) address; or a uri. Empty: silence.",
        json_schema_extra={"position": 1},
    )
    take: Literal["whole", "noise"] = Field(
        default="whole",
        title="Take",
        description="whole: the file is room tone. noise: it is a recording, and the noise under its speech is taken.",
        json_schema_extra={"position": 2},
    )
    gain_lu: float = Field(
        default=-40.0,
        ge=-80.0,
        le=-10.0,
        title="Loudness (LU)",
        description="Below the speech, with a minus.",
        json_schema_extra={"position": 3},
    )


class EpisodeTemplate(Frozen):
    """What a show's episodes have in common around what is said."""

    name: str = Field(
        pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
        max_length=60,
        title="Name",
        description="What a request calls it: small letters, digits, dashes.",
        json_schema_extra={"position": 1},
    )
    title: str = Field(
        default="",
        max_length=200,
        title="Title",
        description="What it suits, for the person who chooses.",
        json_schema_extra={"position": 2},
    )
    intro: Jingle = Field(
        default=Jingle(), title="Intro", description="Before all that is said.", json_schema_extra={"position": 3}
    )
    sting: Jingle = Field(
        default=Jingle(), title="Sting", description="Between two chapters.", json_schema_extra={"position": 4}
    )
    bed: Bed = Field(
        default=Bed(), title="Bed of music", description="Music under what is said.", json_schema_extra={"position": 5}
    )
    outro: Jingle = Field(
        default=Jingle(), title="Outro", description="After all that is said.", json_schema_extra={"position": 6}
    )
    room_tone: RoomTone = Field(
        default=RoomTone(),
        title="Room tone",
        description="Under and between the clips of a narration.",
        json_schema_extra={"position": 7},
    )

    @property
    def files(self) -> dict[str, str]:
        """The files that it names, by what they are for."""
        named = {role: str(getattr(self, role).file) for role in ROLES}
        return {role: file for role, file in named.items() if file}

    @property
    def looped(self) -> tuple[str, ...]:
        """What begins anew where its file ends; of a recording's noise, only the colour is taken."""
        return ("bed",) if self.room_tone.take == "noise" else ("bed", "room_tone")


ROLES = ("intro", "sting", "bed", "outro", "room_tone")


class Furnishing(Frozen):
    """A template, and its files as they were fetched."""

    template: EpisodeTemplate
    sources: dict[str, SourceRef] = Field(description="By what they are for: intro, sting, bed, outro, room_tone.")


class Dressing(Frozen):
    """A template whose files are in the store. Only what is heard of it is left, so that a new name changes no key."""

    template: EpisodeTemplate
    sounds: dict[str, AudioRef] = Field(description="By what they are for.")
    notes: tuple[str, ...] = Field(default=(), description="What a person should know of its sounds.")

    @classmethod
    def of(cls, template: EpisodeTemplate, sounds: dict[str, AudioRef], notes: tuple[str, ...] = ()) -> Dressing:
        """What is heard of a template, with the sounds of its files."""
        unnamed = {role: getattr(template, role).model_copy(update={"file": ""}) for role in ROLES}
        return cls(template=EpisodeTemplate(name="template", **unnamed), sounds=sounds, notes=notes)
