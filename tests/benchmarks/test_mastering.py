"""Two hundred episodes that nobody chose, and an hour against ffmpeg-normalize."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile
from material import KINDS, LOSSY, outcome_of
from measuring import measure_command, measure_python, table
from signals import RATE_HZ

pytestmark = pytest.mark.benchmark

EPISODES = 200
MINUTES = int(os.environ.get("HLADVARP_BENCHMARK_MINUTES", "60"))
"""Of the sound that is normalised; an hour, and less where somebody else needs the machine."""
MAY_GROW_MB = 20
NORMALIZE = "-f -nt ebu -t -16 -tp -1 -c:a libmp3lame -b:a 128k -ar 48000 -o"
CHAINS = ("music", "speech")
OURS = """
import sys
from pathlib import Path
from tasks.audio.mastering import master
from tasks.schemas import Mastering
source, folder, chain = sys.argv[1:4]
master(Path(source), Path(folder) / "master.mp3", Mastering(chain=chain).pressing("mp3"), scratch=Path(folder))
"""


def test_200_episodes_are_as_loud_as_they_should_be_in_every_lossy_format():
    with ProcessPoolExecutor() as pool:
        outcomes = list(pool.map(outcome_of, range(EPISODES)))
    made = [outcome for outcome in outcomes if not outcome.refusal]
    refused = Counter(outcome.kind for outcome in outcomes if outcome.refusal)
    rows = []
    for name in LOSSY:
        off = [abs(outcome.measured[name].integrated_lufs - outcome.target_lufs) for outcome in made]
        peaks = [outcome.measured[name].true_peak_dbtp for outcome in made]
        takes = [outcome.rounds[name] for outcome in made]
        rows.append([name, len(made), max(off), float(np.mean(off)), max(peaks), float(np.mean(takes))])
        assert max(off) <= 0.5
        assert max(peaks) <= -1.0
    head = ("format", "episodes", "LU off, at most", "on average", "true peak, at most", "takes")
    print(table(f"{EPISODES} episodes; refused: {dict(refused)}", head, rows))
    for outcome in outcomes:
        assert "LUFS" in outcome.refusal or not outcome.refusal
    assert len(made) > 0.85 * EPISODES
    assert {outcome.kind for outcome in made} == set(KINDS)


def test_mastering_is_faster_than_ffmpeg_normalize(tmp_path: Path, stereo):
    other = shutil.which("ffmpeg-normalize")
    if not other or not shutil.which("ffmpeg"):
        pytest.skip("ffmpeg-normalize (PyPI) and ffmpeg (Debian) are not both installed")
    source = stereo(MINUTES)
    ours = {chain: measure_python(["-c", OURS, str(source), str(tmp_path), chain], os.environ) for chain in CHAINS}
    theirs = measure_command([other, str(source), *NORMALIZE.split(), str(tmp_path / "other.mp3")], os.environ)
    taken = {**ours, "ffmpeg-normalize": theirs}
    rows = [[name, run.wall_s, run.cpu_s, f"{run.peak_mb:.0f}"] for name, run in taken.items()]
    print(table(f"{MINUTES} minutes of stereo to an MP3 at -16 LUFS", ("", "seconds", "CPU seconds", "MB"), rows))
    assert ours["music"].wall_s * 2 <= theirs.wall_s
    assert ours["speech"].wall_s <= theirs.wall_s
    assert max(run.peak_mb for run in ours.values()) < 300


def test_mastering_6_hours_takes_the_memory_of_1(tmp_path: Path, stereo):
    one, six = (
        measure_python(["-c", OURS, str(stereo(minutes)), str(tmp_path), "speech"], os.environ).peak_mb
        for minutes in (MINUTES, 6 * MINUTES)
    )
    print(table("Peak memory of mastering", ("1 hour", "6 hours"), [[one, six]]))
    assert abs(six - one) < MAY_GROW_MB


@pytest.fixture
def stereo(speech, tmp_path: Path):
    """A function: a WAV of so many minutes in which voices sit left and right, each at its own level."""

    def write(minutes: int) -> Path:
        path, random = tmp_path / f"stereo-{minutes}.wav", np.random.default_rng(1)
        with (
            soundfile.SoundFile(speech(600.0)) as given,
            soundfile.SoundFile(path, "w", RATE_HZ, 2, "PCM_16", format="RF64") as made,
        ):
            left = minutes * 60 * RATE_HZ
            while left:
                piece = given.read(min(left, 4 * RATE_HZ), dtype="float32")
                if not len(piece):
                    given.seek(0)
                    continue
                made.write(piece[:, None] * random.uniform(0.3, 1, 2) * 10 ** (random.uniform(-8, 0) / 20))
                left -= len(piece)
        return path

    return write
