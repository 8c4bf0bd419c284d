"""A script: who says what, how, under which headings."""

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen
from tasks.schemas.references import SourceRef
from tasks.schemas.voice import Clip

MarkKind = Literal["break", "emphasis", "prosody", "say-as", "sub", "phoneme", "lang", "mark", "voice"]


class Mark(Frozen):
    """What an author asks of the voice, over a stretch of text: an element of SSML 1.1, standing off.

    `settings` holds the element's attributes by their SSML names: {"rate": "slow"}, {"alias": "…"}, {"time": "500ms"}.
    """

    kind: MarkKind
    start: int = Field(ge=0, description="First character in the text.")
    end: int = Field(ge=0, description="One past the last character; equal to start for break and mark.")
    settings: dict[str, str] = Field(default_factory=dict)


class Insert(Frozen):
    """A recorded clip that a script names, to be heard in its place."""

    file: str = Field(description="As it is written: a path from the script's own folder.")
    clip: Clip | None = Field(default=None, description="Its sound, once ingest has fetched it.")


class InsertSource(Frozen):
    """The file of a recorded clip, fetched into the store, and the first line that names it."""

    line: int
    file: str
    source: SourceRef


class Line(Frozen):
    """One turn of one speaker, as it was written."""

    number: int = Field(ge=1, description="Line number in the source, from 1: what an error message points at.")
    speaker: str = Field(description="The speaker's name; empty where the source names none.")
    text: str = Field(description="Plain words; markup stands in `marks`.")
    marks: tuple[Mark, ...] = Field(default=(), description="In the order of their starts, outer before inner.")
    insert: Insert | None = Field(
        default=None, description="What is heard in place of a voice; `text` is then what is said in it, or empty."
    )


class ScriptChapter(Frozen):
    """A heading, and the line that it stands before."""

    title: str
    first_line: int = Field(ge=0, description="Index into `Script.lines`.")


class Script(Frozen):
    """Everything that is to be read, in order."""

    title: str = ""
    language: str = ""
    lines: tuple[Line, ...]
    chapters: tuple[ScriptChapter, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """The speakers whom a voice is to read, in the order of their first lines."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines if line.insert is None))

    @property
    def inserts(self) -> tuple[Line, ...]:
        """The lines that were recorded."""
        return tuple(line for line in self.lines if line.insert is not None)
