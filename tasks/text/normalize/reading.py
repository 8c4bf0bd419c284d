"""What every language's reader gives: a stretch of the written text, what it is, and the words for it."""

from typing import NamedTuple


class Reading(NamedTuple):
    """`text[start:end]` is said as `spoken`."""

    start: int
    end: int
    kind: str
    spoken: str
