from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conversations import made
from measuring import peak_mb_of
from signals import RATE_HZ, Samples, babble, noise, write

from tasks.audio.cuts import Timeline
from tasks.audio.levelling import VOICE_LUFS
from tasks.audio.loudness import measure
from tasks.audio.pcm import read_blocks
from tasks.audio.tidying import tidy
from tasks.schemas import Segment, Tidied, Tidying, Transcript, Word

NEAR_AND_FAR = made(*[(who, 4.0, level_dbfs) for who, level_dbfs in [("Anna", -26.0), ("Birkir", -38.0)] * 3])
LEVEL = Tidying(strength=0.7, silence_longer_than_s=0.0, silence_kept_s=0.8)
SHORTEN = Tidying(strength=0.0, silence_longer_than_s=1.5, silence_kept_s=0.8)
BOTH = Tidying(strength=0.7, silence_longer_than_s=1.5, silence_kept_s=0.8)


def tidied(folder: Path, samples: Samples, wish: Tidying, *segments: Segment) -> tuple[Tidied, Samples]:
    """What was done, and the sound afterwards: that of before where nothing was written."""
    source, target = write(folder / "a.wav", samples, subtype="PCM_24"), folder / "b.flac"
    transcript = Transcript(language="is", duration_s=samples.shape[1] / RATE_HZ, segments=segments)
    done = tidy(source, target, wish, transcript)
    blocks = list(read_blocks(target if target.exists() else source))
    target.unlink(missing_ok=True)
    return done, np.concatenate(blocks, axis=1)


@pytest.mark.parametrize("channels", [1, 2])
def test_levelling_keeps_every_sample_and_the_balance_of_channels(tmp_path: Path, channels: int):
    samples = np.repeat(NEAR_AND_FAR.samples, channels, axis=0) * np.array([[1.0], [0.5]], np.float32)[:channels]
    done, after = tidied(tmp_path, samples[:, :-17], LEVEL)
    assert after.shape == (channels, samples.shape[1] - 17)
    levels = [loudness.integrated_lufs for loudness in NEAR_AND_FAR.loudness(after[:1]).values()]
    assert np.ptp(levels) < 2.0
    assert np.abs(after[0] * (0.5 if channels == 2 else 1.0) - after[-1]).max() < 1e-6
    assert done.cuts == ()
    assert done.levelled is not None
    assert done.levelled.max_gain_db - done.levelled.min_gain_db == pytest.approx(12.0 * 0.91, abs=0.5)
    assert done.levelled.min_gain_db < done.levelled.mean_gain_db < done.levelled.max_gain_db
    assert (done.levelled.stretches, done.levelled.by_speaker) == (6, False)


def test_a_clap_is_limited_and_moves_nothing_else(tmp_path: Path):
    samples = babble(20, -45)
    samples[:, 5 * RATE_HZ] = 0.9
    _, after = tidied(tmp_path, samples, LEVEL)
    assert after.shape == samples.shape
    assert np.abs(after).max() <= 10 ** (-1 / 20) + 1e-4
    late = slice(10 * RATE_HZ, None)
    gains = after[:, late] / np.where(np.abs(samples[:, late]) > 1e-3, samples[:, late], np.nan)
    assert np.nanstd(20 * np.log10(gains)) < 0.1
    assert measure(after[:, late], RATE_HZ).integrated_lufs == pytest.approx(VOICE_LUFS, abs=1.0)


def test_the_transcript_says_who_speaks_where_it_knows(tmp_path: Path):
    done, _ = tidied(tmp_path, NEAR_AND_FAR.samples, LEVEL, *NEAR_AND_FAR.turns)
    assert done.levelled is not None
    assert done.levelled.by_speaker
    nameless = (turn.model_copy(update={"speaker": ""}) for turn in NEAR_AND_FAR.turns)
    done, _ = tidied(tmp_path, NEAR_AND_FAR.samples, LEVEL, *nameless)
    assert done.levelled is not None
    assert not done.levelled.by_speaker


def test_silences_are_shortened_in_the_rooms_of_loud_and_soft_voices(tmp_path: Path):
    pauses = made(("Anna", 4.0, -26.0), ("Birkir", 4.0, -38.0), ("Anna", 4.0, -26.0), pause_s=4.0)
    samples = pauses.samples + noise(pauses.samples.shape[1] / RATE_HZ, -70.0, seed=5)
    done, after = tidied(tmp_path, samples, BOTH)
    assert [cut.end_s - cut.start_s for cut in done.cuts] == pytest.approx([3.2, 3.2, 3.2], abs=0.3)
    assert samples.shape[1] - after.shape[1] == pytest.approx(Timeline(done.cuts).removed_s * RATE_HZ, abs=1e-6)


def test_a_soft_word_that_was_heard_is_not_cut(tmp_path: Path):
    samples = made(("Anna", 4.0, -26.0), ("Anna", 4.0, -26.0), pause_s=6.0).samples
    word = Word(text="já", start_s=12.5, end_s=13.0)
    heard = Segment(start_s=6.0, end_s=13.0, text="já", words=(word,))
    assert len(tidied(tmp_path, samples, SHORTEN)[0].cuts) == 2
    done, _ = tidied(tmp_path, samples, SHORTEN, heard)
    assert not [cut for cut in done.cuts if cut.start_s < word.end_s and word.start_s < cut.end_s]
    assert len(done.cuts) == 3


@pytest.mark.parametrize("wish", [LEVEL, SHORTEN, BOTH], ids=["level", "shorten", "both"])
def test_nothing_is_written_where_there_is_nothing_to_do(tmp_path: Path, wish: Tidying):
    write(tmp_path / "a.wav", noise(5, -80), subtype="PCM_24")
    done = tidy(tmp_path / "a.wav", tmp_path / "b.flac", wish, Transcript(language="is", duration_s=5.0))
    assert done.cuts == ()
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]


TIDYING = """
import sys
from pathlib import Path
from signals import RATE_HZ, babble
from tasks.audio.levelling import VOICE_LUFS
from tasks.audio.loudness import measure
from tasks.audio.pcm import write_flac
from tasks.audio.tidying import tidy
from tasks.schemas import Tidying, Transcript
folder, block = Path(sys.argv[1]), babble(60)
write_flac(folder / "a.flac", (block for _ in range(int(sys.argv[2]))), sample_rate_hz=RATE_HZ)
wish = Tidying(strength=0.7, silence_longer_than_s=1.0, silence_kept_s=0.5)
tidy(folder / "a.flac", folder / "b.flac", wish, Transcript(language="is", duration_s=0.0))
"""


@pytest.mark.slow
def test_tidying_needs_no_more_memory_for_a_longer_recording(tmp_path: Path):
    long_mb, short_mb = (peak_mb_of(TIDYING, tmp_path, minutes) for minutes in (15, 3))
    assert long_mb - short_mb < 20
