"""What was measured of a piece of sound, and what is thought of it."""

from __future__ import annotations

from pydantic import Field

from tasks.schemas.frozen import Frozen
from tasks.schemas.gate import RoundTrip, Verdict
from tasks.schemas.references import FileRef
from tasks.schemas.sound import Loudness


class PredictedQuality(Frozen):
    """What listeners would say, as a model predicts it: 1 is bad, 5 is excellent. A hint, not a measurement.

    The model has not heard Icelandic; it rates eSpeak like a person, and silence at about 2.
    """

    overall: float
    speech: float = Field(description="The voice alone: distortion, clipping, robots.")
    background: float = Field(description="What is behind the voice: 5 is nothing.")
    p808: float = Field(description="Overall, by another model, which also hears a narrow band.")
    windows: int = Field(description="How many stretches of 9 s were heard.")


class SoundQuality(Frozen):
    """Measured in one pass. What cannot be told of a sound is None, such as the noise behind silence."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    loudness: Loudness
    clipped_samples: int = Field(description="At full scale, of all channels; of a recording, also cut off below it.")
    clipped_runs: int = Field(description="Three and more of them in a row: where a peak was cut off.")
    dc: tuple[float, ...] = Field(description="Mean of each channel; 0 is right.")
    speech_dbfs: float | None = Field(description="Mean level while somebody speaks.")
    noise_dbfs: float | None = Field(description="Median level in the pauses; -95 is digital silence.")
    snr_db: float | None = Field(description="How far the speech stands above the noise; above 15 dB within 2 dB.")
    silence_ratio: float = Field(description="Share of the time in which nothing is heard.")
    longest_silence_s: float
    bandwidth_hz: float = Field(description="The highest frequency at which there is something.")
    correlation: float | None = Field(description="Of left and right: 1 is mono, below 0 it vanishes on a phone.")
    predicted: PredictedQuality | None = None


class Analysis(Frozen):
    """A sound, measured and drawn."""

    sound: SoundQuality
    loudness_png: FileRef
    spectrogram_png: FileRef


class QualityReport(Frozen):
    """All that is known of how an episode sounds: its `quality.json`."""

    schema_version: int = 2
    episode: SoundQuality = Field(description="Measured on the decoded MP3.")
    source: SoundQuality | None = Field(default=None, description="The recording, as it came.")
    words_per_minute: float | None = Field(default=None, description="While somebody speaks.")
    round_trip: RoundTrip | None = Field(default=None, description="Where voices were synthesized.")
    verdict: Verdict | None = Field(default=None, description="Of the request's gate, where there was one.")
    notes: tuple[str, ...] = ()


class Quality(Frozen):
    """How an episode sounds, in numbers and in pictures."""

    report: QualityReport
    loudness_png: FileRef
    spectrogram_png: FileRef
