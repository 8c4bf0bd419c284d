"""The one configuration that every schema shares."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: compared by content, never changed, and strict about names, so that a typo is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
