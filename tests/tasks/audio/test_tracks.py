from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from signals import RATE_HZ, Samples, noise, tone, write

from tasks.audio.tracks import Track, mix
from tasks.errors import UnreadableSource


def whole(tracks: list[Track], n_samples: int, *, channels: int = 1, block: int = 480_000) -> Samples:
    return np.concatenate(list(mix(tracks, n_samples=n_samples, channels=channels, block=block)), axis=1)


def sound(path: Path, samples: Samples) -> Path:
    return write(path, samples, subtype="PCM_24")


def test_mix_puts_every_sample_where_it_belongs(tmp_path: Path):
    clicks = np.zeros((1, 1000), np.float32)
    clicks[0, [0, 10, 999]] = 0.5
    path = sound(tmp_path / "a.flac", clicks)

    mixed = whole([Track(path, 7, 990, offset=10), Track(path, 1500, 1000, gain=0.5)], 3000, channels=2)

    assert mixed.shape == (2, 3000)
    assert {int(at): float(mixed[0, at]) for at in np.flatnonzero(mixed[0])} == pytest.approx(
        {7: 0.5, 996: 0.5, 1500: 0.25, 1510: 0.25, 2499: 0.25}
    )
    assert (mixed[0] == mixed[1]).all(), "one channel is heard in the middle"


@pytest.mark.parametrize("block", [97, 777, 4801])
def test_mix_is_the_same_to_the_bit_in_blocks_of_any_size(tmp_path: Path, block: int):
    path = sound(tmp_path / "a.flac", noise(0.05, channels=2))
    tone_path = sound(tmp_path / "b.flac", tone(0.1, -20.0))
    tracks = [
        Track(path, 3, 2000, offset=100, gain=0.7, fade_in=500, fade_out=333),
        Track(path, 1000, 9000, gain=0.3, fade_in=77, fade_out=77, again=True),
        Track(tone_path, 5000, 4800),
    ]

    assert (whole(tracks, 10_500, channels=2) == whole(tracks, 10_500, channels=2, block=block)).all()


def test_a_track_that_begins_again_has_no_seam_that_is_heard(tmp_path: Path):
    path = sound(tmp_path / "a.flac", noise(4.0))

    mixed = whole([Track(path, 0, 20 * RATE_HZ, again=True)], 20 * RATE_HZ)

    levels_db = 10 * np.log10(np.mean(np.square(mixed[0].reshape(-1, 4800)), axis=1))
    assert np.abs(levels_db + 23.0).max() < 0.6
    assert np.abs(np.diff(mixed[0])).max() < 1.0


def test_fades_begin_and_end_in_silence(tmp_path: Path):
    path = sound(tmp_path / "a.flac", np.full((1, 4800), 0.5, np.float32))

    mixed = whole([Track(path, 0, 4800, fade_in=480, fade_out=960)], 4800)[0]

    assert abs(mixed[0]) < 0.001
    assert mixed[240] == pytest.approx(0.5 * np.sin(np.pi / 4), abs=0.001)
    assert np.allclose(mixed[480:3840], 0.5, atol=1e-6)
    assert abs(mixed[-1]) < 0.001


def test_a_file_that_is_shorter_than_it_says_is_an_error_and_not_silence(tmp_path: Path):
    path = sound(tmp_path / "a.flac", noise(1.0))
    path.write_bytes(path.read_bytes()[:40_000])

    with pytest.raises(UnreadableSource, match=r"a\.flac"):
        whole([Track(path, 0, RATE_HZ)], RATE_HZ)
