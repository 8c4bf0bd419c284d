"""Real recordings through `enhance` and `revoice`."""

import json
import re
from pathlib import Path

import jiwer
import pytest
import soundfile
from signals import recording

from tasks.audio.loudness import measure

# What is said in it: E. Gaskell, "North and South", and a manual for doctors, both public domain.
PHRASES = (
    "I don't think Mr Hale you have done quite right in introducing such a person to us without telling us",
    "the medical man has two duties to perform to save the patient's life and to place himself in a position",
    "I really was very much afraid of showing him how much shocked I was at some parts of what he said",
    "he should make inquiries as to symptoms and time at which food or medicine was last taken",
)


def words(text: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", text.lower().replace("'", "")))


def best_word_error_rate(phrase: str, heard: str) -> float:
    """The word error rate of the stretch of `heard` that is most like the phrase."""
    wanted, said = words(phrase).split(), words(heard).split()
    stretches = (said[start : start + len(wanted)] for start in range(len(said) - len(wanted) + 1))
    return min(jiwer.wer(" ".join(wanted), " ".join(stretch)) for stretch in stretches)


def mp3_of(manifest) -> Path:
    return Path(manifest.published_to) / "episode.mp3"


def test_enhance_publishes_an_english_conversation_with_its_words_right(studio):
    source = recording("multi/mix/en_2spk.wav")
    manifest = studio.produce(source, production="enhance", title="Two readers")

    assert manifest.language == "en"
    assert manifest.clips_made == 0
    assert [stage.stage for stage in manifest.stages][1:3] == ["transcribe", "treat"]
    noise = manifest.treatment.noise
    assert noise.engine == "deepfilternet"
    assert noise.cleaned_s + sum(one.duration_s for one in noise.left_alone) == pytest.approx(
        manifest.duration_s, abs=0.1
    )
    samples, rate_hz = soundfile.read(mp3_of(manifest), dtype="float32", always_2d=True)
    loudness = measure(samples.T, rate_hz)
    assert samples.shape[1] == 2
    assert loudness.integrated_lufs == pytest.approx(-16.0, abs=0.5)
    assert loudness.true_peak_dbtp <= -1.0
    assert len(samples) / rate_hz == pytest.approx(soundfile.info(source).duration, abs=0.05)
    heard = (mp3_of(manifest).parent / "transcript.txt").read_text()
    assert {phrase: best_word_error_rate(phrase, heard) for phrase in PHRASES} == dict.fromkeys(PHRASES, 0.0)


def test_revoice_reads_an_english_recording_anew(studio):
    manifest = studio.produce(recording("en/misc/jfk.flac"), production="revoice")

    assert manifest.language == "en"
    assert [use.role for use in manifest.engines] == ["asr", "tts"]
    assert manifest.clips_made >= 1
    text = (mp3_of(manifest).parent / "transcript.txt").read_text()
    assert "what your country can do for you" in text
    segments = json.loads((mp3_of(manifest).parent / "transcript.json").read_text())["segments"]
    assert segments[-1]["endTime"] <= manifest.duration_s


def test_enhance_and_revoice_take_an_icelandic_conversation(studio):
    source = recording("multi/mix/is_2spk_mf.wav")
    enhanced = studio.produce(source, production="enhance", title="Samtal")
    revoiced = studio.produce(source, production="revoice", title="Samtal, endurlesið")

    assert (enhanced.language, revoiced.language) == ("is", "is")
    assert enhanced.episode != revoiced.episode
    assert revoiced.engines[0].requests == 0, "what was transcribed once is not transcribed again"
    assert revoiced.clips_made > 3
