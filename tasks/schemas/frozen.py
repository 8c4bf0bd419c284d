"""The one configuration that every schema shares."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: compared by content, never changed, and strict about names, so that a typo is an error."""

    # JSON knows no infinity, and the loudness of silence is one: as a string it comes back as it was.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")
