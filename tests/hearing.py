"""What the embedded Whisper model understands of a voice, and how much of it is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import jiwer
import numpy as np
import soxr

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, load_engine
from tasks.schemas import AsrConfig
from tasks.tts.engine import Speech


def understood(speech: Speech, language: str, models_folder: Path) -> str:
    """The words that are heard."""
    samples = soxr.resample(speech.samples[0], speech.sample_rate_hz, ASR_SAMPLE_RATE_HZ).astype(np.float32)
    asr = load_engine(AsrConfig(), models_folder)
    return " ".join(segment.text for segment in asr.transcribe(samples, language))


def word_error_rate(said: str, heard: str) -> float:
    """The share of words that are heard wrongly, whatever their letters' case and the punctuation."""
    return float(jiwer.wer(_words(said), _words(heard)))


def character_error_rate(said: str, heard: str) -> float:
    """The share of letters that are heard wrongly, 1 at the most."""
    return min(1.0, float(jiwer.cer(_words(said), _words(heard) or "-")))


def _words(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s']", " ", text.lower()).split())
