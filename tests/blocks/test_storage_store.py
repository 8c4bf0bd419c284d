"""The content-addressed store, in a folder and in a bucket."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from s3_server import S3Server

from blocks.storage import Store, open_store
from tasks.errors import InvalidRequest, ObjectDamaged, ObjectMissing, StorageDenied


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return open_store(tmp_path / "store", scratch=tmp_path)
    server: S3Server = request.getfixturevalue("s3_server")
    return open_store(f"s3://{server.fresh_folder()}/work", server.access, scratch=tmp_path)


def test_store_names_an_object_by_its_bytes_and_suffix(store: Store, tmp_path: Path):
    (tmp_path / "a.flac").write_bytes(b"sound")
    from_file = store.put_file(tmp_path / "a.flac", ".flac")
    from_bytes = store.put_bytes(b"sound", ".flac")
    assert from_file == from_bytes
    assert from_file.sha256 == hashlib.sha256(b"sound").hexdigest()
    assert from_file.size_bytes == 5
    assert from_file.uri.endswith(f"/{from_file.sha256}.flac")
    assert store.read_bytes(from_file.uri) == b"sound"
    assert store.put_bytes(b"sound", ".json").uri != from_file.uri


def test_store_lends_a_local_file_and_leaves_no_copy_behind(store: Store, tmp_path: Path):
    reference = store.put_bytes(b"x" * 100_000, ".flac")
    with store.local(reference.uri) as path:
        assert path.read_bytes() == b"x" * 100_000
        assert path.suffix == ".flac"
    assert not list(tmp_path.glob("hladvarp-scratch-*"))


def test_store_says_what_to_do_when_an_object_was_removed(store: Store):
    reference = store.put_bytes(b"soon gone", ".json")
    assert store.exists(reference.uri)
    store.shelf.delete(reference.uri.removeprefix(store.shelf.uri("x")[:-1]))
    assert not store.exists(reference.uri)
    with pytest.raises(ObjectMissing, match="run again, and it is made anew"):
        store.read_bytes(reference.uri)
    with pytest.raises(ObjectMissing, match="run again, and it is made anew"), store.local(reference.uri):
        pass


@pytest.mark.parametrize(
    "outside", ["/etc/passwd", "s3://elsewhere/objects/ab/x", "{root}/../x", "{uri}/../../../x", ""]
)
def test_store_refuses_a_uri_outside(store: Store, outside: str):
    reference = store.put_bytes(b"inside", ".json")
    root = reference.uri.partition("/objects/")[0]
    with pytest.raises(StorageDenied):
        store.read_bytes(outside.format(root=root, uri=reference.uri))


def test_store_remembers_records_under_a_key(store: Store):
    key = hashlib.sha256(b"a clip's inputs").hexdigest()
    assert store.recall(key) is None
    store.remember(key, b"first")
    store.remember(key, b"second")
    assert store.recall(key) == b"second"


@pytest.mark.parametrize("key", ["", "short", "../../../etc/passwd", "A" * 64])
def test_store_refuses_a_key_that_is_no_digest(tmp_path: Path, key: str):
    with pytest.raises(InvalidRequest):
        open_store(tmp_path).recall(key)


def test_store_writes_nothing_twice(tmp_path: Path):
    store = open_store(tmp_path)
    path = Path(store.put_bytes(b"sound", ".flac").uri)
    before = path.stat()
    store.put_bytes(b"sound", ".flac")
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino


def test_store_heals_a_truncated_object(tmp_path: Path):
    store = open_store(tmp_path)
    path = Path(store.put_bytes(b"whole sound", ".flac").uri)
    path.write_bytes(b"whole")
    with pytest.raises(ObjectDamaged):
        store.read_bytes(str(path))
    store.put_bytes(b"whole sound", ".flac")
    assert path.read_bytes() == b"whole sound"


@pytest.mark.parametrize("lies_on", ["disk", "memory"])
def test_store_keeps_a_large_object_in_a_bucket_whole(s3_server: S3Server, tmp_path: Path, lies_on: str):
    store = open_store(f"s3://{s3_server.fresh_folder()}/work", s3_server.access, scratch=tmp_path)
    data = bytes(range(256)) * (36 << 12)  # 36 MiB: three parts
    large = tmp_path / "large.flac"
    large.write_bytes(data)
    reference = store.put_file(large, ".flac") if lies_on == "disk" else store.put_bytes(data, ".flac")
    head = s3_server.filesystem().info(reference.uri)
    assert head["ETag"].strip('"').endswith("-3")
    with store.local(reference.uri) as copy:
        assert copy.read_bytes() == data


def test_store_compares_the_bytes_where_an_etag_is_no_digest(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # As in a bucket that encrypts with keys of its own (SSE-KMS), whose ETags say nothing.
    monkeypatch.setattr("blocks.storage.bucket.multipart_etag", lambda payload, part_bytes: "nothing")
    store = open_store(f"s3://{s3_server.fresh_folder()}/work", s3_server.access, scratch=tmp_path)
    reference = store.put_bytes(b"sound" * (7 << 20), ".flac")
    assert store.exists(reference.uri)
