"""A real Prefect server, and a stand-in RunPod whose pods reach it."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator

import pytest
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness
from runpod_server import RunPodServer, Window
from runpod_studio import Studio, image_of_this_checkout


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    """A server whose database lies in memory where there is room, and that does not write what no test here reads.

    Many workers at once write to one SQLite, and each disturbs the others.
    """
    with pytest.MonkeyPatch.context() as patch:
        if os.access("/dev/shm", os.W_OK):
            patch.setattr(tempfile, "tempdir", "/dev/shm")
        for service in ("EVENT_PERSISTER", "LATE_RUNS", "SCHEDULER", "TASK_RUN_RECORDER", "TRIGGERS"):
            patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
        with prefect_test_harness(server_startup_timeout=120):
            patch.undo()
            yield str(get_current_settings().api.url)


@pytest.fixture
def runpod() -> Iterator[RunPodServer]:
    with RunPodServer(speed=20, windows=[Window("minute", 600, 60.0)]) as server:
        yield server


@pytest.fixture
def studio(prefect_api: str, runpod: RunPodServer, request: pytest.FixtureRequest) -> Studio:
    name = "".join(each if each.isalnum() else "-" for each in request.node.name)[-60:]
    studio = Studio(runpod, prefect_api, f"gpu-{name}")
    asyncio.run(studio.open())
    return studio


@pytest.fixture
def real_image(runpod: RunPodServer) -> str:
    runpod.images["real"] = image_of_this_checkout()
    return "real"
