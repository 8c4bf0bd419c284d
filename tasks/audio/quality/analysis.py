"""One pass over a sound, in blocks, that measures all there is to measure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.audio.loudness import Meter
from tasks.audio.quality.faults import Faults
from tasks.audio.quality.levels import SpeechMeter
from tasks.audio.quality.prediction import Windows
from tasks.audio.quality.spectrum import Spectrum
from tasks.audio.samples import Samples
from tasks.schemas.quality import SoundQuality


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured, and what can be drawn of it."""

    sound: SoundQuality
    short_term_lufs: NDArray[np.float64]
    """Of the 3 s that end there, every 0.1 s."""
    spectrogram_db: NDArray[np.float64]
    """Shape (n_rows, n_columns), low frequencies first, 0 dB for the strongest."""


def analyze(blocks: Iterable[Samples], *, sample_rate_hz: int, channels: int, duration_s: float) -> Measured:
    """Measure sound that comes in blocks.

    duration_s: how long it is said to be; what is beyond is measured, but not drawn.
    Memory grows by 480 bytes a second of sound.
    Raises: what the blocks raise; ValueError for more than 6 channels, or samples that are not finite.
    """
    expected = round(duration_s * sample_rate_hz)
    meter, faults, levels = Meter(sample_rate_hz, channels), Faults(channels), SpeechMeter(sample_rate_hz)
    spectrum, windows = Spectrum(sample_rate_hz, expected), Windows(sample_rate_hz, expected)
    n_samples = 0
    for block in blocks:
        mono = block.mean(axis=0)
        n_samples += len(mono)
        meter.push(block)
        faults.push(block)
        levels.push(mono)
        spectrum.push(mono)
        windows.push(mono)
    told, cut = levels.result(), faults.cut_peaks.result()
    has_both = told.speech_dbfs is not None and told.noise_dbfs is not None
    sound = SoundQuality(
        duration_s=round(n_samples / sample_rate_hz, 3),
        sample_rate_hz=sample_rate_hz,
        channels=channels,
        loudness=meter.result(),
        clipped_samples=cut.samples,
        clipped_runs=cut.runs,
        dc=faults.dc,
        speech_dbfs=_rounded(told.speech_dbfs),
        noise_dbfs=_rounded(told.noise_dbfs),
        snr_db=_rounded((told.speech_dbfs or 0.0) - (told.noise_dbfs or 0.0)) if has_both else None,
        silence_ratio=round(told.silence_ratio, 3),
        longest_silence_s=round(told.longest_silence_s, 2),
        bandwidth_hz=spectrum.bandwidth_hz,
        correlation=faults.correlation,
        predicted=windows.predict(),
    )
    return Measured(sound, meter.short_term_lufs(), spectrum.picture_db)


def _rounded(level_db: float | None) -> float | None:
    return None if level_db is None else round(level_db, 1)
