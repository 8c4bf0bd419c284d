"""A real Prefect server for a test session, its database in memory where there is room."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ports import free_port
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_SERVER_DATABASE_CONNECTION_URL,
    get_current_settings,
    temporary_settings,
)
from prefect.testing.utilities import prefect_test_harness

UNREAD = ("EVENT_PERSISTER", "LATE_RUNS", "SCHEDULER", "TASK_RUN_RECORDER", "TRIGGERS")
"""Services that write what tests of a worker do not read. Many workers at once disturb each other and the server."""


@contextmanager
def serving_on(database: str, *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """The same on a database of somebody else's, such as PostgreSQL, at this address."""
    with pytest.MonkeyPatch.context() as patch:
        for service in without:
            patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
        with temporary_settings({PREFECT_SERVER_DATABASE_CONNECTION_URL: database}):
            server = SubprocessASGIServer(port=free_port())
            server.start(timeout=120)
        try:
            with temporary_settings({PREFECT_API_URL: server.api_url}):
                yield server.api_url
        finally:
            server.stop()


@contextmanager
def serving(*, without: tuple[str, ...] = ()) -> Iterator[str]:
    """The server's API address; `without` names services of Prefect's that are not run.

    On a disk, writers of one SQLite wait for each other and for the disk, now and then for a minute.
    """
    with pytest.MonkeyPatch.context() as patch:
        if os.access("/dev/shm", os.W_OK):
            patch.setattr(tempfile, "tempdir", "/dev/shm")
        for service in without:
            patch.setenv(f"PREFECT_SERVER_SERVICES_{service}_ENABLED", "false")
        with prefect_test_harness(server_startup_timeout=120):
            patch.undo()
            yield str(get_current_settings().api.url)
