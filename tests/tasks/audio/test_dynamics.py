from __future__ import annotations

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, tone

from tasks.audio.dynamics import CHAINS, limiter, process_blocks
from tasks.audio.loudness import measure
from tasks.schemas import Chain as ChainName


def through(board, samples: Samples, size: int = 480_000) -> Samples:
    blocks = [samples[:, start : start + size] for start in range(0, samples.shape[1], size)]
    return np.concatenate(list(process_blocks(blocks, board, sample_rate_hz=RATE_HZ)), axis=1)


@pytest.mark.parametrize("size", [7, 4800, 50_001, 143_999])
@pytest.mark.parametrize("board", [limiter(6, -1), CHAINS["speech"].board(-23)], ids=["limiter", "speech"])
def test_process_blocks_gives_the_same_samples_whatever_the_size_of_the_blocks(board, size: int):
    samples = babble(3, -12)
    processed = through(board, samples, size)
    assert processed.shape == samples.shape
    assert np.array_equal(processed, through(board, samples))


@pytest.mark.parametrize("chain", CHAINS)
def test_process_blocks_gives_the_samples_of_the_whole_file_at_once(chain: ChainName):
    samples, board = np.concatenate([babble(3.1, -12), babble(3.1, -30, seed=2)]), CHAINS[chain].board(-20)
    whole = board(samples, RATE_HZ, reset=True)
    assert np.array_equal(through(board, samples, 50_001), whole)


def test_process_blocks_keeps_its_state_when_blocks_grow():
    samples = babble(3, -12)
    blocks = [samples[:, start:end] for start, end in ((0, 10), (10, 3000), (3000, 60_000), (60_000, 144_000))]
    processed = np.concatenate(list(process_blocks(blocks, limiter(6, -1), sample_rate_hz=RATE_HZ)), axis=1)
    assert np.abs(processed - through(limiter(6, -1), samples)).max() < 1e-6


@pytest.mark.parametrize("n_samples", [1, 10, 1000, 4801])
def test_process_blocks_gives_as_many_samples_as_it_was_given(n_samples: int):
    assert through(limiter(0, -1), noise(1)[:, :n_samples]).shape == (1, n_samples)


def test_process_blocks_delays_nothing():
    samples = tone(1, -20)
    assert np.abs(through(limiter(0, -1), samples) - samples).max() < 1e-3


@pytest.mark.parametrize(
    "samples",
    [babble(5, -6), noise(3, -6, channels=2), tone(2, 6), np.sign(tone(2, 0))],
    ids=["speech", "noise", "hot", "square"],
)
def test_limiter_holds_the_true_peak(samples: Samples):
    assert measure(through(limiter(6, -1.5), samples), RATE_HZ).true_peak_dbtp <= -0.9


def test_speech_chain_takes_rumble_out_and_leaves_a_voice():
    board = CHAINS["speech"].board(-20)
    rumble, voice = (through(board, tone(2, -30, hz=hz))[:, RATE_HZ:] for hz in (25, 300))
    assert 20 * np.log10(np.abs(rumble).max()) < -38
    assert 20 * np.log10(np.abs(voice).max()) == pytest.approx(-30, abs=0.7)


def test_speech_chain_holds_loud_passages_relative_to_the_programme():
    for level_lufs in (-35.0, -20.0):
        board = CHAINS["speech"].board(level_lufs)
        quiet, loud = (through(board, tone(2, level_lufs + above))[:, RATE_HZ:] for above in (0, 15))
        spread_db = 20 * np.log10(np.abs(loud).max() / np.abs(quiet).max())
        assert 9 < spread_db < 13
