from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import tone

from tasks.audio.wav import HEADER_BYTES, WavStream, wav_header


class Pipe(io.BytesIO):
    """Bytes that cannot be gone back to."""

    def seekable(self) -> bool:
        return False


def written(sink: io.BytesIO, samples: np.ndarray, pieces: int = 7) -> WavStream:
    stream = WavStream(sink, sample_rate_hz=22_050)
    for piece in np.array_split(samples, pieces):
        stream.write(piece)
    stream.close()
    return stream


def test_a_wav_written_in_pieces_is_the_same_sound(tmp_path: Path):
    samples = tone(1.5)[0]
    with (tmp_path / "a.wav").open("wb") as file:
        stream = written(file, samples)

    back, rate_hz = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert rate_hz == 22_050
    assert stream.duration_s == pytest.approx(len(samples) / 22_050)
    assert np.allclose(back, samples, atol=1 / 32_768)


def test_a_wav_can_be_heard_from_its_first_piece_on(tmp_path: Path):
    sink, samples = Pipe(), tone(1.0)[0]
    stream = WavStream(sink, sample_rate_hz=22_050)
    stream.write(samples[:1000])
    so_far = sink.getvalue()

    assert len(so_far) == HEADER_BYTES + 2000
    (tmp_path / "a.wav").write_bytes(so_far)
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert np.allclose(file.read(1000, dtype="float32"), samples[:1000], atol=1 / 32_768)


def test_a_wav_into_a_pipe_says_that_its_length_is_unknown():
    sink = Pipe()
    written(sink, tone(0.5)[0])

    assert sink.getvalue()[:HEADER_BYTES] == wav_header(22_050)
    assert sink.getvalue()[4:8] == b"\xff\xff\xff\xff"


def test_a_wav_clips_what_exceeds_full_scale(tmp_path: Path):
    with (tmp_path / "a.wav").open("wb") as file:
        written(file, np.array([2.0, -2.0, 1.0, -1.0, 0.0], np.float32), 1)

    back, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert back.tolist() == [32_767, -32_768, 32_767, -32_768, 0]


def test_a_wav_of_nothing_is_one(tmp_path: Path):
    with (tmp_path / "a.wav").open("wb") as file:
        written(file, np.zeros(0, np.float32), 1)

    assert soundfile.info(tmp_path / "a.wav").frames == 0
