"""The server that Prefect starts for one command: it ends with the command, however that ends."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from prefect.server.api.server import SubprocessASGIServer

# The end of the file comes when nobody is left who could write, and no signal can prevent that. By then Prefect may
# have ended the server, and the kernel given its number to another process: hence the moment at which it started.
END_WITH_PARENT = 'read -r _; [ "$(cut -d " " -f 22 "/proc/$1/stat" 2>/dev/null)" = "$2" ] && kill "$1"'


def end_temporary_server_with_us() -> None:
    """End Prefect's temporary server with this process; Prefect itself does so only where the process ends in order.

    A server that outlives a kill -9 keeps a quarter of a gigabyte, and contends for the next command's SQLite.
    """
    server = SubprocessASGIServer().server_process
    if server is None:  # a server of its own is configured
        return
    started = Path(f"/proc/{server.pid}/stat").read_text().split()[21]
    command = ["/bin/sh", "-c", END_WITH_PARENT, "sh", str(server.pid), started]
    read_end, _ = os.pipe()  # the other end is ours until we end, whatever brings that
    subprocess.Popen(command, stdin=read_end, start_new_session=True)  # noqa: S603 - our own words
    os.close(read_end)
