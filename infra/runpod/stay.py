"""One run's stay at RunPod: the steps of `worker.py`, each of which can be taken again after a restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.exceptions import ObjectNotFound
from prefect.logging.loggers import PrefectLogAdapter
from prefect.states import Cancelled, Crashed

from infra.runpod.configuration import RunPodJobConfiguration
from infra.runpod.cost import Bill
from infra.runpod.desk import Desk
from infra.runpod.ending import end_pod
from infra.runpod.insist import insisted
from infra.runpod.pod_log import PodLog
from infra.runpod.pods import Pod
from infra.runpod.purchase import NotWanted, Purchase
from infra.runpod.stamp import Stamp
from infra.runpod.verdict import TERMINAL, Fate, Patience, Sight, Verdict, judge
from infra.runpod.watch import Look
from tasks.errors import PodNotStarted

MOST_PODS = 3
"""For one run: after so many that did not start, it is the image or the host type that does not fit."""
NOBODYS = "none"
"""Begins the word that a run has no pod just now."""
DRAIN_S = 6.0
"""How long the last lines of a pod's log may take after its run has ended."""


@dataclass
class Stay:
    """One run, from its first wish for a pod to its last pod's end."""

    desk: Desk
    run: FlowRun
    configuration: RunPodJobConfiguration
    log: PrefectLogAdapter
    is_adopted: bool
    """Whether somebody else, or this worker before a restart, has begun this."""
    bill: Bill = field(init=False)
    _discarded: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    _is_claimed: bool = False
    """Whether some pod has the word that the run is its own, so that the flow may have run there."""
    _old_words: set[str | None] = field(default_factory=set)
    """What the server named as the run's pod before this stay began, and what this stay has told it since."""

    def __post_init__(self) -> None:
        self._old_words = {self.run.infrastructure_pid}
        self._is_claimed = self.is_adopted and bool(self.run.infrastructure_pid)
        self.bill = Bill(self.desk.client, self.run.id, self.desk.pool_id)

    @contextmanager
    def attended(self) -> Iterator[None]:
        """While inside, every look sees this run."""
        self.desk.watch.attend(self.run.id)
        try:
            yield
        finally:
            self.desk.watch.leave(self.run.id)

    async def rent(self) -> Pod | None:
        """The run's pod: the one that is there, or else a new one; None where a run that is under way has lost its pod.

        Raises: RunPodError, InvalidSettings, NotWanted.
        """
        if self.configuration.credentials != self.desk.account:
            raise PodNotStarted(
                f"the run names the account {self.configuration.credentials}, and its pool {self.desk.account}; "
                "one pool has one account, so make another pool"
            )
        if len(self._discarded) >= MOST_PODS:
            raise PodNotStarted(f"{MOST_PODS} pods were made, and none of them started; see the run's log for why")
        if self.is_adopted and self.bill.artifact_id is None:
            await insisted(self.bill.recall)
        attempt = await self._attempt()
        purchase = Purchase(
            api=self.desk.api,
            watch=self.desk.watch,
            catalogue=self.desk.catalogue,
            configuration=self._with_what_is_left(),
            stamp=Stamp(self.desk.pool, self.desk.pool_id, self.run.id, attempt),
            day=self.desk.day,
            address=self.desk.address,
            report=self.report,
            discarded=frozenset(self._discarded),
        )
        found = await purchase.find()
        if found is None and self.is_adopted and not self._discarded:
            found = await purchase.find()  # a list may lack a pod for a moment, and a run under way has had one
            if found is None and self.run.state_type is StateType.CANCELLING:
                raise NotWanted
            if found is None and self.run.state_type is StateType.RUNNING:
                return None
        if found is not None:
            self.log.info("Found pod %s, which is the run's own", found.id)
        if found is None and purchase.configuration.max_usd_per_run <= 0:
            raise PodNotStarted(
                f"the run's pods that did not start have cost the ${self.configuration.max_usd_per_run:.2f} that a run "
                "may cost; see its log for why, or raise `Most $ a run`"
            )
        return found or await purchase.make()

    def _with_what_is_left(self, pod_id: str = "") -> RunPodJobConfiguration:
        """The form, with the money that the run's other pods have left of it."""
        spent_usd = sum(meter.estimate_usd for meter in self.bill.meters.values() if meter.pod_id != pod_id)
        left_usd = self.configuration.max_usd_per_run - spent_usd
        return self.configuration.model_copy(update={"max_usd_per_run": left_usd})

    async def _attempt(self) -> int:
        """Which attempt at the run this is: a run that was retried must not get a pod of before."""
        if not self.is_adopted:
            return self.run.run_count
        look = await self.desk.watch.next(hurry=True)
        found = look.stamped(self.desk.pool_id, self.run.id)
        named = [stamp.attempt for pod, stamp in found if pod.id == self.run.infrastructure_pid]
        return (named or [stamp.attempt for _, stamp in found] or [self.run.run_count])[0]

    async def claim(self, pod: Pod) -> None:
        """Tell the server where the run belongs, unless it knows better; the pod's launcher waits for that word.

        Raises: NotWanted for a run that has ended before any word was given.
        """
        self.bill.start(pod)
        try:
            run = await insisted(lambda: self.desk.client.read_flow_run(self.run.id))
        except ObjectNotFound:
            raise NotWanted from None
        word = run.infrastructure_pid
        if word != pod.id and run.state_type is not None and run.state_type.value in TERMINAL:
            raise NotWanted
        if not word or word.startswith(NOBODYS) or word in (*self._old_words, pod.id):
            await self._tell("Pod starting", f"pod {pod.id} pulls its image, and starts its container")
            self._is_claimed = True
            await self._name(pod.id)
            self.log.info("Pod %s: %s, $%.3f/h, %s", pod.id, pod.gpu_type, pod.cost_usd_per_h, pod.console_url)
        else:  # another worker of this name was quicker
            self._is_claimed = True
            self.log.warning("The run belongs to pod %s already, and not to pod %s", word, pod.id)
        await self.bill.show()

    async def _name(self, word: str) -> None:
        self._old_words.add(word)
        await insisted(lambda: self.desk.client.update_flow_run(self.run.id, infrastructure_pid=word))

    async def accompany(self, pod: Pod, on_start: Callable[[], None]) -> Verdict:
        """Watch until the run or its pod has ended; `on_start` is called when the pod works."""
        age_s = max(0.0, time.time() - pod.created_at.timestamp()) if pod.created_at else 0.0
        sight = Sight(pod.id, time.monotonic() - age_s)
        patience = Patience(
            start_s=self.configuration.start_deadline_s,
            run_s=self._with_what_is_left(pod.id).longest_s(pod.cost_usd_per_h),
        )
        pod_log = PodLog(self.log)
        following = asyncio.create_task(pod_log.follow(self.desk.api, pod.id))
        try:
            while True:
                look = await self.desk.watch.next()
                self._see(sight, look)
                sight.trouble = pod_log.trouble
                is_named = look.named_pod(self.run.id) == pod.id
                if is_named and (sight.was_up or sight.state != "PENDING"):
                    on_start()
                verdict = judge(sight, patience, time.monotonic())
                if verdict.fate is not Fate.WAIT:
                    break
                if is_named:
                    await self._end_twins(pod, look)
                await self._tell_progress(sight)
            if verdict.fate in (Fate.OVER, Fate.CRASH):
                await asyncio.wait([following], timeout=DRAIN_S)
            return verdict
        finally:
            following.cancel()

    def _see(self, sight: Sight, look: Look) -> None:
        now_s = time.monotonic()
        if look.pods is not None:
            sight.look(look.pods.get(sight.pod_id), now_s)
        if self.run.id in look.asked_runs:
            run = look.runs.get(self.run.id)
            sight.hear(run.state_type.value if run is not None and run.state_type is not None else "", now_s)
        living = {pod.id for pod, _ in look.stamped(self.desk.pool_id, self.run.id)}
        named = look.named_pod(self.run.id)
        sight.successor = named if named != sight.pod_id and named in living else ""

    async def _end_twins(self, pod: Pod, look: Look) -> None:
        """Other pods of this run: a creation that nobody knew of, or an attempt of before."""
        own = look.stamped(self.desk.pool_id, self.run.id)
        for twin, _ in own:
            if twin.id != pod.id:
                self.log.warning("Pod %s is not the run's own any more; ending it", twin.id)
                self.bill.start(twin)
                await end_pod(self.desk, twin.id)
                self.bill.stop(twin.id)

    async def _tell_progress(self, sight: Sight) -> None:
        if sight.state == "PENDING":
            await self._tell("Pod starting", f"pod {sight.pod_id} is {sight.status or 'not listed yet'}")

    async def end(self, pod: Pod, verdict: Verdict) -> None:
        """End the pod, and see that it is gone."""
        if verdict.fate is Fate.REPLACE:
            self.log.warning("%s; trying another pod", verdict.reason)
            self._discarded.add(pod.id)
            with suppress(httpx.HTTPStatusError, ObjectNotFound):  # it was deleted
                run = await insisted(lambda: self.desk.client.read_flow_run(self.run.id))
                if run.infrastructure_pid == pod.id:
                    await self._name(f"{NOBODYS}, as {pod.id} did not start")
            self._is_claimed = False
        if verdict.fate is Fate.FOLLOW:
            self.log.warning("Of two pods for one run, %s", verdict.reason)
        if await end_pod(self.desk, pod.id, ends_itself=verdict.fate is Fate.OVER):
            self.log.info("Pod %s is gone", pod.id)
        else:
            self.log.error("Pod %s could not be ended yet; this goes on in the background", pod.id)
        self.bill.stop(pod.id)
        await self.bill.show()

    async def clear(self) -> None:
        """End whatever pod the run has, once it wants none: one may have been made that nobody knew of."""
        look = await self.desk.watch.next(hurry=True)
        for pod, _ in look.stamped(self.desk.pool_id, self.run.id):
            await end_pod(self.desk, pod.id)

    async def conclude(self, verdict: Verdict) -> int:
        """Tell Prefect what it cannot know; 0 where Prefect's own word stands, 1 for a crash."""
        for pod_id in self.bill.meters:
            self.bill.stop(pod_id)
        self.desk.accounts.settle(self.bill)
        try:
            if verdict.fate is Fate.CANCEL:
                await self._cancelled()
            elif verdict.fate is Fate.CRASH:
                state: State[None] = Crashed(message=verdict.reason)
                await insisted(lambda: self.desk.client.set_flow_run_state(self.run.id, state))
                self.log.error("The run crashed: %s", verdict.reason)
                return 1
        except ObjectNotFound:
            pass  # the run was deleted, and nobody waits for a word on it
        return 0

    async def _cancelled(self) -> None:
        run = await insisted(lambda: self.desk.client.read_flow_run(self.run.id))
        if run.state_type is not None and run.state_type.value not in TERMINAL:
            state: State[None] = Cancelled(message="Cancelled; its pod has ended.")
            await insisted(lambda: self.desk.client.set_flow_run_state(self.run.id, state, force=True))

    async def report(self, name: str, message: str) -> None:
        """Show what is waited for. Raises: NotWanted."""
        try:
            run = await self.desk.client.read_flow_run(self.run.id)
        except ObjectNotFound:
            raise NotWanted from None
        except httpx.HTTPError:
            return
        if run.state_type is None or run.state_type.value in (*TERMINAL, "CANCELLING"):
            raise NotWanted
        await self._tell(name, message)

    async def _tell(self, name: str, message: str) -> None:
        """In the run's log, each sentence once; and as a sub-state of Pending, while no pod may run the flow.

        After that it would be a mistake: the server takes a run that has ended meanwhile back to Pending.
        """
        if message in self._told:
            return
        self._told.add(message)
        self.log.info("%s: %s", name, message)
        if self._is_claimed:
            return
        with suppress(httpx.HTTPError, ObjectNotFound):
            state: State[None] = State(type=StateType.PENDING, name=name, message=message)
            await self.desk.client.set_flow_run_state(self.run.id, state)
