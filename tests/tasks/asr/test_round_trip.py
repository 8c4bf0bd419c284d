"""What was said against what was heard."""

from __future__ import annotations

import jiwer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, AsrCapabilities, hears_well
from tasks.asr.round_trip import error_rate, write_down
from tasks.schemas import AsrConfig, Segment

LETTERS = "abcdeðéiíoóöstuþæ"


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("Góðan daginn.", "góðan daginn", 0.0),
        ("Hundrað og einn", "hundraðogeinn", 0.0),
        ("It's nineteen-sixty", "its nineteen sixty", 0.0),
        ("abcd", "abxd", 0.25),
        ("abcd", "", 1.0),
        ("abcd", "abcd og miklu meira en það", 1.0),
        ("…", "eitthvað", 0.0),
    ],
)
def test_error_rate_counts_letters_and_nothing_that_nobody_hears(said: str, heard: str, rate: float):
    assert error_rate(said, heard) == pytest.approx(rate)


@given(said=st.text(LETTERS, min_size=1, max_size=30), heard=st.text(LETTERS, min_size=1, max_size=30))
@settings(max_examples=150, deadline=None)
def test_error_rate_agrees_with_jiwer(said: str, heard: str):
    assert error_rate(said, heard) == pytest.approx(min(1.0, jiwer.cer(said, heard)))


class Listener:
    """Says how long each piece was that it was given."""

    capabilities = AsrCapabilities(max_chunk_s=30.0)
    version = "listener 1"

    def transcribe(self, samples: np.ndarray, language: str) -> tuple[Segment, ...]:
        length_s = len(samples) / ASR_SAMPLE_RATE_HZ
        return (Segment(start_s=0, end_s=length_s, text=f"{length_s:.2f}"),) if len(samples) else ()


@pytest.mark.parametrize(
    ("duration_s", "heard"), [(0, ""), (5, "5.00"), (30, "30.00"), (31, "15.50 15.50"), (95, "23.75 23.75 23.75 23.75")]
)
def test_a_clip_is_given_in_pieces_that_the_engine_takes(duration_s: float, heard: str):
    assert write_down(Listener(), np.zeros(duration_s * ASR_SAMPLE_RATE_HZ, np.float32), "is") == heard


@pytest.mark.parametrize(
    ("config", "languages"),
    [
        (AsrConfig(), {"en"}),
        (AsrConfig(model="/models/whisper-large-icelandic-ct2"), set()),
        (AsrConfig(model="/models/whisper-large-icelandic-ct2", hears_well=("is",)), {"is"}),
        (AsrConfig(engine="nemo", model="a.nemo"), set()),
    ],
)
def test_a_model_judges_only_languages_that_it_is_known_to_hear_well(config: AsrConfig, languages: set[str]):
    assert hears_well(config) == languages
