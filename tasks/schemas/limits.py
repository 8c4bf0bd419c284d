"""How much, how long and from where a source may be fetched."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from pydantic import Field

from tasks.schemas.frozen import Frozen

GIBIBYTE = 2**30
HOUR_S = 3600.0


class SourceLimits(Frozen):
    """The bounds that every source is held to; the defaults suit a machine that strangers can send addresses to."""

    max_bytes: int = Field(default=4 * GIBIBYTE, gt=0, description="Largest source, in bytes.")
    max_feed_bytes: int = Field(default=20 * 2**20, gt=0, description="Largest feed, in bytes.")
    max_duration_s: float = Field(default=12 * HOUR_S, gt=0, description="Longest recording, in seconds.")
    max_redirects: int = Field(default=5, ge=0, description="Redirects that a download may follow.")
    timeout_s: float = Field(default=HOUR_S, gt=0, description="From the first packet to the last byte, in all.")
    connect_timeout_s: float = Field(default=10.0, gt=0)
    stall_timeout_s: float = Field(default=60.0, gt=0, description="The longest silence in the middle of a download.")
    max_wait_s: float = Field(default=60.0, gt=0, description="The longest wait that a busy server may ask for.")
    max_retries: int = Field(default=3, ge=0, description="Of one request, after a reset or a server that is busy.")
    allow_private_addresses: bool = Field(
        default=False, description="Whether downloads may reach private and link-local addresses."
    )
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=(), description="Networks that may be reached although they are private, such as the studio's own."
    )
    # Other fsspec schemes are a setting away. Those that open connections to any host (ftp, sftp, webhdfs …) are left
    # out: the guard on addresses cannot see into their libraries.
    allowed_schemes: tuple[str, ...] = ("http", "https", "file", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
