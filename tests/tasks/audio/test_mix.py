from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, silence, tone, write

from tasks.audio.codec import info, read_span
from tasks.audio.mix import ClipFile, Pause, assemble
from tasks.errors import EncodingFailed, UnreadableSource


def spoken(
    path: Path, duration_s: float, *, head_s: float = 0.3, tail_s: float = 0.5, rate_hz: int = 22_050
) -> ClipFile:
    parts = silence(head_s, rate_hz=rate_hz), tone(duration_s, -6, rate_hz=rate_hz), silence(tail_s, rate_hz=rate_hz)
    return ClipFile(write(path, np.concatenate(parts, axis=1), rate_hz=rate_hz, subtype="PCM_16"))


def whole(path: Path) -> Samples:
    return read_span(path, 0, info(path).duration_s)


def test_assemble_places_clips_to_the_sample(tmp_path: Path):
    clips = [spoken(tmp_path / "a.flac", 1.0), spoken(tmp_path / "b.flac", 0.5, rate_hz=24_000)]
    target = tmp_path / "mix.flac"
    placements = assemble([Pause(0.25), clips[0], Pause(0.4), clips[1], Pause(1.0)], target)
    programme = whole(target)[0]
    assert placements[0].start_s == 0.25
    assert placements[1].start_s == pytest.approx(placements[0].end_s + 0.4, abs=1e-9)
    assert len(programme) == round((placements[1].end_s + 1.0) * RATE_HZ)
    for placement, seconds in zip(placements, (1.0, 0.5), strict=True):
        assert placement.end_s - placement.start_s == pytest.approx(seconds + 0.02, abs=0.005)
        assert placement.trimmed_head_s == pytest.approx(0.29, abs=0.005)
    first, second = (round(placement.start_s * RATE_HZ) for placement in placements)
    assert not programme[:first].any()
    assert not programme[round(placements[0].end_s * RATE_HZ) : second].any()
    assert np.abs(programme[first : first + RATE_HZ]).max() == pytest.approx(0.5, abs=0.02)


def test_assemble_lets_a_moment_of_a_clip_be_found_again(tmp_path: Path):
    samples = silence(2, rate_hz=24_000)
    samples[0, 12_000:40_000] = 0.25 * babble(28_000 / RATE_HZ, -3)[0, :28_000].clip(-1, 1)
    click = 30_000
    samples[0, click] = 1.0
    clip = ClipFile(write(tmp_path / "a.flac", samples, rate_hz=24_000))
    (placement,) = assemble([Pause(3.21), clip], tmp_path / "mix.flac")
    expected_s = click / 24_000 - placement.trimmed_head_s + placement.start_s
    assert np.abs(whole(tmp_path / "mix.flac")).argmax() == pytest.approx(expected_s * RATE_HZ, abs=1)


def test_assemble_fades_the_edges_of_a_clip_that_has_no_silence(tmp_path: Path):
    clip = ClipFile(write(tmp_path / "a.wav", np.full((1, 4800), 0.5, np.float32)))
    assemble([clip], tmp_path / "mix.flac")
    programme = whole(tmp_path / "mix.flac")[0]
    assert len(programme) == 4800
    assert abs(programme[0]) < 0.001
    assert np.abs(np.diff(programme)).max() < 0.005
    assert np.allclose(programme[300:-300], 0.5, atol=1e-6)


def test_assemble_applies_gain_and_joins_channels(tmp_path: Path):
    stereo = np.concatenate([tone(1, -6), tone(1, -6)])
    clip = ClipFile(write(tmp_path / "a.wav", stereo), gain_db=-6.0)
    assemble([clip], tmp_path / "mix.flac")
    programme = whole(tmp_path / "mix.flac")
    assert programme.shape[0] == 1
    assert np.abs(programme).max() == pytest.approx(10 ** (-12 / 20), abs=0.002)


def test_assemble_gives_a_silent_clip_no_time(tmp_path: Path):
    clip = ClipFile(write(tmp_path / "a.wav", silence(1)))
    (placement,) = assemble([Pause(1), clip, Pause(1)], tmp_path / "mix.flac")
    assert (placement.start_s, placement.end_s, placement.trimmed_head_s) == (1.0, 1.0, 1.0)
    assert info(tmp_path / "mix.flac").duration_s == 2.0


def test_assemble_hears_a_recording_whole_and_a_block_at_a_time(tmp_path: Path):
    samples = np.concatenate([silence(0.5), tone(25.0, -6), silence(0.7)], axis=1)
    recording = ClipFile(write(tmp_path / "a.wav", np.repeat(samples, 2, axis=0)), gain_db=-6.0, whole=True)
    (placement,) = assemble([Pause(1), recording, Pause(1)], tmp_path / "mix.flac")
    assert (placement.start_s, placement.end_s, placement.trimmed_head_s) == (1.0, 27.2, 0.0)
    heard = whole(tmp_path / "mix.flac")[0, RATE_HZ:-RATE_HZ]
    assert np.abs(heard - 10 ** (-6 / 20) * samples[0]).max() < 2e-5


def test_assemble_fades_the_edges_of_a_recording_of_another_rate(tmp_path: Path):
    clip = ClipFile(write(tmp_path / "a.wav", np.full((1, 44_100 * 11), 0.5, np.float32), rate_hz=44_100), whole=True)
    assemble([clip], tmp_path / "mix.flac")
    heard = whole(tmp_path / "mix.flac")[0]
    assert len(heard) == 11 * RATE_HZ
    assert max(abs(heard[0]), abs(heard[-1])) < 0.001
    assert np.allclose(heard[480:-480], 0.5, atol=1e-3)


def test_assemble_of_nothing_is_an_error_that_leaves_nothing(tmp_path: Path):
    with pytest.raises(EncodingFailed, match="no sound"):
        assemble([], tmp_path / "mix.flac")
    (tmp_path / "a.flac").write_bytes(b"not sound")
    with pytest.raises(UnreadableSource, match=r"a\.flac"):
        assemble([Pause(1), ClipFile(tmp_path / "a.flac")], tmp_path / "mix.flac")
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


def test_assemble_spends_the_same_time_on_every_clip_of_many(tmp_path: Path):
    clip = spoken(tmp_path / "a.flac", 0.2)

    def seconds(count: int) -> float:
        start = time.process_time()
        assert len(assemble([clip, Pause(0.1)] * count, tmp_path / "mix.flac")) == count
        return time.process_time() - start

    seconds(20)
    assert seconds(1000) < 10 * 2.5 * seconds(100)
