"""What runs in a pod of the stand-in: a real process in a session of its own, or a function in a thread."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

Write = Callable[[str], None]


@dataclass(frozen=True)
class Launch:
    """What RunPod would hand to Docker, and where this machine runs it."""

    pod_id: str
    argv: list[str]
    """The entrypoint and command: those of the request where it has any, else the image's."""
    env: dict[str, str]
    """The image's, the pod's (secrets resolved), and RunPod's own; nothing of this process' environment."""
    disk: Path
    """The container's disk: the working directory, HOME and TMPDIR of the process."""
    mounts: Mapping[str, Path]
    """Path in the container → the volume's folder on this machine."""


@dataclass
class Light:
    """A pod without a process: what a function in its place gets to see."""

    pod_id: str
    env: Mapping[str, str]
    say: Write
    """Write a line to the container's log."""
    stopping: threading.Event = field(default_factory=threading.Event)
    """Set where a process would get SIGTERM."""
    frozen: threading.Event = field(default_factory=threading.Event)
    """Set where a process would get SIGSTOP; the function sees to it that it does nothing any more."""


def as_it_is(launch: Launch) -> Launch:
    return launch


@dataclass(frozen=True)
class Image:
    """What the registry holds under a name."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    """The image's ENV; PATH is /usr/local/bin:/usr/bin:/bin unless it is given."""
    on_host: Callable[[Launch], Launch] = as_it_is
    """Maps what the container would run to what this machine runs, for instance the launcher of the checkout."""
    light: Callable[[Light], None] | None = None
    """Called in a thread instead of a process; when it returns, the container has ended (and starts anew)."""
    needs_cuda: str = ""
    """The lowest CUDA version of a host on which it starts."""
    private: bool = False
    """Can't be pulled without a registry credential."""


class CannotStart(Exception):
    """The container's runtime refuses; the text is for the system log."""


class Container(Protocol):
    """One start of a pod's container."""

    def wait(self) -> None:
        """Until it has ended, and everything in it."""
        ...

    def ask(self) -> None:
        """SIGTERM to its first process, and to nobody else, as Docker does."""
        ...

    def kill(self) -> None:
        """End everything in it now."""
        ...

    def freeze(self) -> None:
        """Let nothing in it run any more, without ending it."""
        ...


class Process:
    """A container of processes; when the first ends, the others end with it, as in a PID namespace."""

    def __init__(self, launch: Launch, write: Write) -> None:
        self._mark = f"RUNPOD_POD_ID={launch.pod_id}".encode()
        try:
            self._process = subprocess.Popen(
                launch.argv,
                env=launch.env,
                cwd=launch.disk,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            program = launch.argv[0] if launch.argv else ""
            raise CannotStart(
                f'OCI runtime create failed: exec: "{program}": {os.strerror(error.errno or 0).lower()}: unknown'
            ) from error
        self._reader = threading.Thread(target=self._read, args=(write,), daemon=True)
        self._reader.start()

    def wait(self) -> None:
        os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT)
        self.kill()
        self._process.wait()
        self._reader.join(5)

    def ask(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        """To every process of the pod; those that made a session of their own are known by the pod's id."""
        if self._process.returncode is None:  # not reaped, so its number is still its own
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
        for pid in _marked(self._mark):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _read(self, write: Write) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            write(line.decode(errors="replace").rstrip("\r\n"))


def _marked(mark: bytes) -> list[int]:
    """Processes in whose environment the mark stands."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in environ.read_bytes().split(b"\0"):
                found.append(int(environ.parent.name))
    return found


class Thread:
    """A function that stands in for a container's process."""

    def __init__(self, work: Callable[[Light], None], launch: Launch, write: Write) -> None:
        self._ended = threading.Event()
        self._light = Light(launch.pod_id, launch.env, lambda line: None if self._ended.is_set() else write(line))
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def wait(self) -> None:
        self._ended.wait()

    def ask(self) -> None:
        self._light.stopping.set()

    def kill(self) -> None:
        self._light.stopping.set()
        self._ended.set()

    def freeze(self) -> None:
        self._light.frozen.set()

    def _run(self, work: Callable[[Light], None]) -> None:
        try:
            work(self._light)
        except Exception as error:  # noqa: BLE001  (as a process would, it says why and ends)
            self._light.say(f"{type(error).__name__}: {error}")
        finally:
            self._ended.set()
