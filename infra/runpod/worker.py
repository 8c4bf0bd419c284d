"""The worker type `runpod`: every flow run of its pool gets a rented GPU of its own, once, and gives it back.

The order of a run is `RunPodWorker.accompany`. Nothing but Prefect and RunPod remembers anything: a worker that starts
anew takes the same steps again, and finds the pod where it had made one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, ClassVar

import anyio.abc
import httpx
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import InfrastructureNotAvailable, InfrastructureNotFound
from prefect.workers.base import BaseWorker, BaseWorkerResult

from infra.runpod.configuration import RunPodJobConfiguration, RunPodVariables
from infra.runpod.desk import Desk, daily_limit_usd, open_desk
from infra.runpod.ending import end_pod
from infra.runpod.purchase import NotWanted
from infra.runpod.stay import Stay
from infra.runpod.sweep import EVERY_S, LostRuns, reap
from infra.runpod.verdict import Fate, Verdict
from tasks.errors import HladvarpError


class RunPodWorkerResult(BaseWorkerResult):
    """How a run's stay ended; the run's own outcome is its state in Prefect."""


class RunPodWorker(BaseWorker[RunPodJobConfiguration, RunPodVariables, RunPodWorkerResult]):
    """Runs flows on rented GPUs."""

    type: ClassVar[str] = "runpod"  # type: ignore[misc]
    job_configuration = RunPodJobConfiguration
    job_configuration_variables = RunPodVariables
    cleanup_max_concurrency: ClassVar[int | None] = 8
    look_every_s: ClassVar[float] = 5.0
    """How often RunPod and Prefect are looked at, for all runs at once."""
    _display_name = "RunPod"
    _description = "Run each flow run on a GPU of its own, rented from RunPod for as long as the run lasts."
    _documentation_url = "https://docs.runpod.io/pods/overview"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._desk: Desk | None = None
        self._open = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._sweeping: asyncio.Task[None] | None = None
        self._lost = LostRuns(self.name)

    async def setup(self) -> None:
        """Begin to work, first of all with what was left behind."""
        await super().setup()
        self._sweeping = asyncio.create_task(self._sweep())

    async def teardown(self, *exc_info: Any) -> None:
        """Stop to work. Pods go on, and the next worker takes them up."""
        try:
            await super().teardown(*exc_info)
        finally:
            if self._sweeping is not None:
                self._sweeping.cancel()
            self._desk = None
            await self._open.aclose()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: RunPodJobConfiguration,
        task_status: anyio.abc.TaskStatus[str] | None = None,  # type: ignore[override]
    ) -> RunPodWorkerResult:
        """Run one flow run from its submission to its pod's end."""
        started = _once(task_status)
        stay = Stay(
            desk=await self.desk(),
            run=flow_run,
            configuration=configuration,
            log=self.get_flow_run_logger(flow_run),
            is_adopted=task_status is None,
        )
        pod_id, verdict = await self.accompany(stay, started)
        code = await stay.conclude(verdict)
        started(pod_id)
        return RunPodWorkerResult(identifier=pod_id or str(flow_run.id), status_code=code)

    async def accompany(self, stay: Stay, started: Callable[[str], None]) -> tuple[str, Verdict]:
        """The order of a run. The last pod's id, and what became of the run."""
        pod_id = ""
        with stay.attended():
            try:
                while True:
                    pod = await stay.rent()
                    if pod is None:
                        return pod_id, Verdict(Fate.CRASH, "the run's pod vanished while no worker was there to see it")
                    pod_id = pod.id
                    await stay.claim(pod)
                    verdict = await stay.accompany(pod, partial(started, pod.id))
                    await stay.end(pod, verdict)
                    if verdict.fate not in (Fate.REPLACE, Fate.FOLLOW):
                        return pod_id, verdict
            except NotWanted:
                verdict = Verdict(Fate.CANCEL)
            except HladvarpError as error:
                verdict = Verdict(Fate.CRASH, str(error))
            await stay.clear()
            return pod_id, verdict

    async def kill_infrastructure(
        self,
        infrastructure_pid: str,
        configuration: RunPodJobConfiguration,
        grace_seconds: int = 30,
    ) -> None:
        """End a pod, as Prefect's server asks for where a cancelled run hangs.

        Raises: InfrastructureNotFound, InfrastructureNotAvailable.
        """
        desk = await self.desk()
        look = await desk.watch.next(hurry=True)
        if look.pods is not None and infrastructure_pid not in look.pods:
            raise InfrastructureNotFound(f"pod {infrastructure_pid} is gone")
        if not await end_pod(desk, infrastructure_pid):
            raise InfrastructureNotAvailable(f"pod {infrastructure_pid} could not be ended yet")

    async def desk(self) -> Desk:
        """What all runs share; opened when it is first needed. Raises: InvalidSettings, RunPodDenied."""
        async with self._opening:
            if self._desk is None:
                self._desk = await self._open.enter_async_context(
                    open_desk(self.client, self.work_pool, look_every_s=self.look_every_s)
                )
            return self._desk

    async def _sweep(self) -> None:
        """Take up lost runs, end lost pods, read bills; at once, and then every minute."""
        while True:
            try:
                if self._work_pool is not None:
                    desk = await self.desk()
                    desk.day.limit_usd = daily_limit_usd(self._work_pool)  # somebody may have changed it in the UI
                    await self._take_up(desk)
                    await reap(desk)
                    await desk.accounts.recall()
                    await desk.accounts.ask()
            except (HladvarpError, httpx.HTTPError) as error:
                self._logger.error("The pool's pods could not be looked after: %s", error)
            except Exception:
                self._logger.exception("The pool's pods could not be looked after")
            await asyncio.sleep(EVERY_S)

    async def _take_up(self, desk: Desk) -> None:
        """Go on with runs that lost their worker."""
        busy = desk.watch.attended | self._submitting_flow_run_ids
        for run in await self._lost.seen(desk.client, desk.pool, attended=busy):
            self.get_flow_run_logger(run).info("Worker %s takes up the run, which had lost its worker", self.name)
            assert self._runs_task_group is not None
            desk.watch.attend(run.id)  # from now on, and not only when its task begins
            self._runs_task_group.start_soon(self._adopt, run)

    async def _adopt(self, flow_run: FlowRun) -> None:
        """As the base class does for a run that it submits."""
        desk = await self.desk()
        try:
            await self._give_worker_labels_to_flow_run(flow_run.id)
            configuration = await self.job_configuration.resolve_for_flow_run(
                flow_run,
                client=self.client,
                work_pool=self.work_pool,
                worker_name=self.name,
                worker_id=self.backend_id,
            )
            await self.run(flow_run, configuration)
        except Exception:  # noqa: BLE001 - what ails one run must not end the others' worker
            self.get_flow_run_logger(flow_run).exception("The run could not be taken up; trying again in a minute")
        finally:
            desk.watch.leave(flow_run.id)


def _once(task_status: anyio.abc.TaskStatus[str] | None) -> Callable[[str], None]:
    """Tells the base class that the run has started, the first time that it is called."""
    told = False

    def tell(pod_id: str) -> None:
        nonlocal told
        if task_status is not None and not told:
            told = True
            task_status.started(pod_id)

    return tell
