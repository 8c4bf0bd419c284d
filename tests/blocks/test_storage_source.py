"""File systems that sources are read from."""

from __future__ import annotations

from pathlib import Path

import pytest
from s3_server import S3Server

from blocks.storage import open_source_filesystem
from tasks.errors import InvalidRequest, SourceRefused


def test_source_filesystem_reads_a_bucket_with_the_given_keys(s3_server: S3Server):
    folder = s3_server.fresh_folder()
    s3_server.filesystem().pipe_file(f"{folder}/þáttur #1?.mp3", b"sound")
    filesystem, path = open_source_filesystem(f"s3://{folder}/þáttur #1?.mp3", s3_server.access)
    assert filesystem.cat_file(path) == b"sound"


def test_source_filesystem_reads_a_file(tmp_path: Path):
    (tmp_path / "talk.mp3").write_bytes(b"sound")
    for uri in (str(tmp_path / "talk.mp3"), f"file://{tmp_path}/talk.mp3"):
        filesystem, path = open_source_filesystem(uri)
        assert filesystem.cat_file(path) == b"sound"


@pytest.mark.parametrize(
    "uri", ["http://10.0.0.1/x", "sftp://host/x", "github://a:b@c/x", "simplecache::http://h/x", "nope://x", "s3://"]
)
def test_source_filesystem_refuses_what_names_a_host(uri: str):
    with pytest.raises((SourceRefused, InvalidRequest)):
        open_source_filesystem(uri)
