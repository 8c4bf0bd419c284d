"""Secrets that people enter in the Prefect UI."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.storage import S3Access


class S3Credentials(Block):
    """Keys to S3 or to anything that speaks its protocol. Empty fields are left to the cloud's own defaults."""

    _block_type_name: ClassVar[str] = "S3 Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-s3-credentials"
    # Prefect's own picture of S3: without one, the UI shows a broken image.
    _logo_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://cdn.sanity.io/images/3ugk85nk/production/d74b16fe84ce626345adf235a47008fea2869a60-225x225.png"
    )
    _description: ClassVar[str] = (
        "Keys to the storage that episodes and clips are kept in. "
        "The block named `hladvarp` is used wherever a storage target brings no keys of its own."
    )
    _code_example: ClassVar[str] = """
```python
from blocks import S3Credentials

credentials = S3Credentials.load("BLOCK_NAME")
```
"""

    endpoint_url: str = Field(
        default="",
        title="Endpoint",
        description="Address of the service; empty for Amazon's own.",
        examples=["https://s3.example.is"],
    )
    region: str = Field(default="", title="Region", description="Such as eu-north-1.")
    access_key_id: str = Field(
        default="", title="Access key", description="Its id, such as AKIA…; empty where the machine has a role."
    )
    secret_access_key: SecretStr = Field(
        default=SecretStr(""), title="Secret key", description="Kept encrypted, and shown to nobody."
    )

    def access(self) -> S3Access:
        """The same, as the storage takes it."""
        return S3Access(
            endpoint_url=self.endpoint_url,
            region=self.region,
            access_key_id=self.access_key_id,
            secret_access_key=self.secret_access_key,
        )
