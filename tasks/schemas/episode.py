"""What a user asks for, and what came of it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from tasks.errors import LanguageNotAllowed
from tasks.schemas.engine_use import EngineUse
from tasks.schemas.frozen import Frozen
from tasks.schemas.gate import Gate, RoundTrip, Verdict
from tasks.schemas.mastering import Mastering
from tasks.schemas.programme import Finish, Material, Programme
from tasks.schemas.quality import Quality
from tasks.schemas.references import DocumentRef, FileRef
from tasks.schemas.share import PodEntry
from tasks.schemas.sound import Loudness
from tasks.schemas.synthesis import Cost, Substitution, Synthesis, VoiceUse
from tasks.schemas.treatment import Treatment, TreatmentReport

Production = Literal["narrate", "enhance", "revoice"]
Language = Literal["auto", "is", "en", "da", "sv", "no", "fo", "de", "fr", "es", "pl"]


_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # controls, and what turns letters round


def _on_one_line(text: str) -> str:
    return " ".join(_UNSEEN.sub(" ", text).split())


def _visible(name: str) -> str:
    if not name:
        raise ValueError("a show needs a name that can be seen")
    return name


Place = Annotated[str, StringConstraints(strip_whitespace=True)]
Name = Annotated[str, AfterValidator(_on_one_line)]
"""What people see on a page, in a feed and in a player: one line, without signs that nobody sees."""


class CastEntry(Frozen):
    """Who is read by which voice."""

    speaker: str = Field(
        title="Speaker", description="The name as it stands in the script.", json_schema_extra={"position": 1}
    )
    preset: str = Field(title="Voice", description="Name of a voice preset.", json_schema_extra={"position": 2})


class EpisodeRequest(Frozen):
    """One episode, please."""

    source: Place = Field(
        min_length=1,
        max_length=4096,
        title="Source",
        description="A recording or a script: a file, a folder, an http(s) address, a feed, or a uri (s3://bucket/talk.mp3).",
        json_schema_extra={"position": 1},
    )
    production: Production = Field(
        default="narrate",
        title="Production",
        description="narrate: voices read a script. enhance: a recording, mastered. revoice: a recording, read anew.",
        json_schema_extra={"position": 2},
    )
    show: Annotated[Name, AfterValidator(_visible)] = Field(
        default="hladvarp",
        min_length=1,
        max_length=100,
        title="Show",
        description="Which show it belongs to: a name from the settings, or a new one.",
        json_schema_extra={"position": 3},
    )
    title: Name = Field(
        default="",
        max_length=200,
        title="Title",
        description="Empty: the script's own title, or the source's name.",
        json_schema_extra={"position": 4},
    )
    language: Language = Field(
        default="auto",
        title="Language",
        description="auto: heard or read from the source, among the languages of the show.",
        json_schema_extra={"position": 5},
    )
    cast: tuple[CastEntry, ...] = Field(
        default=(),
        title="Cast",
        description="Speakers and their voices. Whoever is missing here is looked up in the settings' cast.",
        json_schema_extra={"position": 6},
    )
    template: Name = Field(
        default="",
        max_length=60,
        title="Template",
        description="Name of an episode template: intro, music, outro. Empty: the show's; none: none.",
        json_schema_extra={"position": 7},
    )
    treatment: Treatment = Field(
        default=Treatment(),
        title="Treatment",
        description="What is done to the sound of a recording that is enhanced.",
        json_schema_extra={"position": 8},
    )
    mastering: Mastering = Field(
        default=Mastering(),
        title="Mastering",
        description="How loud it becomes, and in which files.",
        json_schema_extra={"position": 9},
    )
    gate: Gate = Field(
        default=Gate(),
        title="Gate",
        description="What it must be like to be published; otherwise a person decides.",
        json_schema_extra={"position": 10},
    )
    publish_to: Place = Field(
        default="",
        max_length=1024,
        title="Publish to",
        description="A folder, a uri (s3://bucket/podcasts), or block:name of a storage target. Empty: the default.",
        json_schema_extra={"position": 11},
    )
    budget: float = Field(
        default=0.0,
        ge=0.0,
        title="Budget (USD)",
        description="Stop before the first paid request if the estimate is above this. 0: no limit.",
        json_schema_extra={"position": 12},
    )
    pods: int = Field(
        default=1,
        ge=1,
        le=16,
        title="Pods",
        description="How many machines share each stage that is placed on a work pool.",
        json_schema_extra={"position": 13},
    )


class Show(Frozen):
    """A podcast, as its feed describes it."""

    title: str = ""
    description: str = ""
    author: str = ""
    email: str = ""
    link: str = Field(default="", description="The show's web page.")
    languages: tuple[str, ...] = Field(
        default=("is", "en"), min_length=1, description="Spoken here; the first is the feed's."
    )
    template: str = Field(default="", description="Name of the template of its episodes; empty: none.")
    category: str = "Society & Culture"
    explicit: bool = False
    cover: str = Field(
        default="", description="Path of a square JPEG or PNG, 1400 to 3000 pixels; empty: one is drawn."
    )

    def languages_for(self, language: str) -> tuple[str, ...]:
        """The languages that an episode may be in.

        Raises: LanguageNotAllowed.
        """
        if language == "auto":
            return self.languages
        if language not in self.languages:
            raise LanguageNotAllowed(
                f"{self.title or 'this show'} is not in {language!r}; its settings allow {', '.join(self.languages)}"
            )
        return (language,)


class SourceEntry(Frozen):
    """What an episode was made from."""

    name: str
    address: str
    sha256: str
    size_bytes: int
    kind: Literal["recording", "script"]


class StageEntry(Frozen):
    """How long a stage took, in this run; near zero where everything was stored already."""

    stage: str
    elapsed_s: float
    pods: tuple[PodEntry, ...] = Field(default=(), description="Who did it, where it was placed on a work pool.")


class Draft(Frozen):
    """An episode before mastering, and who made it."""

    programme: Programme
    language: str
    heard_by: EngineUse | None = None
    synthesis: Synthesis | None = None
    treatment: TreatmentReport | None = None
    template: str = Field(default="", description="Name of the template around it.")
    notes: tuple[str, ...] = Field(default=(), description="What a person should know of how it was put together.")

    @property
    def engines(self) -> tuple[EngineUse, ...]:
        """Everybody who had a part in it, in order."""
        return (*((self.heard_by,) if self.heard_by else ()), *(self.synthesis.engines if self.synthesis else ()))


class Parcel(Frozen):
    """Everything that publishing needs: what is to be published, and what the manifest says of it."""

    request: EpisodeRequest
    show: Show
    title: str
    material: Material
    draft: Draft
    finish: Finish
    quality: Quality
    review: Review | None = None
    stages: tuple[StageEntry, ...] = ()


class Kept(Frozen):
    """An episode that its gate held back, whole: what a person decides on."""

    id: str = Field(description="What a command calls it.")
    title: str
    show: str
    parcel: DocumentRef = Field(description="What is published if the person says so.")
    loudness_png: FileRef
    spectrogram_png: FileRef
    publish_to: str = Field(description="As the request had it.")
    kept_at: str = Field(description="ISO 8601, UTC.")
    page: str = Field(description="Where to listen.")
    failures: tuple[str, ...] = Field(description="Why it was held back.")


class Review(Frozen):
    """What a person decided of an episode that was held back."""

    decision: Literal["approve", "reject"]
    reviewer: str
    note: str = ""
    decided_at: str = Field(description="ISO 8601, UTC.")
    failures: tuple[str, ...] = Field(default=(), description="Why it had been held back.")


class FileEntry(Frozen):
    """A published file."""

    name: str
    size_bytes: int
    sha256: str
    content_type: str
    loudness: Loudness | None = Field(default=None, description="Of sound: measured after decoding it.")


class EpisodeManifest(Frozen):
    """What was made, from what, by which engines and versions, and where it is."""

    schema_version: Literal[1] = 1
    hladvarp_version: str
    production: Production
    show: str
    show_slug: str
    episode: str = Field(description="The episode's folder name.")
    guid: str
    title: str
    language: str
    source: SourceEntry
    synthetic_speech: bool = Field(default=False, description="Whether machines speak in it: the voices below.")
    voices: tuple[VoiceUse, ...] = ()
    substitutions: tuple[Substitution, ...] = Field(default=(), description="Lines that another voice read, and why.")
    template: str = Field(default="", description="Name of the episode template that was used.")
    treatment: TreatmentReport | None = Field(
        default=None, description="What was done to the sound of a recording before mastering."
    )
    mastering: Mastering
    duration_s: float
    loudness: Loudness
    engines: tuple[EngineUse, ...] = ()
    clips_made: int = 0
    clips_reused: int = 0
    cost: Cost = Cost()
    round_trip: RoundTrip | None = Field(default=None, description="Where voices were synthesized.")
    verdict: Verdict = Verdict()
    review: Review | None = Field(default=None, description="Where a person let it pass its gate.")
    stages: tuple[StageEntry, ...] = ()
    files: tuple[FileEntry, ...] = ()
    notes: tuple[str, ...] = Field(default=(), description="What a person should know, such as a damaged recording.")
    published_at: str = Field(description="When it was first published, ISO 8601, UTC.")
    published_to: str = Field(description="The folder or uri of the episode.")
    page: str = Field(description="Where to listen.")
    feed: str = Field(description="The show's feed.")
