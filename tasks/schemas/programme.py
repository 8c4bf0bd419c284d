"""What passes between the stages on the way from a source to an episode."""

from pydantic import Field

from tasks.schemas.engine_use import EngineUse
from tasks.schemas.frozen import Frozen
from tasks.schemas.mastering import AudioFormat
from tasks.schemas.references import AudioRef, DocumentRef, FileRef, SourceRef
from tasks.schemas.script import ScriptChapter
from tasks.schemas.sound import Loudness
from tasks.schemas.speech import Chapter, Moment, Word


class Recording(Frozen):
    """A decoded recording, and what a person should know of it."""

    audio: AudioRef
    clipped_samples: int = Field(default=0, description="Cut off in the file as it came, where it can be told.")
    clipped_runs: int = Field(default=0, description="Peaks that were cut off there.")
    notes: tuple[str, ...] = ()


class ScriptRef(Frozen):
    """A parsed script in the store, and what the flow needs to know of it."""

    document: DocumentRef
    title: str
    language: str
    inserts: int = Field(default=0, description="How many of its lines were recorded.")
    notes: tuple[str, ...] = ()


class Material(Frozen):
    """What ingest made of the source: a recording, or a script."""

    source: SourceRef
    recording: Recording | None = None
    script: ScriptRef | None = None

    @property
    def title(self) -> str:
        """The source's own title; empty where it has none."""
        return self.script.title if self.script else ""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the recording, or of those that a script names."""
        return (*(self.recording.notes if self.recording else ()), *(self.script.notes if self.script else ()))

    @property
    def the_recording(self) -> Recording:
        """The recording, where ingest has made sure that there is one."""
        assert self.recording is not None
        return self.recording

    @property
    def the_script(self) -> ScriptRef:
        """The script, where ingest has made sure that there is one."""
        assert self.script is not None
        return self.script


class Hearing(Frozen):
    """The language that an engine hears, and which engine that is."""

    language: str
    engine: EngineUse


class TranscriptRef(Frozen):
    """A transcript in the store, the language that was heard, and who heard it."""

    document: DocumentRef
    language: str
    engine: EngineUse

    @property
    def made(self) -> int:
        """Chunks that were transcribed for it."""
        return self.engine.requests


class ChunkBounds(Frozen):
    """A stretch of a recording that is transcribed at once."""

    start_s: float = Field(ge=0)
    end_s: float = Field(ge=0)


class SpokenLine(Frozen):
    """A line with its clip. Word times are seconds from the clip's start; the words are as written."""

    speaker: str
    text: str
    audio: AudioRef
    words: tuple[Word, ...] = ()
    moments: tuple[Moment, ...] = Field(default=(), description="Named by the author; seconds from the clip's start.")
    gain_db: float = Field(default=0.0, description="That brings its voice to the loudness of the others.")
    before_s: float = Field(default=0.0, description="Silence before it that the author asked for.")
    pause_s: float | None = Field(default=None, description="Silence after it, where it is not the usual one.")
    recorded: bool = Field(default=False, description="Whether a person was recorded: heard whole, with its silences.")


class Narration(Frozen):
    """A script, spoken."""

    language: str
    lines: tuple[SpokenLine, ...]
    chapters: tuple[ScriptChapter, ...] = ()


class Programme(Frozen):
    """An episode before mastering: its sound, what is said when, and its chapters."""

    audio: AudioRef
    transcript: DocumentRef
    chapters: tuple[Chapter, ...] = ()


class MasterFile(Frozen):
    """The finished sound in one format, without tags, measured after decoding it."""

    format: AudioFormat
    file: FileRef
    loudness: Loudness
    duration_s: float
    channels: int
    gain_db: float
    rounds: int


class Master(Frozen):
    """The finished sound in every format that was asked for, the MP3 first."""

    files: tuple[MasterFile, ...] = Field(min_length=1)

    @property
    def mp3(self) -> MasterFile:
        """What listeners get."""
        return self.files[0]

    @property
    def loudness(self) -> Loudness:
        """What listeners hear."""
        return self.mp3.loudness

    @property
    def duration_s(self) -> float:
        """How long listeners hear it."""
        return self.mp3.duration_s


class Picture(Frozen):
    """How a programme looks: a waveform, and its peaks for those who draw their own."""

    png: FileRef
    peaks: tuple[float, ...] = Field(description="Along the programme's length, 0 to 1.")


class Finish(Frozen):
    """What postprocess makes of a programme: how it sounds and how it looks."""

    master: Master
    picture: Picture
