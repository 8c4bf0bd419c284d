from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from measuring import peak_mb_of
from signals import RATE_HZ, Samples, babble, noise, recording, silence, tone

from tasks.audio.codec import decode_to_flac, write_flac
from tasks.audio.formats import decoded_blocks
from tasks.audio.loudness import measure
from tasks.audio.mastering import Mastered, master
from tasks.errors import LoudnessUnreachable
from tasks.schemas import AudioFormat, Mastering

STEREO, MONO = Mastering(), Mastering(channels=1)


def music(duration_s: float) -> Samples:
    """Chords of decaying partials over noise, different in both channels."""
    time_s = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    decay = np.exp(-3 * (time_s % 0.5))
    chord = sum(np.sin(2 * np.pi * hz * time_s) / number for number, hz in enumerate((220, 277, 330, 440, 880), 1))
    return (0.2 * decay * chord + noise(duration_s, -40, channels=2)).astype(np.float32)


def mastered(tmp_path: Path, samples: Samples, mastering: Mastering) -> tuple[Mastered, Samples]:
    write_flac(tmp_path / "a.flac", samples, sample_rate_hz=RATE_HZ)
    result = pressed(tmp_path, mastering)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.flac", "master.mp3"]
    return result, decoded(result)


def pressed(folder: Path, mastering: Mastering, name: AudioFormat = "mp3") -> Mastered:
    return master(folder / "a.flac", folder / f"master.{name}", mastering.pressing(name), scratch=folder)


def decoded(file: Mastered) -> Samples:
    return np.concatenate(list(decoded_blocks(file.path, file.format)), axis=1)


SOUNDS = {
    "speech": babble(15),
    "quiet speech": babble(15, -55),
    "hot speech": np.clip(babble(15, -8), -1, 1),
    "two voices": np.concatenate([babble(15), babble(15, -30, seed=2)]),
    "tone": tone(10, -30),
    "music": music(10),
    "near silence": noise(5, -60, channels=2),
    "half a second": tone(0.5, -30),
}


@pytest.mark.parametrize("mastering", [STEREO, MONO], ids=["stereo", "mono"])
@pytest.mark.parametrize("name", SOUNDS)
def test_master_holds_loudness_and_peak_on_the_decoded_mp3(tmp_path: Path, name: str, mastering: Mastering):
    result, sound = mastered(tmp_path, SOUNDS[name], mastering)
    loudness = measure(sound, RATE_HZ)
    assert sound.shape == (mastering.channels, SOUNDS[name].shape[1])
    assert loudness.integrated_lufs == pytest.approx(-16.0 if mastering is STEREO else -19.0, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0
    assert result.loudness.model_dump() == pytest.approx(loudness.model_dump(), abs=1e-6)
    assert (result.duration_s, result.channels) == (SOUNDS[name].shape[1] / RATE_HZ, mastering.channels)
    assert result.rounds <= 5


@pytest.mark.parametrize(
    "mastering",
    [
        Mastering(bit_rate_kbps=64),
        Mastering(bit_rate_kbps=192, loudness_lufs=-14.0),
        Mastering(loudness_lufs=-23.0, true_peak_dbtp=-3.0),
    ],
    ids=["64 kbit/s", "louder", "broadcast"],
)
def test_master_reaches_other_targets(tmp_path: Path, mastering: Mastering):
    _, sound = mastered(tmp_path, SOUNDS["speech"], mastering)
    loudness = measure(sound, RATE_HZ)
    assert loudness.integrated_lufs == pytest.approx(mastering.target_lufs, abs=0.5)
    assert loudness.true_peak_dbtp <= mastering.true_peak_dbtp


@pytest.mark.parametrize(
    ("name", "mastering"), [("multi/mix/is_2spk_mf.wav", STEREO), ("en/misc/multilingual.mp3", MONO)]
)
def test_master_holds_loudness_and_peak_on_real_speech(tmp_path: Path, name: str, mastering: Mastering):
    source = tmp_path / "a.flac"
    decode_to_flac(recording(name), source, max_duration_s=600)
    made = pressed(tmp_path, mastering)
    loudness = measure(decoded(made), RATE_HZ)
    assert loudness.integrated_lufs == pytest.approx(mastering.target_lufs, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0


@pytest.mark.parametrize("name", ["m4a", "opus", "flac", "wav"])
def test_master_holds_loudness_and_peak_on_every_format(tmp_path: Path, name: AudioFormat):
    write_flac(tmp_path / "a.flac", SOUNDS["hot speech"], sample_rate_hz=RATE_HZ)
    made = pressed(tmp_path, STEREO, name)
    assert made.format == name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.flac", f"master.{name}"]
    loudness = measure(decoded(made), RATE_HZ)
    assert loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0
    assert made.loudness.model_dump() == pytest.approx(loudness.model_dump(), abs=1e-6)


@pytest.mark.parametrize(("rate_hz", "n_samples"), [(48_000, 100_001), (44_100, 99_999), (16_000, 33_333)])
def test_master_loses_and_adds_no_sample_from_the_source_to_flac(tmp_path: Path, rate_hz: int, n_samples: int):
    write_flac(tmp_path / "a.flac", babble(3)[:, :n_samples], sample_rate_hz=rate_hz)
    flac = pressed(tmp_path, STEREO, "flac")
    assert decoded(flac).shape[1] == round(n_samples * RATE_HZ / rate_hz)


def test_master_runs_the_chain_that_was_asked_for(tmp_path: Path):
    """A quiet and a loud half: music keeps their distance, speech holds the loud one a little, broadcast both."""
    samples = np.concatenate([babble(6, -38), babble(6, -20, seed=2)], axis=1)
    write_flac(tmp_path / "a.flac", samples, sample_rate_hz=RATE_HZ)
    apart = {}
    for chain in ("music", "speech", "broadcast"):
        flac = pressed(tmp_path, Mastering(chain=chain, loudness_lufs=-30.0), "flac")  # where no limiter is at work
        halves = np.array_split(decoded(flac), 2, axis=1)
        quiet, loud = (measure(half, RATE_HZ).integrated_lufs for half in halves)
        apart[chain] = loud - quiet
    assert apart["music"] == pytest.approx(18.0, abs=0.5)
    assert apart["music"] - 1 > apart["speech"]
    assert apart["speech"] - 3 > apart["broadcast"]


def test_master_makes_both_channels_of_a_recording_in_one(tmp_path: Path):
    _, sound = mastered(tmp_path, SOUNDS["speech"], STEREO)
    assert np.abs(sound[0] - sound[1]).max() < 1e-4


def test_master_makes_the_same_bytes_of_the_same_sound(tmp_path: Path):
    mastered(tmp_path, SOUNDS["two voices"], STEREO)
    first = (tmp_path / "master.mp3").read_bytes()
    mastered(tmp_path, SOUNDS["two voices"], STEREO)
    assert (tmp_path / "master.mp3").read_bytes() == first


@pytest.mark.slow
def test_master_needs_one_round_for_a_long_programme(tmp_path: Path):
    result, _ = mastered(tmp_path, np.concatenate([babble(85), babble(85, -35, seed=2)], axis=1), MONO)
    assert result.rounds == 1
    assert result.loudness.integrated_lufs == pytest.approx(-19.0, abs=0.3)


def test_master_brings_sound_shorter_than_a_gating_block_near_the_target(tmp_path: Path):
    result, sound = mastered(tmp_path, tone(0.2, -40), STEREO)
    assert result.loudness.momentary_max_lufs == pytest.approx(-16.0, abs=0.5)
    assert sound.shape == (2, 9600)


def clicks() -> Samples:
    samples = silence(5)
    samples[0, ::24_000] = 0.9
    return samples


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [(clicks(), "out of reach"), (noise(3, -75), "-70 LUFS"), (noise(3, -72.6), "dB of gain")],
    ids=["clicks", "below the gate", "barely above it"],
)
def test_master_says_with_numbers_what_cannot_be_reached(tmp_path: Path, samples: Samples, complaint: str):
    with pytest.raises(LoudnessUnreachable, match=complaint):
        mastered(tmp_path, samples, STEREO)
    assert [path.name for path in tmp_path.iterdir()] == ["a.flac"]


MASTERING = """
import sys
from pathlib import Path
from signals import RATE_HZ, babble
from tasks.audio.codec import write_flac
from tasks.audio.mastering import master
from tasks.schemas import Mastering
folder, block = Path(sys.argv[1]), babble(60)
write_flac(folder / "a.flac", (block for _ in range(int(sys.argv[2]))), sample_rate_hz=RATE_HZ)
master(folder / "a.flac", folder / "master.mp3", Mastering().pressing("mp3"), scratch=folder)
"""


@pytest.mark.slow
def test_master_needs_no_more_memory_for_a_longer_programme(tmp_path: Path):
    long_mb, short_mb = (peak_mb_of(MASTERING, tmp_path, minutes) for minutes in (20, 3))
    assert long_mb - short_mb < 40
