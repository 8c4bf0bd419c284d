"""What runs in the stand-in's pods: flows that note that they ran, and then do what their name says."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from prefect import flow


def note() -> None:
    with Path(os.environ["BODIES"]).open("a") as file:
        file.write("ran\n")


@flow
def work() -> int:
    note()
    return 1


@flow
def fail() -> None:
    note()
    raise ValueError("the script has no lines")


@flow
def hang() -> None:
    """Neither ends nor lets itself be ended politely."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    note()
    while True:
        time.sleep(1)


@flow
def run_out_of_memory() -> None:
    """As the kernel does it: the run's processes are killed, and the launcher is not."""
    note()
    os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
