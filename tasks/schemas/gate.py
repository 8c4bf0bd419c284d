"""What an episode must be like to go out by itself, and what was found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Gate(Frozen):
    """What holds an episode back for a person to decide. Everything is measured in any case."""

    round_trip: Literal["auto", "always", "never"] = Field(
        default="auto",
        title="Hear the lines again",
        description="An ASR engine that knows the language writes down what voices say. auto: not those that read by "
        "rule, such as eSpeak. It takes about 1.4 s of a CPU a line.",
        json_schema_extra={"position": 1},
    )
    # English by eSpeak, the hardest voice to hear, in 40 lines: 0.07 on average, 0.44 at the most (Whisper base).
    line_error_rate: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        title="Highest error rate of a line",
        description="Share of letters that are heard otherwise than they were to be said; a worse line is taken again.",
        json_schema_extra={"position": 2},
    )
    retakes: int = Field(
        default=2,
        ge=0,
        le=5,
        title="Retakes",
        description="How often such a line is read again: with another seed, or by the voice's fallback.",
        json_schema_extra={"position": 3},
    )
    loudness_tolerance_lu: float = Field(
        default=1.0,
        ge=0.1,
        le=20.0,
        title="Loudness tolerance (LU)",
        description="How far from the loudness that was asked for. Apple Podcasts takes 1.",
        json_schema_extra={"position": 4},
    )
    peak_tolerance_db: float = Field(
        default=0.1,
        ge=0.0,
        le=9.0,
        title="True peak tolerance (dB)",
        description="How far above the highest true peak that was asked for.",
        json_schema_extra={"position": 5},
    )
    cut_peaks_a_minute: float = Field(
        default=0.0,
        ge=0.0,
        le=100_000.0,
        title="Most cut peaks a minute",
        description="In the recording that it is made from. 0: only reported.",
        json_schema_extra={"position": 6},
    )
    snr_db: float = Field(
        default=0.0,
        ge=0.0,
        le=60.0,
        title="Lowest speech above noise (dB)",
        description="In the episode. 0: only reported.",
        json_schema_extra={"position": 7},
    )
    silence_ratio: float = Field(
        default=0.95,
        gt=0.0,
        le=1.0,
        title="Highest share of silence",
        description="Of the episode. 1: only reported.",
        json_schema_extra={"position": 8},
    )
    predicted: float = Field(
        default=0.0,
        ge=0.0,
        le=5.0,
        title="Lowest predicted quality",
        description="1 to 5, by a model that has not heard Icelandic. 0: only reported.",
        json_schema_extra={"position": 9},
    )


class HeardLine(Frozen):
    """A line as it was to be said, and as it was heard."""

    line: int = Field(description="Line number in the source.")
    speaker: str
    preset: str = Field(description="Who read the take that was kept.")
    said: str
    heard: str
    error_rate: float = Field(description="Of letters, 0 to 1.")
    takes: int = Field(default=1, description="How often it was read.")


class RoundTrip(Frozen):
    """Whether what voices say is heard as it was to be said."""

    engine: str = Field(default="", description="Who listened.")
    lines: int = Field(default=0, description="That were heard again.")
    mean_error_rate: float | None = None
    worst_error_rate: float | None = None
    retaken: int = Field(default=0, description="Lines that were read more than once.")
    retakes: int = Field(default=0, description="How often, all lines together.")
    failed: tuple[HeardLine, ...] = Field(default=(), description="Lines that no take made good.")
    mended: tuple[HeardLine, ...] = Field(default=(), description="Lines that a retake made good.")
    not_measured: tuple[str, ...] = Field(default=(), description="What was not heard again, and why.")


class Verdict(Frozen):
    """Whether an episode may go out by itself."""

    passed: bool = True
    failures: tuple[str, ...] = Field(default=(), description="What is not as it was asked for, in words.")
