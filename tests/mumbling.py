"""A test's own voice, whose engine fails now and then as neural ones do: it says a line that nobody understands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine, load_engine

HARD_WORD = "volcano"


class Mumbler(TtsEngine):
    """eSpeak, but backwards where the hard word stands: for the voice `unsteady` with seeds below 2, else always.

    The voice `clear` never mumbles.
    """

    version = "mumbler 1"

    def __init__(self, access: EngineAccess) -> None:
        self._espeak = load_engine("espeak")

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        return TtsCapabilities(
            languages=frozenset({"en", "is"}),
            sample_rate_hz=22_050,
            max_characters=2000,
            settings=frozenset({"seed"}) if voice.voice == "unsteady" else frozenset(),
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """All is well."""

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        speech = self._espeak.synthesize(text, VoicePreset(name="plain"), language)
        cured = voice.voice == "clear" or (voice.voice == "unsteady" and (voice.seed or 0) >= 2)
        if cured or HARD_WORD not in text:
            return speech
        return replace(speech, samples=np.ascontiguousarray(speech.samples[:, ::-1]))
