"""The account at RunPod that a work pool rents its GPUs with."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.credentials import SECRET_PICTURE


class RunPodCredentials(Block):
    """Key of a RunPod account, which pays for the pods of a work pool of type `runpod`."""

    _block_type_name: ClassVar[str] = "RunPod Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-runpod-credentials"
    _logo_url: ClassVar[HttpUrl | None] = SECRET_PICTURE
    _description: ClassVar[str] = (
        "Key of a RunPod account. The block named `hladvarp` is used by every work pool of type `runpod` that names "
        "no other. The worker alone reads it; no pod ever gets it."
    )

    api_key: SecretStr = Field(
        title="Key",
        description="From RunPod's console, Settings, API keys, with read and write rights. Begins with rpa_. "
        "Kept encrypted, and shown to nobody.",
    )
    base_url: str = Field(
        default="https://api.runpod.io", title="Endpoint", description="Where RunPod's API v2 is, without /v2."
    )
