from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import RATE_HZ, noise, silence, tone, write

from tasks.audio.ahead import read_ahead
from tasks.audio.codec import (
    duration_s,
    info,
    read_blocks,
    read_span,
    resample_blocks,
    to_asr_flac,
    write_flac,
)
from tasks.errors import EncodingFailed, UnreadableSource


def test_read_blocks_gives_everything_once(tmp_path: Path):
    given_samples = np.round(noise(2.345, channels=2) * 2**23) / 2**23
    path = write(tmp_path / "a.flac", given_samples, subtype="PCM_24")
    blocks = list(read_blocks(path, block_s=0.5))
    assert [block.shape[1] for block in blocks] == [24_000] * 4 + [16_560]
    assert np.array_equal(np.concatenate(blocks, axis=1), given_samples)
    assert duration_s(path) == 2.345


@pytest.mark.parametrize(("start_s", "end_s"), [(0.0, 0.5), (0.12345, 1.98765), (1.9, 9.0), (-1.0, 0.1), (3.0, 4.0)])
def test_read_span_gives_exactly_the_samples_between(tmp_path: Path, start_s: float, end_s: float):
    given_samples = np.round(noise(2) * 2**15) / 2**15
    path = write(tmp_path / "a.flac", given_samples, subtype="PCM_16")
    start, end = (min(max(round(second * RATE_HZ), 0), 2 * RATE_HZ) for second in (start_s, end_s))
    assert np.array_equal(read_span(path, start_s, end_s), given_samples[:, start:end])


def test_write_flac_leaves_nothing_when_its_blocks_fail(tmp_path: Path):
    def blocks():
        yield tone(1)
        raise UnreadableSource("the disk came loose")

    with pytest.raises(UnreadableSource, match="came loose"):
        write_flac(tmp_path / "a.flac", blocks(), sample_rate_hz=RATE_HZ)
    with pytest.raises(EncodingFailed, match="no sound"):
        write_flac(tmp_path / "a.flac", [], sample_rate_hz=RATE_HZ)
    assert list(tmp_path.iterdir()) == []


def test_write_flac_keeps_the_old_file_until_the_new_one_is_whole(tmp_path: Path):
    path = tmp_path / "a.flac"
    write_flac(path, tone(1), sample_rate_hz=RATE_HZ)
    with pytest.raises(EncodingFailed):
        write_flac(path, [], sample_rate_hz=RATE_HZ)
    assert info(path).n_samples == RATE_HZ


TOO_LARGE = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from signals import RATE_HZ, noise
from tasks.audio.codec import decode_to_flac, write_flac
from tasks.audio.mastering import master
from tasks.audio.mp3 import encode_mp3
from tasks.errors import EncodingFailed
from tasks.schemas import Mastering
folder = Path(sys.argv[1])
source, samples = folder / "source.flac", noise(10, channels=2)
write_flac(source, samples, sample_rate_hz=RATE_HZ)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
for write in (
    lambda: write_flac(folder / "a.flac", samples, sample_rate_hz=RATE_HZ),
    lambda: encode_mp3(folder / "a.mp3", [samples], sample_rate_hz=RATE_HZ, bit_rate_kbps=192),
    lambda: decode_to_flac(source, folder / "b.flac", max_duration_s=60),
    lambda: master(source, folder / "master.mp3", Mastering().pressing("mp3"), scratch=folder),
):
    try:
        write()
    except EncodingFailed as error:
        print(error)
print(*sorted(path.name for path in folder.iterdir()))
"""


def test_writing_where_no_more_fits_is_a_typed_error_that_leaves_nothing(tmp_path: Path):
    tests = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-c", TOO_LARGE, str(tmp_path), tests]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=Path(tests).parent)
    *complaints, left = done.stdout.splitlines()
    assert [complaint.split(" ")[0] for complaint in complaints] == ["a.flac", "a.mp3", "b.flac", "master.mp3.f32"]
    assert left == "source.flac"


def test_reading_what_is_no_sound_file_is_a_typed_error(tmp_path: Path):
    (tmp_path / "a.flac").write_text("ekki hljóð")
    for read in (info, duration_s, lambda path: list(read_blocks(path)), lambda path: read_span(path, 0, 1)):
        with pytest.raises(UnreadableSource, match=r"a\.flac"):
            read(tmp_path / "a.flac")


def test_reading_a_damaged_flac_is_a_typed_error(tmp_path: Path):
    path = write(tmp_path / "a.flac", noise(5))
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UnreadableSource, match="damaged"):
        list(read_blocks(path))


@settings(max_examples=20, deadline=None)
@given(
    from_hz=st.sampled_from([8_000, 11_025, 16_000, 22_050, 24_000, 44_100, 96_000]),
    n_samples=st.integers(1, 30_000),
    size=st.integers(500, 20_000),
)
def test_resample_blocks_equals_resampling_at_once(from_hz: int, n_samples: int, size: int):
    samples = noise(1)[:, :n_samples]
    blocks = [samples[:, start : start + size] for start in range(0, n_samples, size)]
    resampled = np.concatenate(list(resample_blocks(blocks, from_hz, to_hz=RATE_HZ)), axis=1)
    assert resampled.shape[1] == pytest.approx(n_samples * RATE_HZ / from_hz, abs=1)
    assert np.abs(resampled[0] - soxr.resample(samples[0], from_hz, RATE_HZ)).max(initial=0) < 1e-5


def test_to_asr_flac_gives_the_mean_of_the_channels_at_16_khz(tmp_path: Path):
    source = write(tmp_path / "a.wav", np.concatenate([tone(2, -6), silence(2)]))
    made = to_asr_flac(source, tmp_path / "b.flac")
    samples = read_span(tmp_path / "b.flac", 0, 2)
    assert (made.sample_rate_hz, made.channels, samples.shape) == (16_000, 1, (1, 32_000))
    assert np.abs(samples - tone(2, -12.02, rate_hz=16_000))[:, 500:-500].max() < 1e-3


def test_read_ahead_gives_the_same_blocks_in_order():
    blocks = [np.full((1, 4), number, np.float32) for number in range(50)]
    assert [block[0, 0] for block in read_ahead(iter(blocks))] == list(range(50))


def test_read_ahead_raises_what_its_source_raises_after_what_was_made():
    def blocks():
        yield tone(0.1)
        raise UnreadableSource("no more")

    stream = read_ahead(blocks())
    assert next(stream).shape == (1, 4800)
    with pytest.raises(UnreadableSource, match="no more"):
        next(stream)


def test_read_ahead_stops_its_source_when_nobody_reads_on():
    made = []

    def blocks():
        for number in range(1000):
            made.append(number)
            yield tone(0.01)

    stream = read_ahead(blocks())
    next(stream)
    stream.close()
    assert len(made) < 10
