"""The life of a pod of the stand-in: PROVISIONING, STARTING, RUNNING, and a container that starts again and again."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runpod_catalog import numbers
from runpod_container import CannotStart, Container, Image, Launch, Process, Thread
from runpod_pod import Pod

CRASHES = {"crash_loop": "", "wrong_architecture": "exec /usr/bin/tini: exec format error"}


@dataclass(frozen=True)
class Timing:
    """How long RunPod takes, in seconds; those with a source are named in `runpod_server`."""

    provision_s: float = 4.0
    start_s: float = 12.0
    """Pulling the image and starting its container."""
    restart_s: float = 17.0
    """From the end of a container to its next start."""
    grace_s: float = 5.0
    """From SIGTERM to SIGKILL; never shortened, as it is the container's time."""
    gone_s: float = 1.5
    """From a deletion to 404."""
    billing_every_s: float = 300.0

    def at(self, speed: float) -> Timing:
        """The same, so many times as fast."""
        return Timing(
            self.provision_s / speed,
            self.start_s / speed,
            self.restart_s / speed,
            self.grace_s,
            self.gone_s / speed,
            self.billing_every_s / speed,
        )


@dataclass(frozen=True)
class Ground:
    """Where a pod runs: what its turns need to know of the world."""

    timing: Timing
    images: dict[str, Image]
    disk: Path
    mounts: dict[str, Path]
    environment: Callable[[], dict[str, str]]
    """The pod's and RunPod's variables, secrets resolved. Raises: CannotStart."""
    keeps_disk: bool
    """Whether an automatic restart leaves the container's disk as it was."""


class Turn:
    """A pod from its start to its stop or end."""

    def __init__(self, pod: Pod, ground: Ground) -> None:
        self._pod, self._ground = pod, ground
        self._over = threading.Event()
        self._container: Container | None = None
        self._at_once = False
        """Whether the next start does not wait, as it was asked for."""
        pod.turn = self
        threading.Thread(target=self._run, args=(not pod.starts,), daemon=True).start()

    def end(self, *, politely: bool) -> None:
        """Let the container end; politely: SIGTERM, the grace, SIGKILL, all of it in the background."""
        self._over.set()
        self._stop_container(politely=politely)

    def restart(self) -> None:
        """End the container politely; the next one starts at once, on a fresh disk."""
        self._at_once = True
        self._stop_container(politely=True)

    def strike(self, kind: str) -> None:
        """Let one of the FATES that come after RUNNING come now."""
        container, pod = self._container, self._pod
        if kind == "freezes" and container is not None:
            container.freeze()
        elif kind == "out_of_memory" and container is not None:
            container.kill()
        elif kind in ("host_lost", "error"):
            with pod.lock:
                pod.up_since_s = None
                pod.to("EXITED" if kind == "host_lost" else "ERROR")
            self.end(politely=False)
        elif kind == "vanishes":
            pod.end("vanished", seen_for_s=0.0)
            self.end(politely=False)

    def _stop_container(self, *, politely: bool) -> None:
        container = self._container
        if container is None:
            return
        if politely:
            container.ask()
            timer = threading.Timer(self._ground.timing.grace_s, container.kill)
            timer.daemon = True
            timer.start()
        else:
            container.kill()

    @property
    def _fate(self) -> str:
        return self._pod.fate.kind if self._pod.fate is not None else ""

    def _run(self, first: bool) -> None:
        if first and self._stays("stuck_provisioning", self._ground.timing.provision_s):
            return
        if not self._to("STARTING"):
            return
        self._say(f"create container {self._pod.config['image']}")
        if self._stays("stuck_starting", self._ground.timing.start_s) or not self._to("RUNNING"):
            return
        if trouble := self._trouble():
            self._fail_for_ever(trouble)
            return
        self._doom()
        while not self._over.is_set():
            self._run_container()

    def _stays(self, fate: str, seconds: float) -> bool:
        """Wait; whether that was the end of it."""
        return self._over.wait(None if self._fate == fate else seconds)

    def _to(self, status: str) -> bool:
        pod = self._pod
        with pod.lock:
            if self._over.is_set():
                return False
            pod.to(status)
            if status == "RUNNING":
                pod.started_at_s = time.time()
            return True

    def _say(self, line: str) -> None:
        self._pod.log.write("system", line)

    def _trouble(self) -> str:
        """Why no container can start here, as the system log has it; empty where one can."""
        name = self._pod.config["image"]
        image = self._ground.images.get(name)
        if self._fate == "never_starts":
            return f"start container for {name}: begin"
        if image is None or self._fate == "pull_error":
            return f"error pulling image: Error response from daemon: manifest for {name} not found: manifest unknown"
        if image.private and self._pod.config["registry"] is None:
            return f"error pulling image: Error response from daemon: pull access denied for {name}, may require login"
        host, floor = self._pod.config["cudaVersion"], image.needs_cuda
        if self._fate == "no_driver" or (floor and host and numbers(host) < numbers(floor)):
            return (
                "error starting container: Error response from daemon: failed to create task for container: failed to "
                "create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
                "error during container init: error running prestart hook #0: exit status 1, stderr: Auto-detected "
                "mode as 'legacy' nvidia-container-cli: requirement error: unsatisfied condition: "
                f"cuda>={floor or '12.8'}, please update your driver to a newer version, or use an earlier cuda "
                "container: unknown"
            )
        return ""

    def _fail_for_ever(self, line: str) -> None:
        """RUNNING, with an uptime of 0, and paid for."""
        self._say(line)
        while not self._over.wait(self._ground.timing.restart_s):
            self._say(line)

    def _doom(self) -> None:
        fate = self._pod.fate
        if fate is not None and fate.kind in ("out_of_memory", "freezes", "vanishes", "host_lost", "error"):
            timer = threading.Timer(fate.after_s, self.strike, args=(fate.kind,))
            timer.daemon = True
            timer.start()

    def _run_container(self) -> None:
        pod = self._pod
        self._say(f"start container for {pod.config['image']}: begin")
        try:
            container = self._start()
        except CannotStart as refusal:
            self._say(f"error starting container: {refusal}")
            self._over.wait(self._ground.timing.restart_s)
            return
        if container is not None:
            with pod.lock:
                self._container = container
                if self._over.is_set():  # ended while it was being started
                    container.kill()
                else:
                    pod.up_since_s = time.time()
            container.wait()
            pod.up_since_s = None
        if self._fate == "exits" and not self._over.is_set():
            pod.to("EXITED")
            self._over.set()
            return
        if not self._at_once:
            self._over.wait(self._ground.timing.restart_s)
        self._at_once = False

    def _start(self) -> Container | None:
        """The container; None where it dies before it does anything."""
        pod, ground = self._pod, self._ground
        image = ground.images[pod.config["image"]]
        launch = self._launch(image)
        pod.starts += 1
        if self._fate in CRASHES:
            if CRASHES[self._fate]:
                pod.log.write("container", CRASHES[self._fate])
            return None

        def write(line: str) -> None:
            pod.log.write("container", line)

        return Thread(image.light, launch, write) if image.light else Process(image.on_host(launch), write)

    def _launch(self, image: Image) -> Launch:
        """As Docker does: an entrypoint of the request drops the image's command."""
        config, ground = self._pod.config, self._ground
        if not ground.keeps_disk and ground.disk.exists():
            shutil.rmtree(ground.disk)
        ground.disk.mkdir(parents=True, exist_ok=True)
        asked_entrypoint, asked_cmd = config.get("entrypoint"), config.get("cmd")
        entrypoint = list(image.entrypoint) if asked_entrypoint is None else asked_entrypoint
        cmd = (list(image.cmd) if asked_entrypoint is None else []) if asked_cmd is None else asked_cmd
        home = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(ground.disk), "TMPDIR": str(ground.disk)}
        env = {**home, **image.env, **ground.environment()}
        return Launch(self._pod.id, [*entrypoint, *cmd], env, ground.disk, ground.mounts)
