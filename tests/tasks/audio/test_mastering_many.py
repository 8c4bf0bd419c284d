"""Episodes of all sorts; two hundred of them are tried in tests/benchmarks/test_mastering.py."""

from __future__ import annotations

import pytest
from material import KINDS, LOSSY, outcome_of

# Two or three of every kind, among them what took most takes.
SEEDS = (0, 1, 2, 3, 4, 8, 11, 21, 31, 33, 35, 39)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_master_holds_every_lossy_format_of_any_sound_or_says_why_not(seed: int):
    outcome = outcome_of(seed)
    assert outcome.kind == KINDS[seed % len(KINDS)]
    if outcome.refusal:
        assert outcome.kind in ("music", "near silence")
        assert "LUFS" in outcome.refusal
        return
    assert set(outcome.measured) == set(LOSSY)
    for loudness in outcome.measured.values():
        assert loudness.integrated_lufs == pytest.approx(outcome.target_lufs, abs=0.5)
        assert loudness.true_peak_dbtp <= -1.0
