from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from signals import Samples, babble, noise, silence, tone

from tasks.audio.codec import Decoded, decode_to_flac
from tasks.audio.cut_peaks import CutPeaks

HOT = np.clip(tone(1, 6), -1, 1)  # both ends of 997 waves lie flat


def decoded(path: Path, samples: Samples, rate_hz: int, subtype: str) -> Decoded:
    soundfile.write(path, samples.T, rate_hz, subtype)
    return decode_to_flac(path, path.with_name("decoded.flac"), max_duration_s=60)


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32"])
def test_cut_peaks_are_counted_before_resampling_rounds_them(tmp_path: Path, subtype: str, rate_hz: int):
    told = decoded(tmp_path / "hot.wav", HOT, rate_hz, subtype)

    assert told.clipped_runs == pytest.approx(2000, abs=10)
    assert told.clipped_samples > 3 * told.clipped_runs


def test_each_channel_is_counted_in_a_flac(tmp_path: Path):
    both = np.concatenate([HOT, tone(1, -1)])

    assert decoded(tmp_path / "hot.flac", both, 44_100, "PCM_16").clipped_runs == pytest.approx(2000, abs=10)


@pytest.mark.parametrize(
    ("samples", "subtype"),
    [(0.99 * HOT, "PCM_16"), (0.5 * HOT, "PCM_16"), (0.2 * HOT, "PCM_24"), (2 * HOT, "FLOAT"), (0.5 * HOT, "FLOAT")],
)
def test_what_was_cut_before_it_was_turned_down_is_found(tmp_path: Path, samples: Samples, subtype: str):
    assert decoded(tmp_path / "cut.wav", samples, 44_100, subtype).clipped_runs == pytest.approx(2000, abs=60)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "FLOAT"])
@pytest.mark.parametrize(
    "samples",
    [tone(2, -3), tone(2, -3, hz=30), tone(2, -6, hz=12_000), babble(4, -30), noise(2, -18), 0.5 * tone(2, -1, hz=100)],
    ids=["tone", "hum", "whistle", "babble", "noise", "low tone"],
)
def test_what_is_whole_is_not_cut(tmp_path: Path, samples: Samples, subtype: str):
    assert decoded(tmp_path / "whole.wav", samples, 44_100, subtype).clipped_runs == 0


@pytest.mark.parametrize(
    "samples",
    [
        np.concatenate([HOT, 0.4 * HOT]),
        np.concatenate([0.8 * HOT, -0.3 * HOT]),
        np.concatenate([np.clip(tone(2, 6), -0.5, 0.9), tone(2, -3, hz=50)]),
        np.concatenate([0.7 * np.clip(tone(2, 60), -1, 1), silence(2)]),
    ],
    ids=["one channel turned down", "both, and one upside down", "its halves at two heights", "as hard as can be"],
)
def test_each_half_of_each_channel_has_a_ceiling_of_its_own(tmp_path: Path, samples: Samples):
    assert decoded(tmp_path / "cut.wav", samples, 44_100, "PCM_16").clipped_runs == pytest.approx(4000, rel=0.03)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_what_is_no_number_hides_no_cut_peak(tmp_path: Path, subtype: str):
    broken = (0.5 * HOT).astype(np.float64)
    broken[0, [700, 7_000, 17_000]] = [np.nan, np.inf, 1e300]

    assert decoded(tmp_path / "cut.wav", broken, 44_100, subtype).clipped_runs == pytest.approx(2000, abs=60)


@pytest.mark.parametrize("hz", [1.0, 20.0, 30.0, 50.0])
def test_a_long_hum_is_not_cut(tmp_path: Path, hz: float):
    assert decoded(tmp_path / "hum.wav", tone(60, -3, hz=hz, rate_hz=44_100), 44_100, "PCM_16").clipped_runs == 0


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_the_steps_of_8_bits_are_no_flat_tops(tmp_path: Path, subtype: str):
    coarse = np.round(0.7 * 128 * babble(6, -12).clip(-1, 1)) / 128

    assert decoded(tmp_path / "coarse.wav", coarse, 44_100, subtype).clipped_runs == 0


def test_a_softer_passage_that_ends_flat_is_not_cut(tmp_path: Path):
    flat_then_louder = np.concatenate([0.4 * HOT, tone(1, -1)], axis=1)

    assert decoded(tmp_path / "square.wav", flat_then_louder, 44_100, "PCM_16").clipped_runs == 0


@pytest.mark.parametrize(("kind", "subtype"), [("MP3", "MPEG_LAYER_III"), ("OGG", "OPUS"), ("OGG", "VORBIS")])
def test_peaks_that_were_cut_before_a_lossy_codec_are_found_in_what_it_gives(tmp_path: Path, kind: str, subtype: str):
    def told(gain: float) -> Decoded:
        path = tmp_path / "hot"
        soundfile.write(path, np.clip(gain * tone(4, -1, hz=200), -1, 1).T, 48_000, format=kind, subtype=subtype)
        return decode_to_flac(path, tmp_path / "decoded.flac", max_duration_s=60)

    assert told(0.9).clipped_runs <= 2, "Opus overshoots where a sound begins all at once"
    assert told(8.0).clipped_runs > 300


def test_runs_go_on_over_the_edges_of_blocks_and_end_where_channels_change():
    peaks = CutPeaks()
    for block in ([[0, 1, 1]], [[1, 0, 0]], [[0, 1, 1]], [[0, 0, 0], [1, 1, -1]], [[0, 0, 0]], [[0, -1, -1, -1]]):
        peaks.push(np.array(block, np.float32))

    assert peaks.result() == (11, 2)
