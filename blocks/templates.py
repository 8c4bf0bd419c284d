"""Episode templates that a studio has saved."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl

from blocks.saved import saved
from tasks.errors import InvalidTemplate
from tasks.schemas import EpisodeTemplate


class SavedTemplate(Block):
    """What a show's episodes have around what is said, as it is kept in the Prefect UI."""

    _block_type_name: ClassVar[str] = "Episode Template (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-episode-template"
    # Prefect's own picture of a file system.
    _logo_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://raw.githubusercontent.com/PrefectHQ/prefect/"
        "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/filesystem.png"
    )
    _description: ClassVar[str] = (
        "Intro, stings between chapters, a bed of music that gives way to speech, outro and room tone. A request or a "
        "show's settings call it by its own name, whatever the block is called."
    )

    template: EpisodeTemplate = Field(title="Template", description="What is around what is said.")


def saved_templates() -> dict[str, EpisodeTemplate]:
    """The templates of all saved blocks, by name.

    Raises: InvalidTemplate when two blocks hold templates of one name, or one no longer fits.
    """
    return saved(SavedTemplate, "template", EpisodeTemplate, InvalidTemplate)
