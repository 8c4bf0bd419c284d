"""The first process of a pod: runs the flow once, and ends the pod. Standard library alone, so that it always starts.

    python -m infra.runpod.launcher prefect flow-run execute

RunPod starts a container again whenever its first process ends, and `prefect flow-run execute` runs a finished flow
again, with exit code 0. So this process never ends by itself, and lets the command run only if all of this holds:

1. Its deadline, an absolute time, has not passed.
2. No marker says that this container, or one before it in this pod, has already begun.
3. The server says that the run waits to be started, and that this pod, by its id, is where it belongs. The worker
   writes that down after it made the pod, and only once; a twin that nobody knows of waits for it in vain.

Where the image asks for it (HLADVARP_PREFLIGHT), `python -m infra.preflight` comes first, and its no ends the run.

Meanwhile it watches: a run that has ended, was cancelled or deleted must not go on here. Whatever happens, it ends the
pod last: with the key that RunPod gives each pod, again and again until that works.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

CLAIM_S = 600.0
"""Longest wait for the worker's word that the run belongs here; another worker needs four minutes to take a run up."""
LOOK_S, ANSWER_S = 5.0, 15.0
HANG_S = 20.0
"""A command that still runs so long after its run was cancelled, or ended, hangs."""
PREFLIGHT_S = 300.0
"""Longest preflight: a volume that does not answer must not be paid for until the run's deadline."""
LATE_S = 60.0
"""After its deadline the pod is ended even if this process itself hangs, as whoever asks such a volume for a file."""
GRACE_S = 5.0
"""From SIGTERM to SIGKILL, and the time that the last lines have to reach whoever reads the log."""
MARK = "::hladvarp "
HEADERS = "PREFECT_CLIENT_CUSTOM_HEADERS"
USER_AGENT = "hladvarp-launcher/0.1"

WAITING = frozenset({"PENDING", "SCHEDULED"})
UNDER_WAY = frozenset({"PENDING", "RUNNING"})
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELLED", "CRASHED", "CANCELLING"})
GONE: Mapping[str, Any] = {"state": {"type": "GONE"}}


def say(words: str) -> None:
    """A line of the pod's log; the worker reads what begins with the mark."""
    print(f"{MARK}{words}", flush=True)


class Prefect:
    """The server's word on this run."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._run = f"{env['PREFECT_API_URL'].rstrip('/')}/flow_runs/{env['PREFECT__FLOW_RUN_ID']}"
        self._headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}
        self.complaint = ""
        """What is wrong with the headers that it was given, with which Prefect itself would not start."""
        try:
            self._headers.update(_headers(env.get(HEADERS) or "{}"))
        except ValueError as error:
            self.complaint = f"{HEADERS} {error}; correct the secret at RunPod that the pool names for it"
        if key := env.get("PREFECT_API_KEY"):
            self._headers["Authorization"] = f"Bearer {key}"
        elif auth := env.get("PREFECT_API_AUTH_STRING"):
            self._headers["Authorization"] = f"Basic {base64.b64encode(auth.encode()).decode()}"

    def read(self) -> Mapping[str, Any] | None:
        """The flow run; GONE where it was deleted, None where nobody answers."""
        try:
            found: Mapping[str, Any] = _ask("GET", self._run, self._headers)
            return found
        except urllib.error.HTTPError as error:
            return GONE if error.code == 404 else None
        except (OSError, ValueError):
            return None

    def crash(self, message: str) -> None:
        """Say that the run ended here without a word; the server refuses where it knows better."""
        state = {"type": "CRASHED", "name": "Crashed", "message": message}
        with suppress(OSError, ValueError):
            _ask("POST", f"{self._run}/set_state", self._headers, {"state": state})


class Launcher:
    """One container's life."""

    def __init__(self, env: Mapping[str, str], command: list[str]) -> None:
        """env: that of the pod. command: what runs the flow."""
        self._env, self._command = env, command
        self._pod_id = env.get("RUNPOD_POD_ID", "")
        self._prefect = Prefect(env)
        self._deadline_s = float(env.get("PREFECT_RUNPOD_DEADLINE") or "inf")
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    def run(self) -> NoReturn:
        """Run the command once, if it may be, and end the pod."""
        if self._prefect.complaint:
            say(self._prefect.complaint)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        threading.Thread(target=self._end_in_any_case, daemon=True).start()
        try:
            if refusal := self._refusal():
                say(f"refused: {refusal}")
                self._tell_restart()
            else:
                self._execute()
        except Exception as error:  # noqa: BLE001 - whatever it is, the pod has to end
            say(f"broken: {type(error).__name__}: {error}")
        self._end_child()
        time.sleep(0 if self._stopping.is_set() else GRACE_S)
        self._end_pod()

    def _refusal(self) -> str:
        """Why the command must not run; empty where it may. Waits for the worker's word."""
        if marks := [path for path in self._markers() if path.exists()]:
            return f"the container was started again after it had begun ({marks[0]}); a run is never run twice"
        until_s = min(time.time() + CLAIM_S, self._deadline_s)
        while not self._stopping.is_set():
            found = self._prefect.read()
            state = _type(found)
            if state not in WAITING and found is not None:
                return f"the run is {state}; a run is never run twice"
            if found is not None and found.get("infrastructure_pid") == self._pod_id:
                return ""
            if time.time() >= until_s:
                return "the deadline has passed, and no worker has said that the run belongs to this pod"
            self._stopping.wait(min(LOOK_S, 1.0 if found else LOOK_S))
        return "the pod is being stopped"

    def _tell_restart(self) -> None:
        """A run that is said to run in this pod, whose container has only just started, was lost with the last one."""
        found = self._prefect.read() or {}
        is_own = bool(self._pod_id) and found.get("infrastructure_pid") == self._pod_id
        if is_own and _type(found) == "RUNNING":
            self._prefect.crash(
                "RunPod started the pod's container again under the run; most likely the pod ran out of memory."
            )

    def _markers(self) -> list[Path]:
        """Files that outlive this process: on the container's disk, and on the volume where there is one."""
        name = f".hladvarp-{self._env.get('PREFECT__FLOW_RUN_ID')}-{self._pod_id}"
        folders = [self._env.get("TMPDIR") or "/tmp", self._env.get("PREFECT_RUNPOD_VOLUME", "")]  # noqa: S108
        return [Path(folder) / name for folder in folders if folder]

    def _preflight(self) -> str:
        """Why this machine cannot do the work; empty where it can, or the image asks for no preflight."""
        if not self._env.get("HLADVARP_PREFLIGHT"):
            return ""
        report = self._markers()[0].with_suffix(".preflight")
        command = [sys.executable, "-m", "infra.preflight", "--mark", MARK, "--report", str(report)]
        self._child = subprocess.Popen(command, start_new_session=True)  # noqa: S603
        reason = self._attend(self._child, until_s=time.time() + PREFLIGHT_S)
        code = self._child.poll()
        self._end_child()
        if reason or code == 0:
            return reason
        with suppress(OSError):
            reason = report.read_text()
        return f"This machine cannot do the work: {reason or f'the preflight ended with exit code {code}'}"

    def _execute(self) -> None:
        for path in self._markers():
            with suppress(OSError):
                path.touch()
        if unfit := self._prefect.complaint or self._preflight():
            say(f"not begun: {unfit}")
            if _type(self._prefect.read()) in UNDER_WAY:
                self._prefect.crash(unfit)
            return
        say(f"starting {' '.join(self._command)}")
        self._child = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 - the worker's own command
        reason = self._attend(self._child)
        code = self._child.poll()
        say(f"ended with {reason or f'exit code {code}'}")
        self._end_child()
        if _type(self._prefect.read()) in UNDER_WAY:
            self._prefect.crash(reason or _explained(code))

    def _attend(self, child: subprocess.Popen[bytes], until_s: float = float("inf")) -> str:
        """Wait for the command's end; where it is ended here, why."""
        looked_at_s, ended_at_s = time.time(), 0.0
        while child.poll() is None:
            now_s = time.time()
            if self._stopping.wait(0.2):
                return "the pod was stopped from outside"
            if now_s >= self._deadline_s:
                return "the pod reached its deadline of time or money"
            if now_s >= until_s:
                return f"the preflight did not end within {PREFLIGHT_S:.0f} s: its disk, volume or store hangs"
            if now_s - looked_at_s >= LOOK_S:
                looked_at_s = now_s
                state = _type(self._prefect.read())
                has_ended = state in ENDED or state == "GONE"
                ended_at_s = (ended_at_s or now_s) if has_ended else (ended_at_s if not state else 0.0)
            if ended_at_s and now_s - ended_at_s >= HANG_S:
                return "the run has ended, and its process has not"
        return ""

    def _end_child(self) -> None:
        """End the command and all that it started: its engine outlives a SIGTERM of its own (Prefect 3.8.8)."""
        if self._child is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)
            if number is signal.SIGTERM and self._child.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    self._child.wait(GRACE_S)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(GRACE_S)

    def _end_in_any_case(self) -> NoReturn:
        while (left_s := self._deadline_s + LATE_S - time.time()) > 0:
            time.sleep(min(left_s, 60.0))
        self._end_pod()

    def _end_pod(self) -> NoReturn:
        """Ask RunPod to end this pod, until it has: when that works, this process is killed."""
        url = f"{self._env.get('PREFECT_RUNPOD_API') or 'https://api.runpod.io'}/v2/pods/{self._pod_id}/action"
        headers = {
            "User-Agent": USER_AGENT,  # the edge answers 403 to whoever names no agent
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self._env.get('RUNPOD_API_KEY', '')}",
        }
        wait_s = 1.0
        while True:
            try:
                _ask("POST", url, headers, {"action": "terminate"})
                say("asked RunPod to end this pod")
            except (OSError, ValueError) as error:
                say(f"RunPod does not end this pod yet: {error}")
                _end_by_tool(self._pod_id)
            time.sleep(wait_s)
            wait_s = min(60.0, wait_s * 2)


def _end_by_tool(pod_id: str) -> None:
    """By the program that RunPod puts into pods, where it did, and where the API refuses the pod's key."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(["runpodctl", "remove", "pod", pod_id], check=False, timeout=60)  # noqa: S603, S607


def _headers(text: str) -> dict[str, str]:
    """HTTP headers from a JSON object. Raises: ValueError, which does not tell the text, as it may be a secret."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is no JSON") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError(f"is a JSON {type(found).__name__} and no object")
    for name, value in found.items():
        if not isinstance(value, str):
            raise ValueError(f"holds a {type(value).__name__} for {name!r} and no string")
        if not (name.isascii() and name.isprintable() and value.isascii() and value.isprintable()):
            raise ValueError(f"holds a character for {name!r} that no header may have")
    return found


def _type(found: Mapping[str, Any] | None) -> str:
    return str(((found or {}).get("state") or {}).get("type", ""))


def _explained(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        hint = "; most likely the pod ran out of memory" if -code == signal.SIGKILL else ""
        return f"The flow's process in the pod was ended by {name}{hint}."
    return f"The flow's process in the pod ended with exit code {code}, and without a word on the run."


def _ask(method: str, url: str, headers: Mapping[str, str], body: object = None) -> Any:
    """The JSON that answers, or None. Raises: OSError, ValueError."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers), method=method)  # noqa: S310 - the worker's own address
    with urllib.request.urlopen(request, timeout=ANSWER_S) as response:  # noqa: S310
        answer = response.read()
    return json.loads(answer) if answer else None


if __name__ == "__main__":
    Launcher(os.environ, sys.argv[1:]).run()
