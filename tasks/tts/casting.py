"""Who is read by which voice."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.errors import UncastSpeaker, UnknownPreset
from tasks.schemas import CastEntry, Script, VoicePreset
from tasks.tts.voices import EMBEDDED_VOICES


def cast_voices(script: Script, cast: Iterable[CastEntry], presets: Iterable[VoicePreset]) -> dict[str, VoicePreset]:
    """The voice of each speaker. Earlier entries of `cast` win; a line without a speaker gets the first embedded voice.

    Raises: UncastSpeaker naming line and speaker, UnknownPreset.
    """
    known = {voice.name: voice for voice in (*EMBEDDED_VOICES, *presets)}
    wanted: dict[str, str] = {}
    for entry in cast:
        wanted.setdefault(entry.speaker.casefold(), entry.preset)
    voices = {}
    for speaker in script.speakers:
        name = wanted.get(speaker.casefold(), "" if speaker else EMBEDDED_VOICES[0].name)
        if not name:
            first = next(line for line in script.lines if line.speaker == speaker)
            raise UncastSpeaker(
                f"line {first.number}: {speaker!r} has no voice; cast it, for example {speaker}={next(iter(known))}"
            )
        if name not in known:
            raise UnknownPreset(f"{speaker!r} is cast as {name!r}; voices are {', '.join(known)}")
        voices[speaker] = known[name]
    return voices
