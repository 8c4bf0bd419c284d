"""Who is read by which voice."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.errors import UncastSpeaker, UnknownPreset
from tasks.schemas import CastEntry, Script, VoicePreset
from tasks.tts.voices import EMBEDDED_VOICES


def cast_voices(script: Script, cast: Iterable[CastEntry], presets: Iterable[VoicePreset]) -> dict[str, VoicePreset]:
    """The voice of each speaker; a line without a speaker gets the first embedded voice.

    Earlier entries of `cast` win; a name as it is written is looked for before the same name in other letters.

    Raises: UncastSpeaker naming line and speaker, UnknownPreset.
    """
    known = {voice.name: voice for voice in (*EMBEDDED_VOICES, *presets)}
    wanted: dict[str, str] = {}
    for entry in cast:
        wanted.setdefault(entry.speaker, entry.preset)
    for speaker, preset in tuple(wanted.items()):
        wanted.setdefault(speaker.casefold(), preset)
    voices = {}
    for speaker in script.speakers:
        name = wanted.get(speaker) or wanted.get(speaker.casefold(), "" if speaker else EMBEDDED_VOICES[0].name)
        if not name:
            first = next(line for line in script.lines if line.speaker == speaker)
            raise UncastSpeaker(
                f"line {first.number}: {speaker!r} has no voice; cast it, for example {speaker}={next(iter(known))}"
            )
        if name not in known:
            raise UnknownPreset(f"{speaker!r} is cast as {name!r}; voices are {', '.join(known)}")
        voices[speaker] = known[name]
    return voices
