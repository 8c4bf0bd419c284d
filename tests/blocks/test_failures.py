"""Foreign failures in our own words."""

from __future__ import annotations

import errno
import os

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from blocks.failures import translated
from tasks.errors import (
    ObjectDamaged,
    ObjectMissing,
    StorageDenied,
    StorageError,
    StorageFull,
    StorageMissing,
    StorageUnreachable,
    WriteConflict,
)


def answer(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "leaf"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), StorageFull),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), StorageFull),
        (PermissionError(errno.EACCES, "Permission denied"), StorageDenied),
        (OSError(errno.EROFS, "Read-only file system"), StorageDenied),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory"), StorageMissing),
        (OSError(errno.EIO, "Input/output error"), StorageUnreachable),
        (answer("NoSuchBucket", 404), StorageMissing),
        (answer("NoSuchKey", 404), ObjectMissing),
        (answer("404", 404), ObjectMissing),
        (answer("SignatureDoesNotMatch", 403), StorageDenied),
        (answer("403", 403), StorageDenied),
        (answer("SomethingNew", 400), StorageDenied),
        (answer("PreconditionFailed", 412), WriteConflict),
        (answer("ConditionalRequestConflict", 409), WriteConflict),
        (answer("BadDigest", 400), ObjectDamaged),
        (answer("QuotaExceeded", 403), StorageFull),
        (answer("InternalError", 500), StorageUnreachable),
        (answer("SlowDown", 503), StorageUnreachable),
        (answer("TooManyRequests", 429), StorageUnreachable),
        (NoCredentialsError(), StorageDenied),
        (EndpointConnectionError(endpoint_url="http://h"), StorageUnreachable),
        (ReadTimeoutError(endpoint_url="http://h"), StorageUnreachable),
        (TimeoutError(), StorageUnreachable),
    ],
)
def test_translated_gives_the_leaf_that_says_what_to_do(error: Exception, leaf: type[StorageError]):
    with pytest.raises(StorageError, match=r"s3://bucket/x: .+") as caught, translated("s3://bucket/x"):
        raise error
    assert type(caught.value) is leaf
    assert caught.value.__cause__ is error


def test_translated_finds_the_answer_that_s3fs_hides_behind_an_error_of_its_own():
    hidden = OSError(errno.EINVAL, "At least one of the preconditions you specified did not hold.")
    hidden.__cause__ = answer("PreconditionFailed", 412)
    with pytest.raises(WriteConflict), translated("s3://bucket/x"):
        raise hidden


def test_translated_leaves_our_own_failures_and_mistakes_alone():
    with pytest.raises(StorageFull), translated("x"):
        raise StorageFull("already said")
    with pytest.raises(KeyError), translated("x"):
        raise KeyError("a mistake in the program")
