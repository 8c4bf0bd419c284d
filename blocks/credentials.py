"""Secrets that people enter in the Prefect UI."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, HttpUrl, SecretStr

from blocks.storage import S3Access
from tasks.schemas import EngineAccess

# Prefect's own picture of a secret: without one, the UI shows a broken image.
SECRET_PICTURE = HttpUrl(
    "https://raw.githubusercontent.com/PrefectHQ/prefect/"
    "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/secret.png"
)


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


class AzureSpeechCredentials(Block):
    """Key of an Azure Speech resource: the voices Guðrún and Gunnar speak Icelandic."""

    _block_type_name: ClassVar[str] = "Azure Speech Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-azure-speech-credentials"
    _logo_url: ClassVar[HttpUrl | None] = SECRET_PICTURE
    _description: ClassVar[str] = (
        "Key and region of an Azure Speech resource. The block named `hladvarp` is used by every Azure voice that "
        "names no account of its own."
    )

    api_key: SecretStr = Field(
        title="Key", description="KEY 1 or KEY 2 of the Speech resource. Kept encrypted, and shown to nobody."
    )
    region: str = Field(default="northeurope", title="Region", description="Such as northeurope, as the portal says.")
    base_url: str = Field(
        default="", title="Endpoint", description="Empty: the region's own. A custom domain or container has another."
    )

    def access(self) -> EngineAccess:
        """The same, as the engine takes it."""
        return EngineAccess(base_url=self.base_url, api_key=self.api_key, region=self.region)


class ElevenLabsCredentials(Block):
    """Key of an ElevenLabs account, which also keeps cloned voices."""

    _block_type_name: ClassVar[str] = "ElevenLabs Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-elevenlabs-credentials"
    _logo_url: ClassVar[HttpUrl | None] = SECRET_PICTURE
    _description: ClassVar[str] = (
        "Key of an ElevenLabs account. The block named `hladvarp` is used by every ElevenLabs voice that names no "
        "account of its own, and by `clone-voice`."
    )

    api_key: SecretStr = Field(
        title="Key",
        description="May be limited to text to speech, and voices where voices are cloned. Kept encrypted.",
    )
    base_url: str = Field(
        default="", title="Endpoint", description="Empty: the usual one. Residency in the EU has another."
    )

    def access(self) -> EngineAccess:
        """The same, as the engine takes it."""
        return EngineAccess(base_url=self.base_url, api_key=self.api_key)


class OpenAICredentials(Block):
    """Key of an OpenAI project, for its Realtime voices."""

    _block_type_name: ClassVar[str] = "OpenAI Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-openai-credentials"
    _logo_url: ClassVar[HttpUrl | None] = SECRET_PICTURE
    _description: ClassVar[str] = (
        "Key of an OpenAI project. The block named `hladvarp` is used by every OpenAI voice that names no account of "
        "its own."
    )

    api_key: SecretStr = Field(title="Key", description="Begins with sk-. Kept encrypted, and shown to nobody.")
    base_url: str = Field(default="", title="Endpoint", description="Empty: the usual one.")

    def access(self) -> EngineAccess:
        """The same, as the engine takes it."""
        return EngineAccess(base_url=self.base_url, api_key=self.api_key)


class VoiceServer(Block):
    """A server that speaks OpenAI's `/v1/audio/speech`: the studio's own, or a vendor's."""

    _block_type_name: ClassVar[str] = "Voice Server (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-voice-server"
    _logo_url: ClassVar[HttpUrl | None] = HttpUrl(
        "https://raw.githubusercontent.com/PrefectHQ/prefect/"
        "420d0d6a78bb6df1fc18bcf188fdad43c1d22ea9/assets/block-logos/webhook.png"
    )
    _description: ClassVar[str] = (
        "Address of a server that speaks OpenAI's `/v1/audio/speech`, as Kokoro-FastAPI, speaches and many others do. "
        "The block named `hladvarp` is used by every such voice that names no account of its own."
    )

    base_url: str = Field(
        title="Address", description="With or without /v1.", examples=["http://voices.studio.example:8880/v1"]
    )
    api_key: SecretStr = Field(default=SecretStr(""), title="Key", description="Empty where the server asks for none.")

    def access(self) -> EngineAccess:
        """The same, as the engine takes it."""
        return EngineAccess(base_url=self.base_url, api_key=self.api_key)


class PollyCredentials(Block):
    """Keys of an AWS user who may call Amazon Polly: the voices Dóra and Karl speak Icelandic."""

    _block_type_name: ClassVar[str] = "Amazon Polly Credentials (hladvarp)"
    _block_type_slug: ClassVar[str] = "hladvarp-polly-credentials"
    _logo_url: ClassVar[HttpUrl | None] = SECRET_PICTURE
    _description: ClassVar[str] = (
        "Keys of an AWS user with the right polly:SynthesizeSpeech. Empty keys are left to the machine's own role. The "
        "block named `hladvarp` is used by every Polly voice that names no account of its own."
    )

    access_key_id: str = Field(default="", title="Access key", description="Its id, which begins with AKIA.")
    secret_access_key: SecretStr = Field(
        default=SecretStr(""), title="Secret key", description="Kept encrypted, and shown to nobody."
    )
    region: str = Field(default="eu-west-1", title="Region", description="Such as eu-west-1.")
    base_url: str = Field(default="", title="Endpoint", description="Empty: the region's own.")

    def access(self) -> EngineAccess:
        """The same, as the engine takes it."""
        return EngineAccess(
            base_url=self.base_url,
            api_key=self.secret_access_key,
            access_key_id=self.access_key_id,
            region=self.region,
        )
