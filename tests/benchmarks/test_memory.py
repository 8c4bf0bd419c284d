"""What memory a recording takes, however long it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from measuring import measure_python, table
from signals import DATA

pytestmark = pytest.mark.benchmark

ENHANCE = ("ingest", "transcribe", "treat", "postprocess", "publish")
MAY_GROW_MB = 150
INGEST = """
import asyncio, sys
from flows.ingest import ingest
print(asyncio.run(ingest(sys.argv[1], "enhance", ("is",))).the_recording.audio.duration_s)
"""


def test_enhancing_3_hours_takes_the_memory_of_10_minutes(new_studio, prefect_api, speech):
    tiny = DATA / "models" / "whisper-tiny-random-ct2"
    if not tiny.is_dir():
        pytest.skip(f"no model at {tiny} that transcribes 3 hours in minutes; set HLADVARP_TEST_DATA")
    runs = [
        new_studio(f"{minutes} minutes", prefect_api).produce(
            speech(60.0 * minutes), "--production", "enhance", HLADVARP_ASR__MODEL=str(tiny)
        )
        for minutes in (10, 180)
    ]
    _show("Peak memory of enhance, with a tiny Whisper of random weights", ("10 minutes", "3 hours"), runs)
    assert runs[1].peak_mb < runs[0].peak_mb + MAY_GROW_MB


def test_transcribing_30_minutes_with_whisper_base_takes_the_memory_of_10(new_studio, prefect_api, speech):
    runs = [
        new_studio(f"{minutes} minutes", prefect_api).produce(speech(60.0 * minutes), "--production", "enhance")
        for minutes in (10, 30)
    ]
    _show("Peak memory of enhance, with Whisper base", ("10 minutes", "30 minutes"), runs)
    assert runs[1].peak_mb < runs[0].peak_mb + MAY_GROW_MB


def test_ingesting_10_hours_takes_the_memory_of_10_minutes(new_studio, prefect_api, tmp_path):
    runs = []
    for name, duration_s in (("10 minutes", 600), ("10 hours", 36_000)):
        source = _long_wav(tmp_path / f"{duration_s}.wav", duration_s)
        environment = new_studio(name, prefect_api).environment
        runs.append(measure_python(["-c", INGEST, str(source)], environment))
        assert float(runs[-1].said[-1][1]) == pytest.approx(duration_s, abs=0.1)
    rows = [
        ["peak memory, MB", *(f"{run.peak_mb:.0f}" for run in runs)],
        ["seconds", *(run.wall_s for run in runs)],
    ]
    print(table("Ingest of 8 kHz WAV in one channel", ("", "10 minutes", "10 hours"), rows))
    assert runs[1].peak_mb < runs[0].peak_mb + MAY_GROW_MB


def _show(title, names, runs):
    rows = [[stage, *(f"{run.stages[stage].peak_mb:.0f}" for run in runs)] for stage in ENHANCE]
    rows.append(["whole command", *(f"{run.peak_mb:.0f}" for run in runs)])
    print(table(title, ("MB", *names), rows))


def _long_wav(path: Path, duration_s: int) -> Path:
    """Ten seconds of tones and pauses, again and again."""
    rate_hz = 8000
    time_s = np.arange(10 * rate_hz) / rate_hz
    piece = 0.2 * np.sin(2 * np.pi * (200 + 20 * time_s) * time_s) * (np.sin(2 * np.pi * 0.7 * time_s) > -0.5)
    with soundfile.SoundFile(path, "w", rate_hz, 1, "PCM_16") as file:
        for _ in range(duration_s // 10):
            file.write(piece)
    return path
