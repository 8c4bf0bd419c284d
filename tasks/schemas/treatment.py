"""What is done to a recording's sound between transcription and mastering, and what came of it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.schemas.frozen import Frozen
from tasks.schemas.programme import Programme
from tasks.schemas.references import AudioRef
from tasks.schemas.tidying import Cut, Levelled, Tidied, Tidying

NoiseEngine = Literal["deepfilternet", "afftdn"]
Standing = Literal["left", "right", "apart", "between"]
"""Where voices stand in two channels: all in one ear, some in one and some in the other, or between both."""
Reason = Literal["clean", "music", "no speech", "speech would be lost"]


class NoiseReduction(Frozen):
    """Which engine takes noise out, how much of it, and whether also where there is little."""

    engine: NoiseEngine
    strength_db: float
    everywhere: bool = False


class Treatment(Frozen):
    """What is done to the sound of a recording. Speech that was made by machines needs none of it."""

    noise_reduction: Literal["auto", "on", "off"] = Field(
        default="auto",
        title="Noise reduction",
        description="auto: where there is noise under speech. on: everywhere but in music. off: nowhere.",
        json_schema_extra={"position": 1},
    )
    noise_strength_db: float = Field(
        default=24.0,
        ge=0.0,
        le=60.0,
        title="Noise reduction, at most (dB)",
        description="24 keeps a trace of the room; 12 keeps more of it, 60 nothing. 0: off.",
        json_schema_extra={"position": 2},
    )
    noise_engine: NoiseEngine = Field(
        default="deepfilternet",
        title="Noise reduction by",
        description="deepfilternet: DeepFilterNet 3. afftdn: FFmpeg's, lighter, and far weaker.",
        json_schema_extra={"position": 3},
    )
    deesser_db: float = Field(
        default=0.0,
        ge=0.0,
        le=12.0,
        title="De-esser, at most (dB)",
        description="How much sharp s sounds are softened; 6 is usual. 0: off.",
        json_schema_extra={"position": 4},
    )
    remove_dc: bool = Field(
        default=True,
        title="Remove direct current",
        description="A constant offset, which a bad sound card leaves behind.",
        json_schema_extra={"position": 5},
    )
    stereo: Literal["auto", "keep", "centre"] = Field(
        default="auto",
        title="Stereo",
        description="auto: voices that stand in one ear are put into the middle. keep: as recorded. centre: always.",
        json_schema_extra={"position": 6},
    )
    leveller: float = Field(
        default=0.7,
        ge=0.0,
        le=1.0,
        title="Leveller",
        description="How alike the voices become. 0: they stay as they are. 0.7: a tenth of every difference. 1: none.",
        json_schema_extra={"position": 7},
    )
    silence_longer_than_s: float = Field(
        default=0.0,
        ge=0.0,
        le=60.0,
        title="Shorten silences longer than (s)",
        description="0: silences stay as they are.",
        json_schema_extra={"position": 8},
    )
    silence_kept_s: float = Field(
        default=0.8,
        ge=0.2,
        le=10.0,
        title="Shorten them to (s)",
        description="Half of it stays behind what was said, half before what comes.",
        json_schema_extra={"position": 9},
    )

    @model_validator(mode="after")
    def _shortens(self) -> Self:
        if 0 < self.silence_longer_than_s < self.silence_kept_s:
            raise ValueError(
                f"silences longer than {self.silence_longer_than_s:g} s cannot be shortened to "
                f"{self.silence_kept_s:g} s; keep less of them, or shorten longer ones only"
            )
        return self

    @property
    def tidying(self) -> Tidying | None:
        """What is to be done about voices and silences, if anything."""
        if not self.leveller and not self.silence_longer_than_s:
            return None
        return Tidying(
            strength=self.leveller,
            silence_longer_than_s=self.silence_longer_than_s,
            silence_kept_s=self.silence_kept_s,
        )

    @property
    def noise(self) -> NoiseReduction | None:
        """The noise reduction that is asked for, if any."""
        if self.noise_reduction == "off" or self.noise_strength_db == 0:
            return None
        return NoiseReduction(
            engine=self.noise_engine, strength_db=self.noise_strength_db, everywhere=self.noise_reduction == "on"
        )


class LeftAlone(Frozen):
    """Sound that was not touched, and why."""

    reason: Reason
    duration_s: float


class NoiseReport(Frozen):
    """What noise reduction did. Numbers are of what was cleaned; where nothing was, of the whole."""

    engine: str
    version: str
    strength_db: float
    cleaned_s: float
    left_alone: tuple[LeftAlone, ...] = ()
    snr_before_db: float | None = Field(
        description="Speech above what is heard in its pauses, an estimate; None where nothing stands out."
    )
    snr_after_db: float | None
    speech_change_db: float = Field(description="How much louder speech became, the noise under it left out.")


class Denoised(Frozen):
    """A recording without its noise, or the same one where there was nothing to do."""

    audio: AudioRef
    report: NoiseReport


class OffsetReport(Frozen):
    """How much direct current was taken out of each channel, full scale 1.0; 0 where it was too little to matter."""

    offset: tuple[float, ...]


class Centred(Frozen):
    """A recording without direct current, or the same one where there was none."""

    audio: AudioRef
    report: OffsetReport


class StereoReport(Frozen):
    """Where voices stood in two channels, and whether all was put into the middle."""

    voices: Standing
    in_the_middle: bool


class Balanced(Frozen):
    """A recording whose voices stand in the middle, or the same one where they may stay where they are."""

    audio: AudioRef
    report: StereoReport


class DeesserReport(Frozen):
    """How much sharp s sounds were softened at the most, and for how long by 1 dB or more."""

    strength_db: float
    softened_s: float


class Softened(Frozen):
    """A recording without sharp s sounds, or the same one where there were none."""

    audio: AudioRef
    report: DeesserReport


class TidiedProgramme(Frozen):
    """A programme with its voices and silences as they were wished, or the same one where there was nothing to do."""

    programme: Programme
    report: Tidied


class TreatmentReport(Frozen):
    """What was done to the sound; None where something was not asked for."""

    offset: OffsetReport | None = None
    stereo: StereoReport | None = Field(default=None, description="Of recordings in two channels.")
    noise: NoiseReport | None = None
    deesser: DeesserReport | None = None
    levelled: Levelled | None = None
    cuts: tuple[Cut, ...] = Field(default=(), description="Silences taken out, in the time of the recording.")


class Treated(Frozen):
    """A programme after its treatment."""

    programme: Programme
    report: TreatmentReport = TreatmentReport()

    def after(self, audio: AudioRef, **reports: Frozen) -> Treated:
        """The same programme with this sound, and what was done to get it."""
        programme = self.programme.model_copy(update={"audio": audio})
        return Treated(programme=programme, report=self.report.model_copy(update=reports))
