"""A shelf that is a prefix in an S3 bucket."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec.asyn
import structlog

from blocks.failures import translated
from blocks.storage.access import S3Access, s3_filesystem
from blocks.storage.payload import Headers, Payload, multipart_etag
from blocks.storage.shelf import CONFLICT_PATIENCE_S
from tasks.errors import ObjectDamaged, ObjectMissing, StorageDenied, WriteConflict

PART_BYTES = 16 << 20
"""One part of a large upload; with four in flight 1 GB costs 0.2 GB of memory (with s3fs's defaults 1.1 GB)."""
PARTS_IN_FLIGHT = 4
SINGLE_PUT_BYTES = 2 * PART_BYTES
"""Below this one request carries all, and with it a digest that the server checks."""
CONFLICT_TRIES = 100
ABANDONED_AFTER = timedelta(days=1)
_DIGEST = "sha256"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BucketShelf:
    """Objects below `prefix`, which is empty or has no slash at its ends."""

    bucket: str
    prefix: str
    access: S3Access

    def uri(self, name: str) -> str:
        """Give the s3:// uri."""
        return f"s3://{self.bucket}/{self._key(name)}"

    def size(self, name: str) -> int | None:
        """Give the size of an object in bytes; None where there is none."""
        head = self._head(name)
        return None if head is None else int(head["ContentLength"])

    def put(self, name: str, payload: Payload, headers: Headers) -> None:
        """Upload, and check what arrived; the digest travels with the object, so the same bytes are sent once."""
        if not _is_same(self._head(name), payload, headers):
            self._upload(name, payload, headers)

    def update(self, name: str, render: Callable[[], bytes], headers: Headers) -> None:
        """Look at the version, render, and write on condition that the version is still that one."""
        deadline = time.monotonic() + CONFLICT_PATIENCE_S
        for attempt in range(CONFLICT_TRIES):
            head = self._head(name)  # before render, so that whatever render misses changes the version
            payload = Payload.of(render())
            if _is_same(head, payload, headers):
                return
            with suppress(WriteConflict):
                condition = {"IfMatch": str(head["ETag"])} if head else {"IfNoneMatch": "*"}
                return self._put_object(name, payload, headers, condition)
            if time.monotonic() > deadline:
                break
            time.sleep(random.uniform(0.02, 0.1 * min(attempt + 1, 10)))
        raise WriteConflict(f"{self.uri(name)}: others wrote it first, again and again; try again later")

    def read(self, name: str) -> bytes | None:
        """Give the bytes of an object; None where there is none."""
        filesystem = s3_filesystem(self.access)

        async def body() -> bytes:
            answer = await filesystem._call_s3("get_object", Bucket=self.bucket, Key=self._key(name))
            async with answer["Body"] as stream:
                return bytes(await stream.read())

        with suppress(ObjectMissing), translated(self.uri(name)):
            return bytes(fsspec.asyn.sync(filesystem.loop, body))
        return None

    def fetch(self, name: str, path: Path) -> bool:
        """Download an object; False where there is none."""
        with suppress(ObjectMissing), translated(self.uri(name)):
            s3_filesystem(self.access).get_file(
                f"{self.bucket}/{self._key(name)}",
                str(path),
                chunksize=PART_BYTES,
                max_concurrency=PARTS_IN_FLIGHT,
            )
            return True
        return False

    def names(self, prefix: str) -> list[str]:
        """Give the names below a folder."""
        start = len(self._key(""))
        keys: list[str] = []
        page: dict[str, str] = {}
        while True:
            answer = self._call("list_objects_v2", prefix, Prefix=self._key(_folder(prefix)), **page)
            keys.extend(str(entry["Key"])[start:] for entry in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return sorted(key for key in keys if not key.endswith("/"))
            page = {"ContinuationToken": answer["NextContinuationToken"]}

    def delete(self, name: str) -> None:
        """Remove an object if it is there."""
        self._call("delete_object", name, Key=self._key(name))

    def sweep(self, prefix: str) -> None:
        """Abort uploads under the folder whose writers died, and any below our root that are older than a day."""
        oldest = datetime.now(UTC) - ABANDONED_AFTER
        folder = self._key(_folder(prefix))
        try:
            answer = self._call("list_multipart_uploads", prefix, Prefix=self._key(""))
        except StorageDenied:
            # Keys may be allowed to write and not to list uploads; that is no reason not to publish.
            log.warning("uploads.unlisted", uri=self.uri(prefix))
            return
        for upload in answer.get("Uploads", ()):
            is_ours = bool(prefix) and str(upload["Key"]).startswith(folder)
            if is_ours or upload["Initiated"] < oldest:
                self._abort(str(upload["Key"]), str(upload["UploadId"]))

    def _key(self, name: str) -> str:
        return f"{self.prefix}/{name}" if self.prefix else name

    def _call(self, method: str, name: str, **arguments: object) -> dict[str, Any]:
        with translated(self.uri(name)):
            answer: dict[str, Any] = s3_filesystem(self.access).call_s3(method, Bucket=self.bucket, **arguments)
            return answer

    def _head(self, name: str) -> dict[str, Any] | None:
        with suppress(ObjectMissing):
            return self._call("head_object", name, Key=self._key(name))
        return None

    def _upload(self, name: str, payload: Payload, headers: Headers) -> None:
        if payload.size_bytes < SINGLE_PUT_BYTES:
            return self._put_object(name, payload, headers, {})
        path, filesystem = f"{self.bucket}/{self._key(name)}", s3_filesystem(self.access)
        how = _described(payload, headers) | {"chunksize": PART_BYTES, "max_concurrency": PARTS_IN_FLIGHT}
        with translated(self.uri(name)):
            if isinstance(payload.source, bytes):
                filesystem.pipe_file(path, payload.source, **how)
            else:
                filesystem.put_file(str(payload.source), path, **how)
        self._verify(name, payload)

    def _put_object(self, name: str, payload: Payload, headers: Headers, condition: Mapping[str, str]) -> None:
        digest = base64.b64encode(bytes.fromhex(payload.sha256)).decode()
        arguments = _described(payload, headers) | dict(condition)
        self._call("put_object", name, Key=self._key(name), Body=payload.read(), ChecksumSHA256=digest, **arguments)

    def _verify(self, name: str, payload: Payload) -> None:
        """Compare what arrived: by the ETag where it is a digest, by the bytes where the bucket encrypts."""
        head = self._head(name) or {}
        if str(head.get("ETag", "")).strip('"') == multipart_etag(payload, PART_BYTES):
            return
        if self._digest(name, int(head.get("ContentLength", 0))) != payload.sha256:
            self.delete(name)
            raise ObjectDamaged(f"{self.uri(name)}: the bytes that arrived are not those that were sent; try again")

    def _digest(self, name: str, size_bytes: int) -> str:
        digest, path = hashlib.sha256(), f"{self.bucket}/{self._key(name)}"
        with translated(self.uri(name)):
            for start in range(0, size_bytes, PART_BYTES):
                digest.update(s3_filesystem(self.access).cat_file(path, start=start, end=start + PART_BYTES))
        return digest.hexdigest()

    def _abort(self, key: str, upload_id: str) -> None:
        with suppress(ObjectMissing, ObjectDamaged):  # ended meanwhile
            self._call("abort_multipart_upload", key, Key=key, UploadId=upload_id)


def _folder(prefix: str) -> str:
    return f"{prefix.rstrip('/')}/" if prefix else ""


def _described(payload: Payload, headers: Headers) -> dict[str, object]:
    described: dict[str, object] = {"ContentType": headers.content_type, "Metadata": {_DIGEST: payload.sha256}}
    return described | ({"CacheControl": headers.cache_control} if headers.cache_control else {})


def _is_same(head: dict[str, Any] | None, payload: Payload, headers: Headers) -> bool:
    if head is None or head["ContentLength"] != payload.size_bytes:
        return False
    stored = head.get("Metadata", {}).get(_DIGEST)
    same_headers = head.get("ContentType") == headers.content_type
    return bool(stored == payload.sha256 and same_headers and head.get("CacheControl", "") == headers.cache_control)
