"""The server that Prefect starts for one command: it ends with the command, however that ends."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from prefect.server.api.server import SubprocessASGIServer

# The end of the file comes when nobody is left who could write, and no signal can prevent that.
END_WITH_PARENT = 'read -r _; kill "$1"'


@contextmanager
def temporary_server_ends_with_us() -> Iterator[None]:
    """End Prefect's temporary server with this process; Prefect itself does so only where the process ends in order.

    A server that outlives a kill -9 keeps a quarter of a gigabyte, and contends for the next command's SQLite.
    """
    server = SubprocessASGIServer().server_process
    if server is None:  # a server of its own is configured
        yield
        return
    command = ["/bin/sh", "-c", END_WITH_PARENT, "sh", str(server.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:  # noqa: S603 - our own
        try:
            yield
        finally:
            watcher.terminate()  # first: the server's process id may be given away once the server has ended
