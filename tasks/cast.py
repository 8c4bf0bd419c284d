"""Cast: which voices there are, how they are reached, and what a studio has said about words and people."""

from __future__ import annotations

from collections.abc import Iterable

from blocks.audit import record
from blocks.settings import load_settings
from blocks.voices import consent_named, engine_access, saved_voices
from tasks.schemas import PlannedLine, VoicePreset
from tasks.text.lexicon import Lexicon, lexicon_in
from tasks.tts.engine import TtsEngine, load_engine
from tasks.tts.presets import presets_in, shipped_presets


def known_voices() -> dict[str, VoicePreset]:
    """Every voice that can be cast, by name: what ships, then the folder's, the settings', the saved blocks'.

    A later one of the same name wins: a studio may change a voice that ships.
    Raises: InvalidPreset.
    """
    settings = load_settings()
    sources = (shipped_presets(), presets_in(settings.tts.presets), settings.voices, saved_voices().values())
    return {voice.name: voice for voices in sources for voice in voices}


def engine_of(voice: VoicePreset) -> TtsEngine:
    """The engine that speaks with this voice, reached as its account says.

    Raises: InvalidRequest, UnknownEngine, EngineUnavailable.
    """
    return load_engine(voice.engine, engine_access(voice.engine, voice.account))


def require_consent(voice: VoicePreset, show: str) -> None:
    """Refuse a cloned voice whose person has not consented to this use.

    Raises: ConsentMissing, ConsentEnded.
    """
    if voice.consent:
        consent_named(voice.consent).require(show)


def record_use(lines: Iterable[PlannedLine], show: str) -> None:
    """Write down which cloned voices read these lines."""
    for voice in {line.voice.name: line.voice for line in lines if line.voice.consent}.values():
        record(
            "voice.used", preset=voice.name, engine=voice.engine, voice=voice.voice, consent=voice.consent, show=show
        )


def lexicon() -> Lexicon:
    """What this studio has said about how words sound.

    Raises: InvalidLexicon.
    """
    return lexicon_in(load_settings().tts.lexicon)
