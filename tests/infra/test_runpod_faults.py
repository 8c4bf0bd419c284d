"""Every fault that the stand-in RunPod knows: the right outcome, no pod left over, and the body has run once at most.

All are tried side by side, each on a RunPod and with a worker of its own, as nearly all of the time is waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial

import pytest
from fault_table import Row
from prefect.client.schemas.objects import FlowRun
from runpod_faults import FAULTS, Fault
from runpod_server import FATES, RunPodServer, Window
from runpod_server import FAULTS as KINDS
from runpod_studio import Studio

from infra.runpod.api import RunPodApi
from infra.runpod.worker import RunPodWorker

pytestmark = pytest.mark.slow

AT_ONCE = 5
SIGNS = ("trying another pod", "did not say", "would have cost", "asking for NVIDIA L40S")
"""Of the lines of a run's log, those that tell of a fault that was mended."""
GUARD_S = 200.0
"""For one fault: a hang is a failure of its own, and must not hide what became of the others."""


@dataclass(frozen=True)
class Outcome:
    """What became of one fault's run."""

    run: FlowRun | None
    log: str
    pods: int
    deleted: int
    left: int
    bodies: int
    ledger: str

    @property
    def saw(self) -> str:
        """The state, and the sentence that tells most."""
        if self.run is None or self.run.state is None:
            return "nothing: the run did not end"
        warnings = [line for line in self.log.splitlines() if any(sign in line for sign in SIGNS)]
        said = self.run.state.message or (warnings or [""])[0]
        return f"{self.run.state.name}{': ' if said else ''}{said}"


@pytest.fixture(scope="module")
def outcomes(prefect_api: str) -> Iterator[dict[str, Outcome]]:
    """RunPod's side is twenty times as fast, and so are our waits for it; cancellation keeps its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunPodWorker, "look_every_s", 1.0)
        patch.setattr("infra.runpod.stay.DRAIN_S", 1.0)
        patch.setattr("infra.runpod.purchase.HIDDEN_S", 6.0)
        patch.setattr("infra.runpod.purchase.SHORTEST_WAIT_S", 1.0)
        patch.setattr("infra.runpod.verdict.UP_BY_S", 6.0)
        patch.setattr("infra.runpod.ending.AGAIN_S", 3.0)
        patch.setattr("infra.runpod.ending.LONGEST_S", 20.0)
        patch.setattr("infra.runpod.pod_log.PAUSE_S", 0.5)
        patch.setattr("infra.runpod.desk.RunPodApi", partial(RunPodApi, answer_s=6.0))
        yield asyncio.run(_all(prefect_api))


async def _all(api_url: str) -> dict[str, Outcome]:
    """All runs are submitted before the first worker works, as on SQLite one writer disturbs the other."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(fault: Fault, studio: Studio, submitted: FlowRun) -> Outcome:
        run, log = None, ""
        async with gate:
            with suppress(TimeoutError):
                async with asyncio.timeout(GUARD_S):
                    run, log = await _try(fault, studio, submitted)
        return _outcome(studio, run, log)

    with ExitStack() as servers:
        tries = []
        for number, fault in enumerate(FAULTS):
            runpod = servers.enter_context(RunPodServer(speed=20, windows=[Window("minute", 600, 60.0)]))
            studio = Studio(runpod, api_url, f"fault-{number}", account=f"fault-{number}")
            await studio.open()
            variables = {"start_deadline_s": 12, "credentials": studio.account} | fault.variables
            tries.append(one(fault, studio, await studio.submit(**variables)))
        found = await asyncio.gather(*tries)
    return {fault.name: outcome for fault, outcome in zip(FAULTS, found, strict=True)}


async def _try(fault: Fault, studio: Studio, submitted: FlowRun) -> tuple[FlowRun, str]:
    """The run in its last state, and its log."""
    runpod = studio.runpod
    if fault.strike or fault.fate:
        studio.hangs.set()
    fault.switch(runpod, studio)
    async with studio.working():
        if studio.hangs.is_set():
            await studio.begun(submitted.id, within_s=GUARD_S)
            await asyncio.sleep(2.5)  # so that RunPod has told an uptime
        if fault.fate:
            runpod.strike(runpod.pods[0], fault.fate)
        if fault.strike:
            await fault.strike(runpod, studio)
        run = await studio.ended(submitted.id, within_s=GUARD_S)
        await studio.emptied(within_s=GUARD_S)
        await asyncio.sleep(2.5)  # for the log to be sent
    return run, await studio.log_of(submitted.id)


def _outcome(studio: Studio, run: FlowRun | None, log: str) -> Outcome:
    own = [pod for pod in studio.runpod.pods if pod.made_by != "console"]
    return Outcome(
        run=run,
        log=log,
        pods=len(own),
        deleted=sum(not pod.is_left for pod in own),
        left=len(studio.runpod.left_over),
        bodies=len(studio.ran),
        ledger=studio.runpod.ledger(),
    )


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_leaves_the_right_outcome_and_no_pod(outcomes, fault: Fault, record_property):
    found = outcomes[fault.name]
    Row(fault.name, found.saw, found.pods, found.deleted, found.left, found.bodies).record(record_property)
    told = f"{found.saw}\n{found.log}\n{found.ledger}"

    assert found.run is not None, told
    assert found.run.state_type is not None
    assert found.run.state_type.value == fault.state, told
    assert (found.pods, found.left, found.bodies) == (fault.pods, 0, fault.bodies), told
    assert fault.says in told, told
    assert "a notebook" not in found.ledger or "nobody" in found.ledger, told


def test_every_switch_of_the_stand_in_is_tried(monkeypatch):
    tried = {fault.fate for fault in FAULTS}
    with RunPodServer() as runpod:
        for switch in ("fail", "doom"):
            monkeypatch.setattr(runpod, switch, lambda kind, **_: tried.add(kind))
        for fault in FAULTS:
            fault.switch(runpod, Studio(runpod, "", "none"))
            runpod.recover()

    assert sorted((KINDS | FATES) - tried) == []
