"""A real Prefect server, and a stand-in RunPod whose pods reach it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from prefect_server import UNREAD, serving
from runpod_server import RunPodServer, Window
from runpod_studio import Studio, image_of_this_checkout


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[str]:
    with serving(without=UNREAD) as api_url:
        yield api_url


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
