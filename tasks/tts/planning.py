"""How a script is said: every line in stretches that one voice says in one go, and the key of each one's clip."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tasks.errors import EngineError, InvalidRequest, InvalidSettings, LanguageNotAllowed, UnknownPreset
from tasks.schemas import Line, Mark, PlannedLine, Script, ScriptChapter, VoicePreset
from tasks.text.lexicon import Lexicon
from tasks.text.normalize import normalize
from tasks.text.pieces import Piece, cut, pieces_of, spoken_marks
from tasks.text.pinned import pinned_by_marks
from tasks.tts.casting import preset_named
from tasks.tts.engine import TtsCapabilities, TtsEngine

OBEYED = ("rate", "pitch", "stability", "similarity", "style", "instructions", "seed")
"""The fields of a preset that an engine may not know."""
RENDERED = ("emphasis", "prosody", "phoneme", "lang")
"""The kinds of mark that are the engine's to render; all others are done before it is asked."""


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

    def plan(self, script: Script) -> tuple[tuple[PlannedLine, ...], tuple[ScriptChapter, ...]]:
        """All lines of a script, and the chapters before them.

        Raises: InvalidScript, UnknownPreset, LanguageNotAllowed, and what an engine refuses.
        """
        planned: list[PlannedLine] = []
        places = []
        for line in script.lines:
            places.append(len(planned))
            planned += self.stretches(line, self.cast[line.speaker], self.language)
        chapters = tuple(
            chapter.model_copy(update={"first_line": places[chapter.first_line]}) for chapter in script.chapters
        )
        return tuple(planned), chapters

    def stretches(self, line: Line, cast: VoicePreset, language: str) -> Iterator[PlannedLine]:
        """A line as it is said by `cast`, unless a mark calls for another voice or language."""
        for piece in pieces_of(line):
            voice = cast
            if piece.preset:
                voice = preset_named(piece.preset, self.presets, f"line {line.number} asks for the voice")
            engine, piece = self._spoken_in(line, piece, voice, language)
            longest = min(filter(None, (engine.capabilities(voice).max_characters, voice.max_characters)))
            written_in = piece.language or language

            def spoken_length(text: str, language: str = written_in) -> int:
                return len(normalize(text, language).text)

            for part in cut(piece, longest=longest, spoken_length=spoken_length):
                yield self._planned(line, part, voice, language)

    def instead(self, planned: PlannedLine, reason: str) -> tuple[PlannedLine, ...]:
        """The same words by the next voice that can say them; none where no voice is left."""
        cast = self.presets.get(planned.instead_of, planned.voice)
        chain = list(self._fallbacks(cast))
        after = chain[chain.index(planned.voice) + 1 :] if planned.voice in chain else chain
        for voice in after:
            try:
                said = tuple(self.stretches(planned.line, voice, planned.language))
            except (EngineError, InvalidRequest, InvalidSettings) as error:
                self._note(f"voice {voice.name!r} cannot read instead of {cast.name!r}: {error}")
                continue
            told = {"instead_of": cast.name, "reason": reason}
            parts = [part.model_copy(update=told) for part in said]
            parts[0] = parts[0].model_copy(update={"before_s": planned.before_s})
            parts[-1] = parts[-1].model_copy(update={"pause_s": planned.pause_s})
            return tuple(parts)
        return ()

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

    def _spoken_in(self, line: Line, piece: Piece, voice: VoicePreset, language: str) -> tuple[TtsEngine, Piece]:
        """The engine, and the piece as it can say it: a language that the voice lacks is marked inside, or let go."""
        try:
            return self._engine(voice, piece.language or language), piece
        except LanguageNotAllowed:
            if piece.language in ("", language):
                raise
        engine = self._engine(voice, language)
        if "lang" in engine.capabilities(voice).markup:
            mark = Mark(kind="lang", start=0, end=len(piece.text), settings={"xml:lang": piece.language})
            return engine, replace(piece, marks=(mark, *piece.marks))
        self._note(
            f"line {line.number}: the voice {voice.name!r} does not speak {piece.language!r}; "
            f"{piece.text[:40]!r} is read as {language!r}"
        )
        return engine, piece

    def _engine(self, voice: VoicePreset, language: str) -> TtsEngine:
        key = (voice.name, language)
        if key not in self._checked:
            self.allow(voice)
            engine = self.engine_of(voice)
            engine.check(voice, language)
            self._checked[key] = engine
            for name in unknown_settings(voice, engine.capabilities(voice)):
                self._note(f"voice {voice.name!r}: {voice.engine} knows no {name}; it speaks without")
        return self._checked[key]

    def _planned(self, line: Line, piece: Piece, voice: VoicePreset, language: str) -> PlannedLine:
        written_in = piece.language or language
        spoken_in = written_in if (voice.name, written_in) in self._checked else language
        engine = self._engine(voice, spoken_in)
        can = engine.capabilities(voice)
        text = Line(number=line.number, speaker=line.speaker, text=piece.text, marks=piece.marks)
        by_lexicon, phonemes = self.lexicon.readings(
            piece.text, written_in, show=self.show, preset=voice.name, ipa=can.lexicon == "ipa"
        )
        spoken = normalize(piece.text, written_in, pinned=(*pinned_by_marks(text, written_in), *by_lexicon))
        marks = []
        for mark in spoken_marks(spoken, (*piece.marks, *phonemes)):
            if mark.kind in RENDERED and renders(can, mark):
                marks.append(mark)
            elif mark.kind in RENDERED:
                said = spoken.text[mark.start : mark.end][:40]
                self._note(f"line {line.number}: {voice.engine} renders no {mark.kind}; {said!r} is read without")
        self.versions[voice.engine] = engine.version
        version = f"{engine.version} {engine.revision(voice)}".strip()
        return PlannedLine(
            line=text,
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
