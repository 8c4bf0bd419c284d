import numpy as np
import pytest
from structlog.testing import capture_logs

from tasks.audio import progress
from tasks.audio.progress import reported


def test_reported_passes_the_blocks_on_and_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    blocks = [np.full((1, 100), number, np.float32) for number in range(3)]

    with capture_logs() as logs:
        passed = list(reported(blocks, "encoded", sample_rate_hz=100))

    assert [block[0, 0] for block in passed] == [0, 1, 2]
    assert [(entry["event"], entry["doing"], entry["at_s"]) for entry in logs] == [
        ("sound.progressed", "encoded", at_s) for at_s in (1, 2, 3)
    ]


def test_reported_keeps_silent_when_it_is_quick():
    with capture_logs() as logs:
        list(reported([np.zeros((1, 100), np.float32)] * 5, "encoded", sample_rate_hz=100))

    assert logs == []
