"""References into the content-addressed store: a uri is a function of the content; equal references, equal bytes."""

from typing import Literal

from pydantic import Field

from tasks.schemas.frozen import Frozen


class FileRef(Frozen):
    """A file in the store."""

    uri: str
    sha256: str
    size_bytes: int = Field(ge=0)


class DocumentRef(Frozen):
    """A JSON document in the store: a `Script`, a `Transcript`, a list of `Clip`."""

    uri: str
    sha256: str


class AudioRef(Frozen):
    """A FLAC file in the store."""

    uri: str
    sha256: str
    duration_s: float = Field(ge=0)
    sample_rate_hz: int = Field(gt=0)
    channels: int = Field(gt=0)


class SourceRef(Frozen):
    """What the user gave, fetched into the store."""

    uri: str
    sha256: str
    size_bytes: int = Field(ge=0)
    name: str = Field(description="The source's own file name, without folders.")
    address: str = Field(description="Where it came from, without credentials.")
    kind: Literal["recording", "script"]
