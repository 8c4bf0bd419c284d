"""One Prefect server for this folder, as a command sees it: by its address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prefect_server import serving

from deployments.bootstrap import bootstrap


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    with serving() as api_url:
        asyncio.run(bootstrap())
        yield api_url
