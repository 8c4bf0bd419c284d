"""RunPod's API v2 as our client asks it, against the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from pydantic import SecretStr
from runpod_server import L40, Image, RunPodServer, Window

from infra.runpod.api import RunPodApi
from infra.runpod.pods import Pod, PodRequest
from tasks.errors import BalanceTooLow, NoCapacity, PodRefused, RunPodDenied, RunPodError, RunPodUnreachable

T = TypeVar("T")
KEY = "rpa_LEYNDARMAL0123456789"


@pytest.fixture
def runpod() -> Iterator[RunPodServer]:
    with RunPodServer(speed=20) as server:
        server.images["hladvarp/gpu:1"] = Image(light=lambda pod: pod.stopping.wait(60))
        yield server


def request(**changes: object) -> PodRequest:
    wanted = {
        "name": "prefect-test",
        "image": "hladvarp/gpu:1",
        "gpu_type": L40,
        "min_cuda": "12.1",
        "cloud": "SECURE",
        "disk_gb": 40,
        "entrypoint": ("python",),
        "cmd": ("-V",),
        "env": {"A": "1"},
    }
    return PodRequest.model_validate(wanted | changes)


@asynccontextmanager
async def client(runpod: RunPodServer, key: str = "", answer_s: float = 30.0) -> AsyncIterator[RunPodApi]:
    async with RunPodApi(SecretStr(key or runpod.key), address=runpod.url, answer_s=answer_s) as api:
        yield api


def ask(runpod: RunPodServer, question: Callable[[RunPodApi], Awaitable[T]], **options: object) -> T:
    async def go() -> T:
        async with client(runpod, **options) as api:  # type: ignore[arg-type]
            return await question(api)

    return asyncio.run(go())


def test_pod_is_made_found_and_deleted(runpod):
    async def go(api: RunPodApi) -> tuple[Pod, Pod | None, tuple[Pod, ...], Pod | None]:
        made = await api.create(request())
        found, listed = await api.pod(made.id), await api.pods()
        await api.delete(made.id)
        await api.delete(made.id)
        while await api.pod(made.id):
            await asyncio.sleep(0.05)
        return made, found, listed, await api.pod(made.id)

    made, found, listed, gone = ask(runpod, go)

    assert found is not None
    assert (found.id, found.gpu_type, found.env, found.cloud) == (made.id, L40, {"A": "1"}, "SECURE")
    assert [pod.id for pod in listed] == [made.id]
    assert made.cost_usd_per_h == pytest.approx(0.99, abs=0.02)
    assert gone is None
    assert not runpod.left_over
    assert all(each.headers["user-agent"].startswith("hladvarp") for each in runpod.requests)


def test_every_page_of_a_list_is_read(runpod, monkeypatch):
    for number in range(5):
        runpod.cloud.foreign(f"pod-{number}")
    listed = runpod.cloud.listed
    monkeypatch.setattr(runpod.cloud, "listed", lambda query: listed({"limit": "2"} | query))

    assert len(ask(runpod, lambda api: api.pods())) == 5


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        ("no_capacity", NoCapacity),
        ("no_balance", BalanceTooLow),
        ("no_access", RunPodDenied),
        ("not_found", PodRefused),
        ("broken", RunPodUnreachable),
        ("bad_gateway", RunPodUnreachable),
        ("unavailable", RunPodUnreachable),
        ("reset", RunPodUnreachable),
        ("hang", RunPodUnreachable),
        ("broken_after", RunPodUnreachable),
        ("cut", RunPodUnreachable),
        ("wrong_type", RunPodUnreachable),
    ],
)
def test_creation_is_sent_once_and_its_failure_is_typed(runpod, fault, failure):
    runpod.fail(fault)

    with pytest.raises(RunPodError) as caught:
        ask(runpod, lambda api: api.create(request()), answer_s=0.5)

    assert type(caught.value) is failure
    assert len(runpod.asked("createPod")) == 1
    assert "\n" not in str(caught.value)


def test_contract_violation_names_what_runpod_said(runpod):
    with pytest.raises(PodRefused, match="'XTREME' is not one of"):
        ask(runpod, lambda api: api.create(request().model_copy(update={"cloud": "XTREME"})))


@pytest.mark.parametrize("fault", ["broken", "reset", "cut", "unavailable"])
def test_question_that_may_be_asked_twice_is_asked_again(runpod, fault):
    runpod.fail(fault, on="listPods")

    if fault == "cut":  # half an answer is none, and the transport can't know before it is read
        with pytest.raises(RunPodUnreachable):
            ask(runpod, lambda api: api.pods())
    else:
        assert ask(runpod, lambda api: api.pods()) == ()


def test_busy_is_waited_out_also_for_a_creation(runpod):
    runpod.fail("busy", times=2, wait_s=1)

    assert ask(runpod, lambda api: api.create(request())).id
    assert len(runpod.asked("createPod")) == 3
    assert len(runpod.pods) == 1


def test_key_appears_in_no_message_and_no_repr(runpod):
    with pytest.raises(RunPodDenied) as caught:
        ask(runpod, lambda api: api.pods(), key=KEY)

    assert KEY not in str(caught.value)
    assert KEY not in repr(caught.value)


@pytest.mark.parametrize("key", ["", " ", "rpa_löng", "rpa_a b", "rpa_a\nb"])
def test_key_that_is_none_is_refused_before_anything_is_sent(runpod, key):
    with pytest.raises(RunPodDenied):
        RunPodApi(SecretStr(key))


def test_requests_at_once_never_exceed_the_rate_limit(runpod):
    runpod.limits.replace([Window("minute", 12, 2.0), Window("hour", 40, 5.0)])

    async def go(api: RunPodApi) -> list[object]:
        return await asyncio.gather(*(api.pods() for _ in range(60)))

    assert len(ask(runpod, go)) == 60
    assert [each.status for each in runpod.requests] == [200] * 60


def test_log_is_followed_and_taken_up_where_it_was_left(runpod):
    def talk(pod) -> None:
        for number in range(4):
            pod.say(f"line {number}")
        pod.stopping.wait(60)

    runpod.images["hladvarp/gpu:1"] = Image(light=talk)

    async def read(api: RunPodApi, pod_id: str, after: str, until: str) -> tuple[list[str], str]:
        lines, last = [], ""
        async for event_id, line in api.log(pod_id, after=after):
            if line.source == "container":
                lines.append(line.line)
                last = event_id
            if line.line == until:
                break
        return lines, last

    async def go(api: RunPodApi) -> tuple[list[str], list[str]]:
        made = await api.create(request())
        first, last = await read(api, made.id, "", "line 1")
        again, _ = await read(api, made.id, last, "line 3")
        return first, again

    first, again = ask(runpod, go)

    assert first == ["line 0", "line 1"]
    assert again == ["line 2", "line 3"]


def test_pods_are_looked_at_and_ended_while_two_hundred_logs_are_followed(runpod):
    runpod.limits.replace([Window("minute", 10_000, 60.0)])

    async def go(api: RunPodApi) -> tuple[Pod, ...]:
        made = await api.create(request())
        reading = asyncio.Semaphore(0)

        async def follow() -> None:
            async for _ in api.log(made.id):
                reading.release()
                await asyncio.Event().wait()

        readers = [asyncio.create_task(follow()) for _ in range(200)]
        for _ in readers:
            await reading.acquire()
        listed = await api.pods()
        await api.delete(made.id)
        for reader in readers:
            reader.cancel()
        return listed

    assert len(ask(runpod, go, answer_s=5.0)) == 1
    assert not runpod.left_over
