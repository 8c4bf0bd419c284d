"""Produce episodes of several sources at once in a process of its own. Usage: producing.py SOURCE…"""

from __future__ import annotations

import asyncio
import sys

from deployments.bootstrap import bootstrap
from flows.episode import produce_episode
from tasks.schemas import EpisodeRequest


async def produce(sources: list[str]) -> None:
    await bootstrap()
    await asyncio.gather(*(produce_episode(EpisodeRequest(source=source)) for source in sources))


if __name__ == "__main__":
    asyncio.run(produce(sys.argv[1:]))
