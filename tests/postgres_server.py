"""A real PostgreSQL for tests: a database of its own on 127.0.0.1, which goes with its folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ports import free_port

OWNER = "postgres"
"""Whom Debian's package makes: PostgreSQL refuses to run as root."""


def postgres_folder() -> Path | None:
    """Where its programs are: on the path, or where Debian's package puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name))
    return installed[-1] if installed else None


@contextmanager
def postgres(programs: Path) -> Iterator[str]:
    """Started; its address as Prefect's server takes it."""
    user = OWNER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        port = free_port()
        if user:
            shutil.chown(folder, user)

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [programs / program, *arguments], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL
            )

        data = f"{folder}/data"
        run("initdb", "-D", data, "-A", "trust", "-U", "prefect", "-E", "UTF8", "--no-locale")
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
        run("pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            run("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect")
            yield f"postgresql+asyncpg://prefect@127.0.0.1:{port}/prefect"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
