"""What the operating system, botocore and s3fs say, in the words of `tasks.errors`. The one place that translates."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

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

_ERRNO: dict[int, tuple[type[StorageError], str]] = {
    errno.ENOSPC: (StorageFull, "no room left; free some, or choose another place"),
    errno.EDQUOT: (StorageFull, "the quota is used up; free some room, or choose another place"),
    errno.EACCES: (StorageDenied, "no right to do this here; check who owns the folder"),
    errno.EPERM: (StorageDenied, "no right to do this here; check who owns the folder"),
    errno.EROFS: (StorageDenied, "this file system is read-only; choose another place"),
    errno.ENOENT: (StorageMissing, "no such folder, and it cannot be made"),
    errno.ENOTDIR: (StorageMissing, "a file stands where a folder is needed"),
    errno.EEXIST: (StorageMissing, "a file stands where a folder is needed"),
    errno.EISDIR: (StorageMissing, "a folder stands where a file is needed"),
    errno.ENAMETOOLONG: (StorageMissing, "the name is too long for this file system"),
}
_CODES: dict[str, tuple[type[StorageError], str]] = {
    "NoSuchBucket": (StorageMissing, "there is no such bucket; make it, or correct the uri"),
    "InvalidBucketName": (StorageMissing, "this cannot be the name of a bucket; correct the uri"),
    "PermanentRedirect": (StorageMissing, "the bucket is in another region; correct region or endpoint"),
    "301": (StorageMissing, "the bucket is in another region; correct region or endpoint"),
    "NoSuchKey": (ObjectMissing, "there is no such object"),
    "404": (ObjectMissing, "there is no such object"),
    "BadDigest": (ObjectDamaged, "the bytes that arrived are not those that were sent"),
    "InvalidDigest": (ObjectDamaged, "the bytes that arrived are not those that were sent"),
    "XAmzContentChecksumMismatch": (ObjectDamaged, "the bytes that arrived are not those that were sent"),
    "XAmzContentSHA256Mismatch": (ObjectDamaged, "the bytes that arrived are not those that were sent"),
    "IncompleteBody": (ObjectDamaged, "only a part of the bytes arrived"),
    "NoSuchUpload": (ObjectDamaged, "the upload was ended from elsewhere"),
    "InvalidPart": (ObjectDamaged, "the upload lost a part"),
    "PreconditionFailed": (WriteConflict, "somebody else wrote it meanwhile"),
    "ConditionalRequestConflict": (WriteConflict, "somebody else wrote it meanwhile"),
    "412": (WriteConflict, "somebody else wrote it meanwhile"),
    "409": (WriteConflict, "somebody else wrote it meanwhile"),
    "QuotaExceeded": (StorageFull, "the quota is used up"),
    "XMinioStorageFull": (StorageFull, "no room left on the server"),
    "507": (StorageFull, "no room left on the server"),
    "RequestTimeout": (StorageUnreachable, "the storage lost patience; try again later"),
    "SlowDown": (StorageUnreachable, "the storage asks for fewer requests; try again later"),
}
_REFUSED = "refused; check the access key, its secret, its rights on this bucket, and the clock of this machine"


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn every failure of a storage library inside the block into a leaf of `StorageError` that names `where`."""
    try:
        yield
    except (OSError, ClientError, *_no_answer()) as error:
        kind, advice = _meaning(error)
        raise kind(f"{where}: {advice} ({_words_of(error)})") from error


def _meaning(error: Exception) -> tuple[type[StorageError], str]:
    answer = _answer(error)
    if answer is not None:
        return _meaning_of_answer(answer)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StorageDenied, "no S3 keys here; give an access key id and its secret, or a role"
    if isinstance(error, ParamValidationError):
        return StorageMissing, "the storage cannot have such a name; correct the uri"
    if isinstance(error, (*_no_answer(), ConnectionError)):
        return StorageUnreachable, "the storage does not answer; check the endpoint, or try again later"
    number = error.errno if isinstance(error, OSError) else None
    return _ERRNO.get(number or 0, (StorageUnreachable, "reading or writing failed; try again later"))


def _no_answer() -> tuple[type[Exception], ...]:
    """What botocore and aiohttp raise where no server answered."""
    import aiohttp  # it takes 0.2 s, and every flow run's process would pay; who fails on S3 has it loaded

    return BotoCoreError, aiohttp.ClientError, TimeoutError


def _answer(error: Exception) -> ClientError | None:
    """The answer of the server, which s3fs hides behind an OSError of its own."""
    for candidate in (error, error.__cause__, error.__context__):
        if isinstance(candidate, ClientError):
            return candidate
    return None


def _meaning_of_answer(answer: ClientError) -> tuple[type[StorageError], str]:
    code = str(answer.response.get("Error", {}).get("Code", ""))
    status = int(answer.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    known = _CODES.get(code) or _CODES.get(str(status))
    if known is not None:
        return known
    if status >= 500 or status == 429:
        return StorageUnreachable, f"the storage failed with {status}; try again later"
    return StorageDenied, _REFUSED


def _words_of(error: Exception) -> str:
    answer = _answer(error)
    if answer is not None:
        return f"{answer.response.get('Error', {}).get('Code', '')} from {answer.operation_name}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}"
