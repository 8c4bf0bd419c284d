"""Whose folder: what tells one episode from another."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

CLAIM = "claim.json"
"""The first file in an episode's folder: who has written it has the folder."""


class ClaimedSource(BaseModel):
    """As much of a `SourceEntry` as tells one source from another."""

    model_config = ConfigDict(frozen=True)

    address: str
    sha256: str


class Claim(BaseModel):
    """As much of a manifest as tells one episode from another: what every version writes, whatever else it writes."""

    model_config = ConfigDict(frozen=True)

    production: str
    source: ClaimedSource

    def is_of_source(self, other: Claim) -> bool:
        """Whether both are made from one source: a file that was edited, or one that only moved, is the same."""
        return self.source.address == other.source.address or self.source.sha256 == other.source.sha256

    def is_of_episode(self, other: Claim) -> bool:
        """Whether both are of one episode: a recording that was enhanced, and then revoiced, is two."""
        return self.production == other.production and self.is_of_source(other)


def read_claim(data: bytes | None) -> Claim | None:
    """What a claim says, or a manifest, also one that another version wrote; None where none can be read."""
    try:
        return Claim.model_validate_json(data) if data else None
    except ValidationError:
        return None
