"""Who is read by which voice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from tasks.errors import UncastSpeaker, UnknownPreset
from tasks.schemas import CastEntry, Script, VoicePreset
from tasks.tts.presets import embedded_voices


def cast_voices(
    script: Script, cast: Iterable[CastEntry], presets: Mapping[str, VoicePreset]
) -> dict[str, VoicePreset]:
    """The voice of each speaker; a line without a speaker gets the first embedded voice.

    Earlier entries of `cast` win; a name as it is written is looked for before the same name in other letters.

    Raises: UncastSpeaker naming line and speaker, UnknownPreset.
    """
    wanted: dict[str, str] = {}
    for entry in cast:
        wanted.setdefault(entry.speaker, entry.preset)
    for speaker, preset in tuple(wanted.items()):
        wanted.setdefault(speaker.casefold(), preset)
    voices = {}
    for speaker in script.speakers:
        name = wanted.get(speaker) or wanted.get(speaker.casefold(), "" if speaker else embedded_voices()[0].name)
        if not name:
            first = next(line for line in script.lines if line.speaker == speaker)
            raise UncastSpeaker(
                f"line {first.number}: {speaker!r} has no voice; cast it, for example {speaker}={next(iter(presets))}"
            )
        voices[speaker] = preset_named(name, presets, f"{speaker!r} is cast as")
        for other in voices[speaker].fallback:
            preset_named(other, presets, f"the voice {name!r} falls back on")
    return voices


def idle_entries(script: Script, cast: Iterable[CastEntry]) -> tuple[str, ...]:
    """A remark on each speaker of a request who says nothing: a name that is misspelt casts nobody."""
    speakers = {speaker.casefold() for speaker in script.speakers}
    return tuple(
        f"the cast names {entry.speaker!r}, who says nothing here; speakers are {', '.join(script.speakers)}"
        for entry in cast
        if entry.speaker.casefold() not in speakers
    )


def preset_named(name: str, presets: Mapping[str, VoicePreset], asked: str) -> VoicePreset:
    """The preset of this name; `asked` begins the sentence that says who wanted it.

    Raises: UnknownPreset.
    """
    if name not in presets:
        alike = get_close_matches(name, presets, n=3)
        hint = f"did you mean {' or '.join(alike)}?" if alike else f"voices are {', '.join(presets)}"
        raise UnknownPreset(f"{asked} {name!r}, and there is no such voice; {hint}")
    return presets[name]
