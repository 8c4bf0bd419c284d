"""What a meter reads, and how much silence there is between what is said."""

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Loudness(Frozen):
    """Loudness and peak of a piece of sound; -inf where there is nothing above the gate.

    Source: ITU-R BS.1770-5 (integrated loudness, true peak), EBU Tech 3341 (momentary, short-term), Tech 3342 (range).
    """

    integrated_lufs: float
    short_term_max_lufs: float
    momentary_max_lufs: float
    range_lu: float
    true_peak_dbtp: float


class Pauses(Frozen):
    """Silence between what is said, in seconds."""

    line_s: float = Field(default=0.35, ge=0, le=10, description="Between two lines of one speaker.")
    speaker_s: float = Field(default=0.5, ge=0, le=10, description="When another speaker takes over.")
    chapter_s: float = Field(default=1.2, ge=0, le=10, description="Before a new chapter.")
    edge_s: float = Field(default=0.3, ge=0, le=10, description="Before the first line and after the last.")
