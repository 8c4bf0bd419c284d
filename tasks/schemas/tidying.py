"""How a conversation is made easy to follow, and what was done for it."""

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Tidying(Frozen):
    """How alike voices are to become, and how long silences may be."""

    strength: float = Field(ge=0, le=1, description="0: voices stay as they are; 1: all are equally loud.")
    silence_longer_than_s: float = Field(ge=0, description="Longer silences are shortened; 0: all stay.")
    silence_kept_s: float = Field(gt=0, description="What is left of those.")


class Levelled(Frozen):
    """What a leveller did to a recording, in decibels along its length."""

    min_gain_db: float
    mean_gain_db: float
    max_gain_db: float
    stretches: int = Field(ge=0, description="In how many one voice after the other was given a gain.")
    by_speaker: bool = Field(description="Whether the transcript said who speaks; otherwise the level alone did.")


class Cut(Frozen):
    """A silence that was taken out, in the time of the recording that it was taken from."""

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)


class Tidied(Frozen):
    """What was done to a recording; `levelled` is None where that was not asked for."""

    levelled: Levelled | None = None
    cuts: tuple[Cut, ...] = ()
