"""How a piece of sound is: measured in one pass over its blocks, predicted from samples of it, and drawn."""

from tasks.audio.quality.analysis import Measured, analyze
from tasks.audio.quality.pictures import loudness_png, spectrogram_png
from tasks.audio.quality.verdict import judge

__all__ = ["Measured", "analyze", "judge", "loudness_png", "spectrogram_png"]
