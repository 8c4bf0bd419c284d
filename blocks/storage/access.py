"""How S3 is reached: keys, endpoint, patience."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic import SecretStr

from tasks.errors import InvalidSettings

if TYPE_CHECKING:
    import s3fs

_NOTHING = SecretStr("")


@dataclass(frozen=True)
class S3Access:
    """Endpoint and keys; what is empty comes from botocore's own chain (environment, profile, instance role)."""

    endpoint_url: str = ""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: SecretStr = _NOTHING
    session_token: SecretStr = _NOTHING

    def __post_init__(self) -> None:
        if self.endpoint_url and not self.endpoint_url.startswith(("http://", "https://")):
            raise InvalidSettings(
                f"the S3 endpoint {self.endpoint_url!r} is not an address; write it as https://host[:port]"
            )
        if bool(self.access_key_id) != bool(self.secret_access_key.get_secret_value()):
            raise InvalidSettings("an S3 access key id and its secret belong together; give both or neither")

    @property
    def is_set(self) -> bool:
        """Whether anything is given here, or all of it is left to botocore."""
        return self != S3Access()


def s3_filesystem(access: S3Access) -> s3fs.S3FileSystem:
    """Give this process's connection; s3fs is not fork-safe, so a child makes its own."""
    return _connect(access, os.getpid())


@lru_cache(maxsize=32)
def _connect(access: S3Access, _pid: int) -> s3fs.S3FileSystem:
    import s3fs  # it takes 0.3 s, which processes that never see a bucket need not wait for

    config: dict[str, object] = {
        "connect_timeout": 5,
        "read_timeout": 60,
        "retries": {"max_attempts": 5, "mode": "standard"},
        "signature_version": "s3v4",
    }
    if access.endpoint_url:
        config["s3"] = {"addressing_style": "path"}  # own servers seldom have a name for every bucket
    filesystem = s3fs.S3FileSystem(
        key=access.access_key_id or None,
        secret=access.secret_access_key.get_secret_value() or None,
        token=access.session_token.get_secret_value() or None,
        endpoint_url=access.endpoint_url or None,
        client_kwargs={"region_name": access.region} if access.region else {},
        config_kwargs=config,
        use_listings_cache=False,  # other writers exist: a remembered listing is a wrong one
        skip_instance_cache=True,
    )
    filesystem.retries = 1  # botocore retries already, and Prefect above it; a third layer multiplies the waiting
    return filesystem
