"""`make server`: a Prefect server, its deployments, a worker and a place to listen, on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from blocks.settings import load_settings

API_PORT = 4200
LISTEN_PORT = 4280
READY_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0

PREFECT = str(Path(sys.executable).with_name("prefect"))


def environment(api_port: int, listen_port: int) -> dict[str, str]:
    """What the processes are told: where the server is, and under which address episodes are heard."""
    return {
        **os.environ,
        "PREFECT_API_URL": f"http://127.0.0.1:{api_port}/api",
        "PREFECT_SERVER_API_PORT": str(api_port),  # the UI looks for the API there
        "HLADVARP_PUBLIC_URL": f"http://127.0.0.1:{listen_port}",
    }


@contextmanager
def running(*command: str, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with this one."""
    process = subprocess.Popen(command, env=env)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(api_url: str) -> None:
    """Return when the server answers; exit with a sentence if it does not."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{api_url}/health", timeout=5.0).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    sys.exit(f"the Prefect server did not answer at {api_url} within {READY_WITHIN_S:.0f} s")


def main() -> None:
    """Start everything in order, then wait."""
    api_port = int(sys.argv[1]) if len(sys.argv) > 1 else API_PORT
    listen_port = int(sys.argv[2]) if len(sys.argv) > 2 else LISTEN_PORT
    env = environment(api_port, listen_port)
    with ExitStack() as processes:
        processes.enter_context(
            running(PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(api_port), env=env)
        )
        wait_until_ready(env["PREFECT_API_URL"])
        subprocess.run([sys.executable, "-m", "deployments.bootstrap"], env=env, check=True)
        subprocess.run([PREFECT, "--no-prompt", "deploy", "--all"], env=env, check=True)
        processes.enter_context(running(PREFECT, "worker", "start", "--pool", "local", env=env))
        processes.enter_context(running(sys.executable, "-m", "deployments.listen", str(listen_port), env=env))
        print(
            f"\n  Prefect   http://127.0.0.1:{api_port}\n"
            f"  listen    http://127.0.0.1:{listen_port}\n"
            f"  inbox     {load_settings().inbox_folder.absolute()}\n"
            "  Ctrl-C stops it all.\n",
            flush=True,
        )
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopping", flush=True)


if __name__ == "__main__":
    main()
