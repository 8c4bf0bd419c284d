"""A recording through the whole of `enhance`, its voices made alike and its silences short."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from conversations import Conversation, joined, real
from pydantic import ValidationError
from signals import RATE_HZ, write

from tasks.audio.cuts import Timeline
from tasks.schemas import EpisodeManifest, Treatment

FIRST_TURNS = 5
PAUSE_S = 4.0


def far_and_near() -> Conversation:
    """The beginning of a real conversation with 12 dB between the readers, and four seconds of room between turns."""
    whole = real("en_2spk")
    pieces = [
        (turn.speaker, whole.samples[:, round(turn.start_s * RATE_HZ) : round(turn.end_s * RATE_HZ)])
        for turn in whole.turns[:FIRST_TURNS]
    ]
    return joined(pieces, [PAUSE_S] * FIRST_TURNS).apart(12.0)


def sound_of(manifest: EpisodeManifest) -> np.ndarray:
    """The published sound in one channel, at the tests' rate."""
    samples, rate_hz = soundfile.read(Path(manifest.published_to) / "episode.mp3", dtype="float32", always_2d=True)
    return soxr.resample(samples.mean(axis=1), rate_hz, RATE_HZ)[None]


@pytest.mark.slow
def test_enhance_makes_voices_alike_and_silences_short_and_moves_the_transcript(studio, tmp_path):
    conversation = far_and_near()
    source = write(tmp_path / "spjall.wav", conversation.samples, subtype="PCM_16")
    treatment = Treatment(noise_reduction="off", silence_longer_than_s=1.5, silence_kept_s=0.8)
    manifest = studio.produce(source, production="enhance", treatment=treatment)

    done = manifest.treatment
    timeline = Timeline(done.cuts)
    assert done.levelled.max_gain_db - done.levelled.min_gain_db == pytest.approx(11.0, abs=2.0)
    assert len(done.cuts) >= FIRST_TURNS
    assert manifest.duration_s == pytest.approx(conversation.samples.shape[1] / RATE_HZ - timeline.removed_s, abs=0.01)
    moved = tuple(
        turn.model_copy(update={"start_s": timeline.after(turn.start_s), "end_s": timeline.after(turn.end_s)})
        for turn in conversation.turns
    )
    published = Conversation(sound_of(manifest), moved)
    levels = [loudness.integrated_lufs for loudness in published.loudness(published.samples).values()]
    assert np.ptp(levels) < 2.0

    heard = json.loads((Path(manifest.published_to) / "transcript.json").read_text())["segments"]
    kept = EpisodeManifest.model_validate_json((Path(manifest.published_to) / "manifest.json").read_text())
    assert kept.treatment == done
    assert heard[-1]["endTime"] <= manifest.duration_s
    first = next(one for one in heard if "medical" in one["body"].lower())
    assert first["startTime"] == pytest.approx(moved[1].start_s, abs=1.0), "the second reader, after two cuts"


def test_silences_cannot_be_shortened_to_more_than_they_are():
    with pytest.raises(ValidationError, match="keep less of them"):
        Treatment(silence_longer_than_s=0.5, silence_kept_s=0.8)
