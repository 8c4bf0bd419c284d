"""`python -m infra.health`: whether a container can go on working. Standard library alone, so that it costs nothing.

For Docker's HEALTHCHECK. Kubernetes and RunPod do not look at it: there a run's own heartbeat tells.
"""

from __future__ import annotations

import os
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping

ANSWER_S = 10.0


def troubles(env: Mapping[str, str]) -> list[str]:
    """What keeps this container from working; empty where it is well."""
    folders = {"scratch": env.get("HLADVARP_SCRATCH") or tempfile.gettempdir(), "models": env.get("HLADVARP_MODELS")}
    found = [f"{what}: {said}" for what, folder in folders.items() if folder and (said := _unwritable(folder))]
    url = env.get("PREFECT_API_URL", "").rstrip("/")
    return found + ([f"Prefect API: {said}"] if url and (said := _silent(f"{url}/health")) else [])


def _unwritable(folder: str) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    except OSError as error:
        return f"{folder} cannot be written: {error.strerror}"
    return ""


def _silent(url: str) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": "hladvarp-health/0.1"})  # noqa: S310 - our own server
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return "" if error.code < 500 else f"{url} answers {error.code}"  # a server that wants a key is there
    except (OSError, ValueError) as error:
        return f"{url} does not answer: {error}"


if __name__ == "__main__":
    said = troubles(os.environ)
    print("\n".join(said) or "well")
    sys.exit(bool(said))
