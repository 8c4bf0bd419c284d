"""A person's consent to have their voice cloned."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, WithJsonSchema

from tasks.errors import ConsentEnded, ConsentMissing
from tasks.schemas.frozen import Frozen

# The Prefect UI shows tabs ("date-time", "None") for what may be missing; with this it shows a field to be left empty.
Moment = Annotated[datetime | None, WithJsonSchema({"type": "string", "format": "date-time"})]


class Consent(Frozen):
    """Who consented to what, how that is proved, and until when."""

    person: str = Field(
        min_length=1,
        max_length=200,
        title="Person",
        description="The person whose voice it is, by full name.",
        json_schema_extra={"position": 1},
    )
    statement: str = Field(
        min_length=20,
        max_length=5000,
        title="Statement",
        description="What the person said or signed, word for word.",
        json_schema_extra={"position": 2},
    )
    recording_sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$",
        title="SHA-256 of the recording",
        description="Of the recording in which the person reads the statement: sha256sum shows it.",
        json_schema_extra={"position": 3},
    )
    scope: tuple[str, ...] = Field(
        default=(),
        title="Scope",
        description="Shows in which the voice may be used. Empty: all of this studio's.",
        json_schema_extra={"position": 4},
    )
    granted_at: datetime = Field(
        title="Granted", description="When the person consented.", json_schema_extra={"position": 5}
    )
    expires_at: Moment = Field(
        default=None,
        title="Expires",
        description="When it runs out. Empty: not by itself.",
        json_schema_extra={"position": 6},
    )
    revoked_at: Moment = Field(
        default=None,
        title="Revoked",
        description="When the person took it back. Leave it empty: the flow revoke-consent sets it.",
        json_schema_extra={"position": 7},
    )

    def require(self, show: str = "", *, now: datetime | None = None) -> None:
        """Refuse a use that this consent does not cover; `show` is empty where it is for no show, as in a preview.

        Raises: ConsentEnded, ConsentMissing.
        """
        moment = now or datetime.now(UTC)
        if self.revoked_at is not None:
            raise ConsentEnded(f"{self.person} took back the consent on {_day(self.revoked_at)}; cast another voice")
        if self.expires_at is not None and _aware(self.expires_at) <= moment:
            raise ConsentEnded(
                f"the consent of {self.person} ran out on {_day(self.expires_at)}; "
                "ask for a new one, or cast another voice"
            )
        if _aware(self.granted_at) > moment:
            raise ConsentMissing(f"the consent of {self.person} begins on {_day(self.granted_at)}, which is to come")
        if show and self.scope and show not in self.scope:
            raise ConsentMissing(
                f"the consent of {self.person} covers {', '.join(self.scope)}, not the show {show!r}; "
                "ask for a wider one, or cast another voice"
            )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
