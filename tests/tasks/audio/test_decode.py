from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from signals import RATE_HZ, Samples, babble, noise, recording, silence, tone, write

from tasks.audio.codec import Decoded, decode_to_flac, info, read_span
from tasks.errors import (
    EmptySource,
    NoAudioStream,
    SilentRecording,
    SourceError,
    SourceTooLong,
    UnreadableSource,
)

LIMIT_S = 600.0


def decode(source: Path) -> tuple[Decoded, Samples]:
    target = source.with_name("decoded.flac")
    decoded = decode_to_flac(source, target, max_duration_s=LIMIT_S)
    assert info(target).duration_s == decoded.duration_s
    return decoded, read_span(target, 0, decoded.duration_s)


def encode(
    path: Path, samples: Samples, codec: str, *, layout: str = "mono", rate_hz: int = RATE_HZ, container: str = ""
) -> Path:
    """A file by FFmpeg's encoders, for what libsndfile does not write."""
    with av.open(str(path), "w", format=container or None) as made:
        stream = made.add_stream(codec, rate=rate_hz, layout=layout)
        mux_sound(made, stream, samples, layout, rate_hz)
    return path


def mux_sound(made, stream, samples: Samples, layout: str, rate_hz: int) -> None:
    for start in range(0, samples.shape[1], 4096):
        block = np.ascontiguousarray(samples[:, start : start + 4096].T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)  # planar, PyAV takes seven channels only
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, start, Fraction(1, rate_hz)
        made.mux(stream.encode(frame))
    made.mux(stream.encode(None))


def level_db(samples: Samples) -> float:
    return 10 * float(np.log10(np.mean(samples.astype(np.float64) ** 2) + 1e-20))


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp3", "libmp3lame"),
        ("a.m4a", "aac"),
        ("a.opus", "libopus"),
        ("a.webm", "libopus"),
        ("a.ogg", "flac"),
        ("a.mka", "pcm_s24le"),
        ("a.mp4", "alac"),
        ("a.ac3", "ac3"),
        ("a.mp2", "mp2"),
    ],
)
def test_decode_reads_the_usual_formats(tmp_path: Path, name: str, codec: str):
    given = np.repeat(tone(3, -12), 2, axis=0)
    decoded, samples = decode(encode(tmp_path / name, given, codec, layout="stereo"))
    assert decoded.channels == 2
    assert decoded.duration_s == pytest.approx(3, abs=0.06)
    assert level_db(samples[:, RATE_HZ : 2 * RATE_HZ]) == pytest.approx(-15.0, abs=0.5)
    assert not decoded.truncated


@pytest.mark.parametrize(
    "subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM"]
)
def test_decode_reads_every_sample_format_of_wav(tmp_path: Path, subtype: str):
    decoded, samples = decode(write(tmp_path / "a.wav", tone(1, -12), subtype=subtype))
    assert (decoded.channels, decoded.format_name, decoded.gain_db) == (1, "wav", 0.0)
    assert samples.shape[1] == pytest.approx(RATE_HZ, abs=1100)
    assert level_db(samples[:, 4000:40_000]) == pytest.approx(-15.0, abs=0.2)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 44_100, 96_000, 192_000])
def test_decode_brings_every_rate_to_48_khz(tmp_path: Path, rate_hz: int):
    decoded, samples = decode(write(tmp_path / "a.wav", tone(1, -12, rate_hz=rate_hz), rate_hz=rate_hz))
    assert decoded.sample_rate_hz == RATE_HZ
    assert samples.shape == (1, RATE_HZ)
    assert np.abs(samples - tone(1, -12))[:, 1000:-1000].max() < 0.01


def test_decode_keeps_samples_of_16_bits_exactly(tmp_path: Path):
    given = np.round(noise(1, channels=2) * 32768) / 32768
    decoded, samples = decode(write(tmp_path / "a.wav", given, subtype="PCM_16"))
    assert decoded.channels == 2
    assert np.abs(samples - given).max() < 2**-22


@pytest.mark.parametrize("heard", range(8))
def test_decode_keeps_each_of_eight_microphones(tmp_path: Path, heard: int):
    given = silence(0.5, channels=8)
    given[heard] = tone(0.5, -6)
    decoded, samples = decode(write(tmp_path / "a.wav", given))
    assert decoded.channels == 2
    assert min(level_db(channel) for channel in samples) > -40


def test_decode_downmixes_surround_with_its_centre_on_both_sides(tmp_path: Path):
    given = silence(1, channels=6)
    given[2] = tone(1, -6)
    _, samples = decode(encode(tmp_path / "a.flac", given, "flac", layout="5.1"))
    left, right = (level_db(channel) for channel in samples)
    assert left == pytest.approx(right, abs=0.1)
    assert left > -20


@pytest.mark.parametrize(
    ("name", "codec", "layout"),
    [
        ("own-order.aiff", "pcm_s24be", "7.1"),
        ("own-order.caf", "pcm_s16be", "7.1"),
        ("planar.m4a", "alac", "7.1(wide)"),
        ("planar.opus", "libopus", "7.1"),
        ("planar.mp4", "aac", "7.1"),
    ],
)
def test_decode_hears_eight_channels_whatever_holds_them(tmp_path: Path, name: str, codec: str, layout: str):
    given = np.repeat(tone(1, -20), 8, axis=0)
    decoded, samples = decode(encode(tmp_path / name, given, codec, layout=layout))
    assert decoded.channels == 2
    assert level_db(samples[:, 4_000:40_000]) == pytest.approx(-20, abs=9), (
        "downmixing adds, and FFmpeg's is normalised"
    )


def test_decode_reads_more_channels_than_a_layout_has_names_for(tmp_path: Path):
    decoded, samples = decode(write(tmp_path / "a.wav", noise(0.5, channels=24)))
    assert decoded.channels == 2
    assert np.isfinite(samples).all()


def test_decode_turns_a_hot_float_recording_down_and_keeps_its_shape(tmp_path: Path):
    decoded, samples = decode(write(tmp_path / "a.wav", 4 * tone(2, 0), subtype="FLOAT"))
    assert decoded.gain_db == pytest.approx(-12.14, abs=0.05)
    assert np.abs(samples).max() <= 1.0
    assert np.abs(samples - tone(2, -0.1)).max() < 1e-4
    assert any("12.1 dB" in note for note in decoded.notes)


def test_decode_makes_samples_that_are_no_numbers_silent(tmp_path: Path):
    given = tone(1, -12)
    given[0, 1000:1010], given[0, 2000], given[0, 3000] = np.nan, np.inf, 1e30
    decoded, samples = decode(write(tmp_path / "a.wav", given, subtype="FLOAT"))
    assert decoded.gain_db == 0.0
    assert np.isfinite(samples).all()
    assert np.abs(samples - tone(1, -12))[:, 5000:].max() < 1e-4


def test_decode_goes_by_content_and_not_by_name(tmp_path: Path):
    path = encode(tmp_path / "a.mp3", tone(2), "libmp3lame").rename(tmp_path / "concat:a|b.wav.txt")
    assert decode(path)[0].format_name == "mp3"


def test_decode_follows_a_rate_that_changes_on_the_way(tmp_path: Path):
    first = encode(tmp_path / "a.mp3", tone(2), "libmp3lame")
    second = encode(tmp_path / "b.mp3", tone(2, rate_hz=44_100), "libmp3lame", rate_hz=44_100)
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    decoded, samples = decode(joined)
    assert decoded.duration_s == pytest.approx(4, abs=0.15)
    spectrum = np.abs(np.fft.rfft(samples[0, -RATE_HZ:-4000]))
    assert np.argmax(spectrum) / len(spectrum) * 24_000 == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(("name", "codec", "expected_s"), [("a.mp4", "aac", 1), ("a.ts", "mp2", 4)])
def test_decode_takes_the_marked_stream_and_otherwise_the_longest(tmp_path: Path, name, codec, expected_s):
    with av.open(str(tmp_path / name), "w") as made:
        streams = [made.add_stream(codec, rate=RATE_HZ, layout="mono") for _ in range(2)]
        for stream, samples in zip(streams, (tone(1, hz=300), tone(4, hz=3000)), strict=True):
            mux_sound(made, stream, samples, "mono", RATE_HZ)
    assert decode(tmp_path / name)[0].duration_s == pytest.approx(expected_s, abs=0.1)


@pytest.mark.parametrize("channels", [1, 2])
def test_decode_keeps_what_a_truncated_file_holds_and_says_so(tmp_path: Path, channels: int):
    given = np.repeat(babble(30), channels, axis=0)
    for name in ("a.mp3", "a.flac", "a.webm"):
        whole = tmp_path / name
        if name == "a.webm":
            encode(whole, given, "libopus", layout="mono" if channels == 1 else "stereo")
        else:
            write(whole, given)
        cut = tmp_path / f"cut{whole.suffix}"
        cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
        decoded, _ = decode(cut)
        assert decoded.truncated, name
        assert 8 < decoded.duration_s < 22
        assert any("breaks off" in note for note in decoded.notes)


def test_decode_skips_damaged_packets(tmp_path: Path):
    whole = write(tmp_path / "a.flac", babble(20))
    data = bytearray(whole.read_bytes())
    random = np.random.default_rng(5)
    for position in random.integers(20_000, len(data), 20):
        data[position] ^= 0xFF
    whole.write_bytes(data)
    decoded, _ = decode(whole)
    assert 10 < decoded.duration_s <= 20.5


def mp4_without_sound(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as made:
        stream = made.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(10):
            made.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        made.mux(stream.encode(None))


def wav_of_one_hertz(path: Path) -> None:
    soundfile.write(path, noise(1)[0], 1, subtype="PCM_16")


BAD = {
    "empty.mp3": (lambda path: path.write_bytes(b""), EmptySource),
    "text.mp3": (lambda path: path.write_text("Góðan daginn. " * 500), UnreadableSource),
    "page.wav": (lambda path: path.write_text("<!doctype html><html><body>404</body></html>" * 50), UnreadableSource),
    "nul.wav": (lambda path: path.write_bytes(bytes(100_000)), UnreadableSource),
    "random.mp3": (lambda path: path.write_bytes(np.random.default_rng(3).bytes(200_000)), UnreadableSource),
    "head.wav": (lambda path: path.write_bytes(wav_bytes(path)[:44]), UnreadableSource),
    "head.flac": (lambda path: path.write_bytes(b"fLaC\x00\x00\x00\x22" + bytes(34)), UnreadableSource),
    "cut.m4a": (lambda path: path.write_bytes(m4a_bytes(path)[:20_000]), UnreadableSource),
    "video.mp4": (mp4_without_sound, NoAudioStream),
    "slow.wav": (wav_of_one_hertz, SourceError),
    "silent.wav": (lambda path: write(path, silence(3)), SilentRecording),
    "muted.wav": (lambda path: write(path, noise(3, -90), subtype="PCM_24"), SilentRecording),
}


def wav_bytes(path: Path) -> bytes:
    return write(path, tone(1)).read_bytes()


def m4a_bytes(path: Path) -> bytes:
    return encode(path, babble(20), "aac", container="mp4").read_bytes()


@pytest.mark.parametrize("name", BAD)
def test_decode_names_what_is_wrong_and_leaves_nothing_behind(tmp_path: Path, name: str):
    make, expected = BAD[name]
    source = tmp_path / name
    make(source)
    with pytest.raises(expected) as caught:
        decode_to_flac(source, tmp_path / "decoded.flac", max_duration_s=LIMIT_S)
    assert name in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_decode_stops_where_the_header_claims_more_than_the_limit(tmp_path: Path):
    with pytest.raises(SourceTooLong, match="limit is 3 s"):
        decode_to_flac(write(tmp_path / "a.wav", tone(5)), tmp_path / "b.flac", max_duration_s=3)


def test_decode_stops_at_the_limit_where_the_header_claims_nothing(tmp_path: Path):
    source = encode(tmp_path / "a.aac", babble(30), "aac", container="adts")
    with pytest.raises(SourceTooLong):
        decode_to_flac(source, tmp_path / "b.flac", max_duration_s=10)
    assert [path.name for path in tmp_path.iterdir()] == ["a.aac"]


def test_decode_reads_a_wav_from_a_pipe_whose_length_nobody_knew(tmp_path: Path):
    source = write(tmp_path / "a.wav", tone(3), subtype="PCM_16")
    data = bytearray(source.read_bytes())
    at = data.index(b"data") + 4
    data[4:8] = data[at : at + 4] = b"\xff" * 4
    source.write_bytes(data)
    decoded, _ = decode(source)
    assert decoded.duration_s == 3.0
    assert not decoded.truncated


@pytest.mark.parametrize(("name", "seconds"), [("en/misc/multilingual.mp3", 59.9), ("en/misc/jfk.flac", 11.0)])
def test_decode_reads_real_recordings(tmp_path: Path, name: str, seconds: float):
    decoded = decode_to_flac(recording(name), tmp_path / "a.flac", max_duration_s=LIMIT_S)
    assert decoded.duration_s == pytest.approx(seconds, abs=0.1)
    assert decoded.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_decode_ends_every_damaged_file_in_sound_or_a_typed_error(tmp_path: Path, seed: int):
    random = np.random.default_rng(seed)
    name, codec = [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.webm", "libopus"), ("a.flac", "flac")][seed % 4]
    source = encode(tmp_path / name, babble(5), codec)
    data = bytearray(source.read_bytes())
    for position in random.integers(0, len(data), random.integers(1, 400)):
        data[position] = random.integers(256)
    source.write_bytes(data[: random.integers(1, len(data) + 1)] if seed % 3 == 0 else data)
    try:
        _, samples = decode(source)
        assert np.isfinite(samples).all()
    except SourceError:
        assert [path.name for path in tmp_path.iterdir()] == [name]
