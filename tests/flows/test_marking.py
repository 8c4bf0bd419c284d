"""An episode that machines speak says so wherever somebody may look; one that people speak does not."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from tasks.schemas import VoicePreset
from tasks.tts.engine import load_engine


def recording(path: Path) -> Path:
    """A few words, for the embedded Whisper to hear."""
    said = load_engine("espeak").synthesize("This is a short recording.", VoicePreset(name="test", voice="m3"), "en")
    soundfile.write(path, np.tile(said.samples[0], 2), said.sample_rate_hz)
    return path


@pytest.mark.parametrize("production", ["narrate", "enhance"])
def test_an_episode_says_whether_its_voices_are_synthetic(studio, production: str):
    source = studio.script() if production == "narrate" else recording(studio.folder / "talk.wav")

    manifest = studio.produce(source, production=production, language="is" if production == "narrate" else "en")

    is_synthetic, folder = production == "narrate", Path(manifest.published_to)
    assert manifest.synthetic_speech is is_synthetic
    with av.open(str(folder / "episode.mp3")) as mp3:
        assert (mp3.metadata.get("AI_GENERATED"), mp3.metadata.get("TTS_ENGINES")) == (
            ("yes", "espeak") if is_synthetic else (None, None)
        )
        assert ("talgervlar" in mp3.metadata.get("comment", "")) is is_synthetic
    assert ('class="synthetic"' in (folder / "index.html").read_text()) is is_synthetic
    feed = (folder.parent / "feed.xml").read_text()
    assert ('<podcast:txt purpose="ai-content">true</podcast:txt>' in feed) is is_synthetic
