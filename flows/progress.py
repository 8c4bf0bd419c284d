"""What a person sees while an episode is made: a bar in the UI, a line in the log, and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from tasks.schemas import PodEntry, StageEntry

log = structlog.get_logger(__name__)


class Progress:
    """The stages of one episode, as they pass."""

    def __init__(self, title: str, stages: tuple[str, ...]) -> None:
        self.title = title
        self.stages = stages
        self.entries: tuple[StageEntry, ...] = ()
        self._artifact: UUID | None = None
        self._pods: tuple[PodEntry, ...] = ()

    @asynccontextmanager
    async def stage(self, name: str) -> AsyncIterator[None]:
        """One stage: shown as it begins, timed when it ends."""
        await self._show(name)
        log.info("stage.started", stage=name, number=self.stages.index(name) + 1, of=len(self.stages))
        began, self._pods = time.perf_counter(), ()
        yield
        elapsed_s = time.perf_counter() - began
        entry = StageEntry(stage=name, elapsed_s=round(elapsed_s, 3), pods=self._pods)
        self.entries = (*self.entries, entry)
        log.info("stage.finished", stage=name, elapsed_s=round(elapsed_s, 2))

    def worked(self, pods: tuple[PodEntry, ...]) -> None:
        """These runs on a pool had a part in the stage that passes."""
        self._pods = (*self._pods, *pods)

    async def finish(self) -> None:
        """All stages are done."""
        await self._show("published")

    async def _show(self, doing: str) -> None:
        percent = 100 * (self.stages.index(doing) if doing in self.stages else len(self.stages)) / len(self.stages)
        description = f"{self.title}: {doing}"
        if self._artifact is None:
            self._artifact = await acreate_progress_artifact(percent, key="episode-progress", description=description)
        else:
            await aupdate_progress_artifact(self._artifact, percent, description=description)
