"""`python -m infra.preflight`: say whether this machine can do its work, in the log and as an artifact of the run.

Exit status 1 where a check fails, 0 otherwise; a command behind `--` is run then, in place of this process. In a pod of
RunPod's the launcher runs it before the flow, and ends the pod where it fails: RunPod bills by the second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.exceptions import PrefectException

from blocks.places import audio_store
from blocks.settings import load_settings
from infra.preflight.finding import Finding, table
from infra.preflight.gpu import check_gpu
from infra.preflight.places import check_disk, check_models, check_shared_memory, check_store
from infra.preflight.server import check_server
from tasks.errors import HladvarpError

ARTIFACT = "preflight"
TRANSFER_DEADLINE_S = 120.0


def main() -> tuple[int, list[str]]:
    """Parse and call: the exit status, and the command that comes next."""
    parser = argparse.ArgumentParser(prog="python -m infra.preflight", description=__doc__)
    parser.add_argument(
        "--for",
        dest="needs",
        choices=("cpu", "gpu"),
        default=os.environ.get("HLADVARP_PREFLIGHT", "cpu"),
        help="whether a GPU must be there (default: HLADVARP_PREFLIGHT, which the image sets)",
    )
    parser.add_argument("--mark", default="", help="what each line begins with, for whoever reads the log")
    parser.add_argument("--report", type=Path, help="a file for what failed, in a sentence")
    parser.add_argument("command", nargs="*", help="what to run where nothing fails, after --")
    asked = parser.parse_args()
    findings = asyncio.run(_all(asked.needs, asked.mark))
    failed = [each for each in findings if each.verdict == "fail"]
    if asked.report:
        asked.report.write_text("; ".join(f"{each.check}: {each.said}; {each.advice}" for each in failed))
    return (1, []) if failed else (0, asked.command)


async def _all(needs: str, mark: str) -> list[Finding]:
    findings: list[Finding] = []
    async for finding in examine(needs):
        print(f"{mark}preflight {finding.line}", flush=True)
        findings.append(finding)
    if not any(each.check == "Prefect API" and each.verdict == "fail" for each in findings):
        await _leave(findings)
    return findings


async def examine(needs: str) -> AsyncIterator[Finding]:
    """One finding after the other, the quick ones first. needs: `gpu` or `cpu`."""
    try:
        settings = load_settings()
    except HladvarpError as error:
        yield Finding("settings", "fail", str(error), "correct the pool's variables or the settings file")
        return
    if needs == "gpu":
        shares = settings.memory
        for finding in check_gpu(
            tts_percent=shares.tts_percent,
            asr_percent=shares.asr_percent,
            wanted_cuda=os.environ.get("CUDA_VERSION", ""),
        ):
            yield finding
    yield check_shared_memory()
    yield check_disk(Path(settings.scratch or tempfile.gettempdir()))
    yield check_models(settings.models_folder)
    async for finding in check_server():
        yield finding
    try:
        # The keys to the store may be a block on the server, so this comes after it.
        yield await asyncio.wait_for(_beside(lambda: check_store(audio_store)), TRANSFER_DEADLINE_S)
    except TimeoutError:
        said = f"a few megabytes took longer than {TRANSFER_DEADLINE_S:.0f} s"
        yield Finding("store", "fail", said, "choose a data centre near the store, or correct its endpoint")


async def _beside(check: Callable[[], Finding]) -> Finding:
    """What a check finds, in a thread that may hang: asyncio waits for those of `to_thread` before it ends."""
    found: Future[Finding] = Future()
    found.set_running_or_notify_cancel()

    def go() -> None:
        try:
            found.set_result(check())
        except Exception as error:  # noqa: BLE001 - for whoever waits
            found.set_exception(error)

    threading.Thread(target=go, daemon=True).start()
    return await asyncio.wrap_future(found)


async def _leave(findings: list[Finding]) -> None:
    """Leave an artifact on the run that this machine was made for."""
    run_id = os.environ.get("PREFECT__FLOW_RUN_ID", "")
    if not run_id:
        return
    artifact = ArtifactCreate(key=ARTIFACT, type="markdown", data=table(findings), flow_run_id=UUID(run_id))
    try:
        async with get_client() as client:
            await client.create_artifact(artifact)
    except (PrefectException, httpx.HTTPError, OSError) as error:  # the log has it all the same
        print(f"preflight: no artifact: {error}", flush=True)


if __name__ == "__main__":
    code, command = main()
    sys.stdout.flush()
    if command:
        os.execvp(command[0], command)  # noqa: S606 - the container's own
    os._exit(code)  # a transfer that hangs in its thread would hold up the end of the process
