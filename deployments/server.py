"""`make server`: a Prefect server, its deployments, a worker and a place to listen, on this machine, until Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

import httpx

from blocks.settings import load_settings

HOST = "127.0.0.1"
READY_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0

PREFECT = str(Path(sys.executable).with_name("prefect"))


def environment(api_port: int, listen_port: int) -> dict[str, str]:
    """What the processes are told: where the server is, and under which address episodes are heard."""
    return {
        **os.environ,
        "PREFECT_API_URL": f"http://{HOST}:{api_port}/api",
        "PREFECT_SERVER_API_PORT": str(api_port),  # the UI looks for the API there
        "HLADVARP_PUBLIC_URL": f"http://{HOST}:{listen_port}",
    }


def require_free(port: int) -> None:
    """Exit with a sentence if somebody listens there: their server would be taken for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            sys.exit(
                f"port {port} of {HOST} cannot be had ({error.strerror}); end what listens there, "
                'or choose two others: make server ARGS="4210 4290"'
            )


@contextmanager
def running(*command: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with this one, and all that it started."""
    # In a session of its own, Ctrl-C reaches this process alone, which then ends the others in their order.
    process = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN_S)
        end_group(process.pid)
        process.wait()


def end_group(group: int) -> None:
    """End what is left of a process group: the runs of a worker, which say to the server that they were ended."""
    deadline = time.monotonic() + STOP_WITHIN_S
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.1)
        os.killpg(group, signal.SIGKILL)


def wait_until_ready(api_url: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers; exit with a sentence if it does not."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{api_url}/health", timeout=5.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    sys.exit(f"the Prefect server did not answer at {api_url} within {READY_WITHIN_S:.0f} s; what it says is above")


def run(*command: str, env: dict[str, str]) -> None:
    """Run a command to its end; what it says is shown only when it fails."""
    done = subprocess.run(command, env=env, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\n{' '.join(command)} failed; the server is stopped")


def start(processes: ExitStack, api_port: int, listen_port: int) -> tuple[subprocess.Popen[bytes], ...]:
    """Start everything in order."""
    env = environment(api_port, listen_port)
    print("starting (half a minute or so) …", flush=True)
    server = processes.enter_context(
        running(PREFECT, "server", "start", "--host", HOST, "--port", str(api_port), env=env)
    )
    wait_until_ready(env["PREFECT_API_URL"], server)
    run(sys.executable, "-m", "deployments.bootstrap", "--alone", env=env)
    run(PREFECT, "--no-prompt", "deploy", "--all", env=env)
    listener = processes.enter_context(running(sys.executable, "-m", "deployments.listen", str(listen_port), env=env))
    worker = processes.enter_context(running(PREFECT, "worker", "start", "--pool", "local", env=env))
    return server, listener, worker


def interrupt(number: int, _: FrameType | None) -> None:
    """End as by Ctrl-C, once: what ends our processes must not be interrupted itself."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> None:
    """Run until Ctrl-C, SIGTERM, or the end of one of the processes."""
    parser = argparse.ArgumentParser(prog="python -m deployments.server", description=__doc__)
    parser.add_argument("api_port", type=int, nargs="?", default=4200, help="the Prefect server's (4200)")
    parser.add_argument("listen_port", type=int, nargs="?", default=4280, help="where episodes are heard (4280)")
    ports = parser.parse_args()
    for port in (ports.api_port, ports.listen_port):
        require_free(port)
    # A shell starts what runs in its background with SIGINT ignored, children would inherit that, and a Prefect worker
    # ends by SIGINT alone: it sends itself one when it is sent SIGTERM. Python's handlers are not inherited.
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, interrupt)
    try:
        with ExitStack() as processes:
            started = start(processes, ports.api_port, ports.listen_port)
            print(
                f"\n  Prefect   http://{HOST}:{ports.api_port}\n"
                f"  listen    http://{HOST}:{ports.listen_port}\n"
                f"  inbox     {load_settings().inbox_folder.absolute()}\n"
                "  Ctrl-C stops it all.\n",
                flush=True,
            )
            while all(process.poll() is None for process in started):
                time.sleep(0.5)
            sys.exit("one of the processes has ended by itself; what it says is above")
    except KeyboardInterrupt:
        print("stopped", flush=True)


if __name__ == "__main__":
    main()
