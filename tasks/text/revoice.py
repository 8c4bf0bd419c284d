"""A transcript as a script: what was heard, in lines that a voice can read."""

from __future__ import annotations

import re

from tasks.schemas import Line, Script, Transcript

LONGEST_LINE_CHARACTERS = 300  # about twenty seconds: a breath group or two, and one clip
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”“»)]*\s+(?=[\"„“«(]?[^\W\d_a-záéíóúýþæöð]|\d)")
_ORDINAL_OR_INITIAL = re.compile(
    r"(?:\b\d{1,4}|\b[^\W\d_]|\b(?:kl|dr|sr|nr|bls|hr|frk|t\.d|m\.a|þ\.e|skv|sbr|u\.þ\.b))\.$", re.IGNORECASE
)


def script_of(transcript: Transcript, title: str) -> Script:
    """The lines of a transcript: a turn is cut at sentences, and no line is much longer than a voice reads well."""
    turns: list[tuple[str, str]] = []
    for segment in transcript.segments:
        text = " ".join(segment.text.split())
        if text and turns and turns[-1][0] == segment.speaker:
            turns[-1] = (segment.speaker, f"{turns[-1][1]} {text}")
        elif text:
            turns.append((segment.speaker, text))
    pieces = [(speaker, piece) for speaker, text in turns for piece in _pieces(text)]
    lines = tuple(Line(number=n, speaker=speaker, text=text) for n, (speaker, text) in enumerate(pieces, start=1))
    return Script(title=title, language=transcript.language, lines=lines)


def sentences(text: str) -> list[str]:
    """The sentences of a text, as far as their ends can be seen."""
    found, start = [], 0
    for match in _SENTENCE_END.finditer(text):
        if not _ORDINAL_OR_INITIAL.search(text[max(start, match.start() - 8) : match.start()]):
            found.append(text[start : match.end()].strip())
            start = match.end()
    return [*found, text[start:].strip()] if text[start:].strip() else found


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sentence in (part for whole in sentences(text) for part in _short_enough(whole)):
        if pieces and len(pieces[-1]) + 1 + len(sentence) <= LONGEST_LINE_CHARACTERS:
            pieces[-1] = f"{pieces[-1]} {sentence}"
        else:
            pieces.append(sentence)
    return pieces


def _short_enough(sentence: str) -> list[str]:
    """A sentence, or where it is too long its parts: cut after a comma, or else between words."""
    parts = []
    while len(sentence) > LONGEST_LINE_CHARACTERS:
        head = sentence[: LONGEST_LINE_CHARACTERS + 1]
        comma, space = max(head.rfind(sign + " ") + 1 for sign in ",;:–"), head.rfind(" ")
        cut = comma if comma > LONGEST_LINE_CHARACTERS // 3 else space if space > 0 else LONGEST_LINE_CHARACTERS
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*parts, sentence] if sentence else parts
