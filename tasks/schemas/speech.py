"""Speech with times: what a recording says, and what an episode will say."""

from pydantic import Field

from tasks.schemas.frozen import Frozen


class Word(Frozen):
    """A word as it is written, with the seconds at which it is heard."""

    text: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    probability: float = Field(default=1.0, ge=0, le=1)


class Moment(Frozen):
    """A place that the author has named with a mark, and when it is heard."""

    name: str
    at_s: float = Field(ge=0)


class Segment(Frozen):
    """A stretch of speech of one speaker. `speaker` is empty while nobody knows who it is."""

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)
    text: str
    speaker: str = ""
    words: tuple[Word, ...] = ()


class Transcript(Frozen):
    """All that is said, in order, in the time of the sound that it belongs to."""

    language: str
    duration_s: float = Field(ge=0)
    segments: tuple[Segment, ...] = ()
    moments: tuple[Moment, ...] = ()


class Chapter(Frozen):
    """A named stretch of an episode, in its own time."""

    title: str
    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)


class AsrConfig(Frozen):
    """Which engine transcribes, with what: an input of every transcription, since it changes the result."""

    engine: str = "faster-whisper"
    model: str = Field(
        default="", description="A local folder or file, or a name on the hub; empty: the embedded model."
    )
    revision: str = Field(default="", description="What tells this model from another one at the same place.")
    hears_well: tuple[str, ...] = Field(
        default=(),
        description="Languages that the model writes down so well that it may judge voices: is, en. Empty: those that "
        "the embedded model knows, none for a model of your own.",
    )
    device: str = "cpu"
    compute_type: str = "int8"
    beam_size: int = Field(default=5, ge=1, le=10)
    # On a CPU 8 saves 2 % of the work and costs 0.4 GB more; a GPU is busy from 16 on.
    batch_size: int = Field(default=4, ge=1, le=64)
    threads: int = Field(default=2, ge=1)
