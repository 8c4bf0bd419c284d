"""Objects in stores, through real file systems of fsspec."""

from __future__ import annotations

import hashlib
import socket

import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from s3fs import S3FileSystem

from tasks.errors import EmptySource, SourceNotFound, SourceRefused, SourceTooLarge, SourceUnreachable
from tasks.source.remote import copy_remote


@pytest.fixture
def store():
    filesystem = MemoryFileSystem()
    yield filesystem
    filesystem.rm("/", recursive=True)


def copy(uri, target, limits, open_filesystem=url_to_fs):
    return copy_remote(uri, target, limits=limits, open_filesystem=open_filesystem)


def test_copy_remote_keeps_bytes_and_hash(store, target, limits):
    store.pipe("/b/talk.mp3", b"sound" * 1_000)
    got = copy("memory://b/talk.mp3", target, limits)
    assert target.read_bytes() == b"sound" * 1_000
    assert (got.size_bytes, got.sha256) == (5_000, hashlib.sha256(b"sound" * 1_000).hexdigest())


def test_copy_remote_refuses_an_object_above_the_limit(store, target, limits):
    store.pipe("/b/talk.mp3", bytes(100_001))
    with pytest.raises(SourceTooLarge):
        copy("memory://b/talk.mp3", target, limits)
    assert list(target.parent.iterdir()) == []


def test_copy_remote_says_what_is_missing_or_empty_or_a_folder(store, target, limits):
    store.pipe("/b/empty.mp3", b"")
    with pytest.raises(SourceNotFound, match="gone"):
        copy("memory://b/gone.mp3", target, limits)
    with pytest.raises(EmptySource):
        copy("memory://b/empty.mp3", target, limits)
    with pytest.raises(SourceRefused, match="folder"):
        copy("memory://b", target, limits)
    assert list(target.parent.iterdir()) == []


class Truncating(LocalFileSystem):
    """A store that announces more than it gives, as one does whose object is overwritten meanwhile."""

    def info(self, path, **kwargs):
        about = super().info(path, **kwargs)
        return about | {"size": about["size"] + 1}


def test_copy_remote_is_unreachable_when_the_store_gives_less_than_it_announces(tmp_path, target, limits):
    (tmp_path / "a").mkdir()
    talk = tmp_path / "a" / "talk.mp3"
    talk.write_bytes(b"sound")
    with pytest.raises(SourceUnreachable, match="6 bytes and gave 5"):
        copy(str(talk), target, limits, lambda uri: (Truncating(), uri))
    assert not target.exists()


@pytest.mark.parametrize("uri", ["nonsense://bucket/a", "gs://bucket/a"])
def test_copy_remote_refuses_a_scheme_without_a_library(target, limits, uri):
    with pytest.raises(SourceRefused, match="cannot be opened"):
        copy(uri, target, limits)


def test_copy_remote_is_unreachable_when_no_store_answers(target, limits):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        store = S3FileSystem(
            key="k", secret="s", endpoint_url=endpoint, skip_instance_cache=True,
            config_kwargs={"retries": {"max_attempts": 1}, "connect_timeout": 1},
        )  # fmt: skip
        store.retries = 1
        with pytest.raises(SourceUnreachable, match=r"s3://bucket/a"):
            copy("s3://bucket/a", target, limits, lambda uri: (store, "bucket/a"))
