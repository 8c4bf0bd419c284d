"""A script: who says what, under which headings."""

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Line(Frozen):
    """One turn of one speaker, as it was written."""

    number: int = Field(ge=1, description="Line number in the source, from 1: what an error message points at.")
    speaker: str = Field(description="The speaker's name; empty where the source names none.")
    text: str


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
        """The speakers in the order of their first lines."""
        return tuple(dict.fromkeys(line.speaker for line in self.lines))
