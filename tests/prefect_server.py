"""A real Prefect server for a test session, its database in memory where there is room."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from prefect.settings import get_current_settings
from prefect.testing.utilities import prefect_test_harness


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
