"""How a script is said: every line in stretches that one voice says in one go, and the key of each one's clip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tasks.errors import EngineError, InvalidRequest, InvalidSettings, LanguageNotAllowed, TextTooLong, UnknownPreset
from tasks.schemas import Line, Mark, PlacedInsert, PlannedLine, Script, ScriptChapter, SpokenText, VoicePreset
from tasks.text.lexicon import Lexicon
from tasks.text.pieces import Piece, cut, pieces_of
from tasks.text.settled import holds_digit, settled_reading
from tasks.tts.casting import preset_named
from tasks.tts.engine import TtsCapabilities, TtsEngine

OBEYED = ("rate", "pitch", "stability", "similarity", "style", "instructions", "seed")
"""The fields of a preset that an engine may not know."""
RENDERED = ("emphasis", "prosody", "phoneme", "lang")
"""The kinds of mark that are the engine's to render; all others are done before it is asked."""

Reading = tuple[SpokenText, tuple[Mark, ...]]
"""What is said of a piece, and the marks over that."""


@dataclass
class Planner:
    """Decides how each line is said. What an engine cannot do is gathered in `notes`."""

    presets: Mapping[str, VoicePreset]
    cast: Mapping[str, VoicePreset]
    """The voice of each speaker."""
    language: str
    show: str
    engine_of: Callable[[VoicePreset], TtsEngine]
    allow: Callable[[VoicePreset], None]
    """Refuses a voice that may not be used."""
    lexicon: Lexicon = field(default_factory=Lexicon)
    notes: dict[str, None] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    """Of the engines that speak."""
    _checked: dict[tuple[str, str], TtsEngine] = field(default_factory=dict)

    def plan(
        self, script: Script
    ) -> tuple[tuple[PlannedLine, ...], tuple[PlacedInsert, ...], tuple[ScriptChapter, ...]]:
        """All lines of a script that are read, what was recorded, and the chapters before them.

        Raises: InvalidScript, UnknownPreset, LanguageNotAllowed, and what an engine refuses.
        """
        planned: list[PlannedLine] = []
        places = []
        for line in script.lines:
            if line.insert is None:
                places.append(len(planned))
                planned += self.stretches(line, self.cast[line.speaker], self.language)
        recorded = tuple(
            PlacedInsert(place=place, line=line) for place, line in enumerate(script.lines) if line.insert is not None
        )
        return tuple(planned), *replaced(recorded, script.chapters, [*places, len(planned)])

    def stretches(self, line: Line, cast: VoicePreset, language: str) -> Iterator[PlannedLine]:
        """A line as it is said by `cast`, unless a mark calls for another voice or language."""
        for piece in pieces_of(line):
            voice = cast
            if piece.preset:
                voice = preset_named(piece.preset, self.presets, f"line {line.number} asks for the voice")
            yield from self._parts(line, self._spoken_in(line, piece, voice, language), voice, language)

    def instead(self, planned: PlannedLine, reason: str) -> tuple[PlannedLine, ...]:
        """The same words by the next voice that can say them; none where no voice is left."""
        cast = self.presets.get(planned.instead_of, planned.voice)
        chain = list(self._fallbacks(cast))
        after = chain[chain.index(planned.voice) + 1 :] if planned.voice in chain else chain
        line = planned.line
        if planned.language != self.language:  # which the next voice may have to be told, or let go
            foreign = Mark(kind="lang", start=0, end=len(line.text), settings={"xml:lang": planned.language})
            line = line.model_copy(update={"marks": (foreign, *line.marks)})
        for voice in after:
            try:
                said = tuple(self.stretches(line, voice, self.language))
            except (EngineError, InvalidRequest, InvalidSettings) as error:
                self._note(f"voice {voice.name!r} cannot read instead of {cast.name!r}: {error}")
                continue
            told = {"instead_of": cast.name, "reason": reason}
            parts = [part.model_copy(update=told) for part in said]
            parts[0] = parts[0].model_copy(update={"before_s": planned.before_s})
            parts[-1] = parts[-1].model_copy(update={"pause_s": planned.pause_s})
            return tuple(parts)
        return ()

    def again(self, planned: PlannedLine, take: int) -> tuple[PlannedLine, ...]:
        """The same words by the same voice with another seed; none where the engine knows no seeds."""
        engine = self.engine_of(planned.voice)
        if "seed" not in engine.capabilities(planned.voice).settings:
            return ()
        voice = planned.voice.model_copy(update={"seed": ((planned.voice.seed or 0) + take) % 2**32})
        version = f"{engine.version} {engine.revision(voice)}".strip()
        key = clip_key(planned.spoken.text, planned.marks, voice, planned.language, version=version)
        return (planned.model_copy(update={"voice": voice, "key": key}),)

    def _fallbacks(self, voice: VoicePreset) -> Iterator[VoicePreset]:
        """The voices that read when this one can't, each once: its own, then theirs."""
        waiting, seen = list(voice.fallback), {voice.name}
        while waiting:
            name = waiting.pop(0)
            if name in seen:
                continue
            seen.add(name)
            if name not in self.presets:
                raise UnknownPreset(f"the voice {voice.name!r} falls back on {name!r}, which nobody has defined")
            yield self.presets[name]
            waiting += self.presets[name].fallback

    def _parts(self, line: Line, piece: Piece, voice: VoicePreset, language: str) -> Iterator[PlannedLine]:
        """A piece in the parts that the engine takes.

        Raises: TextTooLong for a word that is longer, before anybody is asked for anything.
        """
        can = self._engine(voice, self._language(piece, voice, language)).capabilities(voice)
        longest = min(filter(None, (can.max_characters, voice.max_characters)))
        readings: dict[tuple[int, int], Reading] = {}

        def reading(part: Piece) -> Reading:
            place = (part.start, len(part.text))
            if place not in readings:
                readings[place] = self._reading(line, part, voice, language)
            return readings[place]

        for part in cut(piece, longest=longest, spoken_length=lambda part: len(reading(part)[0].text)):
            planned = self._planned(line, part, reading(part), voice, language)
            count = len(planned.spoken.text)
            if count > can.max_characters:
                raise TextTooLong(
                    f"line {line.number}: {part.text[:40]!r} … is {count} characters as it is said, and "
                    f"{voice.engine} takes {can.max_characters} at once; write it in several words"
                )
            yield planned

    def _spoken_in(self, line: Line, piece: Piece, voice: VoicePreset, language: str) -> Piece:
        """The piece as the engine can say it: a language that the voice lacks is marked inside, or let go."""
        try:
            self._engine(voice, piece.language or language)
            return piece
        except LanguageNotAllowed:
            if piece.language in ("", language):
                raise
        engine = self._engine(voice, language)
        if "lang" in engine.capabilities(voice).markup:
            mark = Mark(kind="lang", start=0, end=len(piece.text), settings={"xml:lang": piece.language})
            return replace(piece, marks=(mark, *piece.marks))
        self._note(
            f"line {line.number}: the voice {voice.name!r} does not speak {piece.language!r}; "
            f"{piece.text[:40]!r} is read as {language!r}"
        )
        return piece

    def _engine(self, voice: VoicePreset, language: str) -> TtsEngine:
        key = (voice.name, language)
        if key not in self._checked:
            self.allow(voice)
            tuple(self._fallbacks(voice))  # a name that nobody has defined is met now, not when an engine is down
            engine = self.engine_of(voice)
            engine.check(voice, language)
            self._checked[key] = engine
            for name in unknown_settings(voice, engine.capabilities(voice)):
                self._note(f"voice {voice.name!r}: {voice.engine} knows no {name}; it speaks without")
        return self._checked[key]

    def _language(self, piece: Piece, voice: VoicePreset, language: str) -> str:
        """The language that the voice speaks a piece in."""
        return piece.language if (voice.name, piece.language) in self._checked else language

    def _reading(self, line: Line, piece: Piece, voice: VoicePreset, language: str) -> Reading:
        can = self._engine(voice, self._language(piece, voice, language)).capabilities(voice)
        return settled_reading(
            _line(line, piece),
            piece.language or language,
            self.lexicon,
            show=self.show,
            preset=voice.name,
            ipa=can.lexicon == "ipa",
        )

    def _planned(self, line: Line, piece: Piece, reading: Reading, voice: VoicePreset, language: str) -> PlannedLine:
        spoken_in = self._language(piece, voice, language)
        engine, (spoken, asked) = self._engine(voice, spoken_in), reading
        can = engine.capabilities(voice)
        marks = []
        for mark in asked:
            if mark.kind in RENDERED and renders(can, mark):
                marks.append(mark)
            elif mark.kind in RENDERED:
                said = spoken.text[mark.start : mark.end][:40]
                self._note(f"line {line.number}: {voice.engine} renders no {mark.kind}; {said!r} is read without")
        if holds_digit(spoken.text):
            self._note(
                f"line {line.number}: numbers in {piece.language or language!r} are left to {voice.engine}, "
                f"as nobody here reads them; write {spoken.text[:40]!r} in words"
            )
        self.versions[voice.engine] = engine.version
        version = f"{engine.version} {engine.revision(voice)}".strip()
        return PlannedLine(
            line=_line(line, piece),
            spoken=spoken,
            marks=tuple(marks),
            voice=voice,
            language=spoken_in,
            key=clip_key(spoken.text, marks, voice, spoken_in, version=version),
            before_s=piece.before_s,
            pause_s=piece.pause_s,
        )

    def _note(self, text: str) -> None:
        self.notes[text] = None


def replaced(
    inserts: tuple[PlacedInsert, ...], chapters: tuple[ScriptChapter, ...], places: Sequence[int]
) -> tuple[tuple[PlacedInsert, ...], tuple[ScriptChapter, ...]]:
    """The places of inserts and chapters where the lines between them have become others.

    places: where each line that is read begins among the new ones, and how many these are.
    """

    def moved(place: int) -> int:
        before = sum(insert.place < place for insert in inserts)
        return places[place - before] + before

    return (
        tuple(insert.model_copy(update={"place": moved(insert.place)}) for insert in inserts),
        tuple(chapter.model_copy(update={"first_line": moved(chapter.first_line)}) for chapter in chapters),
    )


def _line(line: Line, piece: Piece) -> Line:
    return line.model_copy(update={"text": piece.text, "marks": piece.marks})


def renders(can: TtsCapabilities, mark: Mark) -> bool:
    """Whether an engine says what this mark asks for."""
    return can.lexicon == "ipa" if mark.kind == "phoneme" else mark.kind in can.markup


def unknown_settings(voice: VoicePreset, can: TtsCapabilities) -> tuple[str, ...]:
    """The fields that are set in a preset, and that its engine does not obey."""
    fields = type(voice).model_fields
    return tuple(name for name in OBEYED if getattr(voice, name) != fields[name].default and name not in can.settings)


def clip_key(text: str, marks: Iterable[Mark], voice: VoicePreset, language: str, *, version: str) -> str:
    """The key of a clip: what is said, how, by which voice, with which engine. A preset's name does not sound."""
    parts = {
        "text": text,
        "marks": [mark.model_dump(mode="json") for mark in marks],
        "language": language,
        "voice": voice.sounding,
        "version": version,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
