"""Chunks: cut in silence, never too long, nothing spoken left out, and cheap however long the recording is."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
import soundfile
from measuring import peak_mb_of

from tasks.asr.chunks import EDGE_S, cut_chunks
from tasks.asr.engine import ASR_SAMPLE_RATE_HZ

SPOKEN = [f"en/librispeech/2033-164914-000{number}.flac" for number in range(1, 8)]


def seconds(duration_s: float) -> np.ndarray:
    return np.zeros(round(duration_s * ASR_SAMPLE_RATE_HZ), np.float32)


@pytest.fixture(scope="module")
def spoken(hear):
    """Seven clips with two seconds of silence between them, and when each is spoken."""
    parts, times, now_s = [seconds(2)], [], 2.0
    for name in SPOKEN:
        clip = hear(name)
        loud = np.flatnonzero(np.abs(clip) > 0.1 * np.abs(clip).max()) / ASR_SAMPLE_RATE_HZ
        times.append((now_s + loud[0], now_s + loud[-1]))
        parts += [clip, seconds(2)]
        now_s += len(clip) / ASR_SAMPLE_RATE_HZ + 2
    return np.concatenate(parts), times


@pytest.mark.parametrize("max_chunk_s", [10.0, 20.0, 300.0])
def test_chunks_hold_all_that_is_spoken_and_none_is_too_long(spoken, flac, max_chunk_s):
    samples, times = spoken
    chunks = cut_chunks(flac(samples), max_chunk_s=max_chunk_s)
    assert all(chunk.end_s - chunk.start_s <= max_chunk_s + 1e-6 for chunk in chunks)
    assert all(one.end_s <= other.start_s for one, other in pairwise(chunks))
    assert chunks[-1].end_s <= len(samples) / ASR_SAMPLE_RATE_HZ
    for start_s, end_s in times:
        inside = sum(max(0.0, min(end_s, chunk.end_s) - max(start_s, chunk.start_s)) for chunk in chunks)
        assert inside > end_s - start_s - 0.35


def test_cuts_lie_in_the_silences_between_the_clips(spoken, flac):
    samples, times = spoken
    chunks = cut_chunks(flac(samples), max_chunk_s=20.0)
    assert len(chunks) > 2
    for chunk in chunks[1:]:
        assert not any(start_s + 0.2 < chunk.start_s < end_s - 0.2 for start_s, end_s in times)


def test_the_same_file_gives_the_same_chunks(spoken, flac):
    path = flac(spoken[0])
    assert cut_chunks(path, max_chunk_s=15.0) == cut_chunks(path, max_chunk_s=15.0)


def test_a_long_silence_is_left_out(hear, flac):
    clip = hear(SPOKEN[0])
    chunks = cut_chunks(flac(np.concatenate([clip, seconds(45), clip])))
    assert len(chunks) == 2
    assert chunks[1].start_s - chunks[0].end_s > 40


def test_speech_across_the_blocks_of_a_minute_is_heard(hear, flac):
    clip = hear(SPOKEN[5])
    chunks = cut_chunks(flac(np.concatenate([seconds(60 - len(clip) / 2 / ASR_SAMPLE_RATE_HZ), clip, seconds(5)])))
    assert len(chunks) == 1
    assert chunks[0].end_s - chunks[0].start_s > len(clip) / ASR_SAMPLE_RATE_HZ - 2


def test_speech_without_a_pause_is_cut_all_the_same(hear, flac):
    clip = hear(SPOKEN[0])
    dense = clip[np.abs(clip) > 0.02 * np.abs(clip).max()]
    chunks = cut_chunks(flac(np.tile(dense, 12)), max_chunk_s=8.0)
    assert len(chunks) > 2
    assert all(chunk.end_s - chunk.start_s <= 8.0 for chunk in chunks)


@pytest.mark.parametrize("duration_s", [0.01, 5.0, 61.0])
def test_silence_gives_no_chunks(flac, duration_s):
    assert cut_chunks(flac(seconds(duration_s))) == ()


def test_noise_gives_no_chunks(flac):
    noise = np.random.default_rng(3).normal(0, 0.1, 30 * ASR_SAMPLE_RATE_HZ).astype(np.float32)
    assert cut_chunks(flac(noise)) == ()


def test_another_sample_rate_is_refused(tmp_path):
    soundfile.write(tmp_path / "wrong.flac", np.zeros(48_000), 48_000)
    with pytest.raises(ValueError, match="48000"):
        cut_chunks(tmp_path / "wrong.flac")


def test_edges_of_silence_are_kept_around_a_chunk(hear, flac):
    clip = hear(SPOKEN[0])
    (chunk,) = cut_chunks(flac(np.concatenate([seconds(5), clip, seconds(5)])))
    loud = np.flatnonzero(np.abs(clip) > 0.1 * np.abs(clip).max()) / ASR_SAMPLE_RATE_HZ + 5
    assert chunk.start_s < loud[0]
    assert chunk.end_s > loud[-1]
    assert chunk.start_s > loud[0] - EDGE_S - 1


PROGRAM = "import sys; from pathlib import Path; from tasks.asr.chunks import cut_chunks; cut_chunks(Path(sys.argv[1]))"


@pytest.mark.slow
def test_three_hours_need_little_time_and_no_more_memory_than_ten_minutes(spoken, tmp_path):
    def cost(minutes: int) -> tuple[float, float]:
        path = tmp_path / f"{minutes}.flac"
        minute = np.resize(spoken[0], 60 * ASR_SAMPLE_RATE_HZ)
        with soundfile.SoundFile(path, "w", ASR_SAMPLE_RATE_HZ, 1) as file:
            for _ in range(minutes):
                file.write(minute)
        began = time.perf_counter()
        peak_mb = peak_mb_of(PROGRAM, path)
        path.unlink()
        return time.perf_counter() - began, peak_mb

    _, short_mb = cost(10)
    long_s, long_mb = cost(180)
    assert long_mb - short_mb < 60
    assert long_s < 0.02 * 180 * 60
