"""One Prefect server for this folder, as a command sees it: by its address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness

from deployments.bootstrap import bootstrap


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    with prefect_test_harness(server_startup_timeout=120):
        asyncio.run(bootstrap())
        yield str(get_current_settings().api.url)
