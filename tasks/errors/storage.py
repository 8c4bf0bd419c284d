"""Stores and publishing targets."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class StorageError(HladvarpError):
    """A store or a publishing target cannot take or give what it should."""


class StorageUnreachable(StorageError):
    """The storage does not answer."""

    retryable = True


class StorageDenied(StorageError):
    """The keys are wrong, or give no right to do this here."""


class StorageMissing(StorageError):
    """There is no such bucket or folder."""


class StorageFull(StorageError):
    """There is no room left."""


class ObjectMissing(StorageError):
    """A stored object that was there is gone."""


class ObjectDamaged(StorageError):
    """An object's bytes are not what was sent."""

    retryable = True


class WriteConflict(StorageError):
    """Others wrote the same object at the same moment, again and again."""

    retryable = True
