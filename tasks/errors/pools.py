"""Stages that run on another machine, by a work pool."""

from __future__ import annotations

from tasks.errors.requests import InvalidSettings
from tasks.errors.root import HladvarpError


class StoreNotShared(InvalidSettings):
    """A stage is placed on a pool whose machines cannot see the store."""


class StageNotDeployed(InvalidSettings):
    """A stage is placed on a pool that has no deployment of it, or that does not exist."""


class StageError(HladvarpError):
    """A stage's run on a pool ended without a result."""


class StageLost(StageError):
    """The run lost its machine or its process."""

    retryable = True


class StageCancelled(StageError):
    """Somebody cancelled the run."""


class StageBroken(StageError):
    """The run failed with what is no failure of ours: a bug, or a machine that is not as it should be."""
