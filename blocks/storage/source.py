"""File systems that sources are read from."""

from __future__ import annotations

import re

import fsspec
from fsspec import AbstractFileSystem

from blocks.storage.access import S3Access, s3_filesystem
from blocks.storage.address import BucketAddress, parse_address
from tasks.errors import SourceRefused

_ALLOWED = ("file", "local", "memory", "s3", "s3a", "gs", "gcs", "az", "abfs", "abfss")
"""Folders and object stores. Whatever names a host goes the way of web addresses, which looks at where they lead."""


def open_source_filesystem(uri: str, s3: S3Access | None = None) -> tuple[AbstractFileSystem, str]:
    """Give the file system of an fsspec uri (s3://, file://, memory:// …) and the path in it.

    Raises: SourceRefused when there is no such protocol here, or the uri chains several.
    """
    protocol = uri.partition("://")[0].lower() if "://" in uri else "file"
    if "::" in uri or protocol not in _ALLOWED:
        raise SourceRefused(
            f"a source on {protocol}:// is not read this way; "
            f"give a file, a web address, or a uri of one of {', '.join(_ALLOWED)}"
        )
    if protocol in ("s3", "s3a"):
        address = parse_address(uri)
        if not isinstance(address, BucketAddress):
            raise SourceRefused(f"{uri!r} names no bucket; write it as s3://bucket/talk.mp3")
        return s3_filesystem(s3 or S3Access()), f"{address.bucket}/{address.prefix}"
    try:
        filesystem, path = fsspec.core.url_to_fs(uri)
    except (ValueError, ImportError) as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise SourceRefused(
            f"a source on {protocol}:// cannot be read here ({reason}); copy it to a folder or to S3"
        ) from error
    return filesystem, path
