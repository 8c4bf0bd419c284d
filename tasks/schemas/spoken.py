"""Text as it is said, mapped back to text as it was written."""

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Span(Frozen):
    """One reading: `written[start:end]` of the source text is said as `spoken`."""

    start: int = Field(ge=0, description="First character in the written text.")
    end: int = Field(ge=0, description="One past the last character in the written text.")
    written: str
    kind: str = Field(description="What it is: number, ordinal, date, year, time, money, percent, abbreviation …")
    spoken: str


class SpokenText(Frozen):
    """What a voice is told to say, and why it differs from what was written."""

    written: str
    text: str
    spans: tuple[Span, ...] = ()
