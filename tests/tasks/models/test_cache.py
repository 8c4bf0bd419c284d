"""Models within a budget: loaded once, let go when another needs the room, and refused where they can never fit."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.errors import MemoryShort, ModelTooLarge
from tasks.models.cache import ModelCache, Need
from tasks.schemas.memory import Memory, MemoryBudget

GB = 10**9


class Model:
    """Takes room on its machine as long as somebody holds it."""

    def __init__(self, machine: Machine, size_bytes: int) -> None:
        self._machine, self._size_bytes = machine, size_bytes
        machine.used_bytes += size_bytes

    def __del__(self) -> None:
        self._machine.used_bytes -= self._size_bytes


class Machine:
    """100 GB, and what is in use of them."""

    def __init__(self) -> None:
        self.used_bytes = 0
        self.models = ModelCache(MemoryBudget(), lambda device: Memory(total_bytes=100 * GB, free_bytes=self.free))
        self.loads: list[str] = []

    @property
    def free(self) -> int:
        return 100 * GB - self.used_bytes

    def get(self, name: str, gb: int, share: str = "tts", device: str = "cuda") -> Model:
        def load() -> Model:
            self.loads.append(name)
            return Model(self, gb * GB)

        return self.models.get(name, lambda: Need(name, share=share, device=device, size_bytes=gb * GB), load)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_a_model_is_loaded_once_also_by_many_at_once(machine: Machine):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: machine.get("voice", 10), range(32)))
    assert len({id(model) for model in found}) == 1
    assert machine.loads == ["voice"]


def test_the_one_used_longest_ago_makes_room_within_its_share(machine: Machine):
    for name in ("a", "b"):
        machine.get(name, 20)
    machine.get("a", 20)  # of the 45 GB for voices 40 are taken, and b was used longest ago
    machine.get("ear", 30, share="asr")
    machine.get("c", 20)
    machine.get("a", 20)
    assert machine.loads == ["a", "b", "ear", "c"]
    assert machine.models.taken_bytes("cuda", "tts") == 40 * GB
    machine.get("b", 20)
    assert machine.loads[-1] == "b"
    assert machine.used_bytes == machine.models.taken_bytes("cuda") == 70 * GB


def test_a_model_larger_than_its_share_is_refused_before_it_is_loaded(machine: Machine):
    machine.get("small", 10)
    with pytest.raises(ModelTooLarge, match=r"huge needs about 46\.0 GB, .* may take 45\.0 GB.*tts_percent"):
        machine.get("huge", 46)
    assert machine.loads == ["small"]
    assert machine.get("small", 10)
    assert machine.loads == ["small"]


def test_a_model_that_somebody_works_with_is_not_counted_as_gone(machine: Machine):
    at_work = machine.get("a", 30)
    with pytest.raises(MemoryShort, match=r"b needs about 30\.0 GB, and 15\.0 GB are free"):
        machine.get("b", 30)
    assert machine.get("a", 30) is at_work
    assert machine.loads == ["a"]
    del at_work
    machine.get("b", 30)
    assert machine.used_bytes == 30 * GB


def test_what_others_take_of_the_device_counts(machine: Machine):
    machine.get("ear", 30, share="asr")
    machine.used_bytes += 50 * GB  # another process
    machine.get("voice", 40)  # 20 are free, of which 5 have to stay so: the ear makes room
    assert machine.loads == ["ear", "voice"]
    machine.used_bytes += 12 * GB
    with pytest.raises(MemoryShort):
        machine.get("ear", 34, share="asr")


def test_devices_do_not_take_from_one_another():
    machine = Machine()
    machine.get("on the gpu", 40)
    machine.get("on the host", 40, device="cpu")
    assert machine.models.taken_bytes("cuda") == machine.models.taken_bytes("cpu") == 40 * GB


def test_where_nobody_tells_the_memory_nothing_is_refused():
    models = ModelCache()
    need = Need("model", share="asr", device="cuda", size_bytes=10**15)
    assert models.get("model", lambda: need, threading.Event)


def test_others_use_their_models_while_one_is_loaded(machine: Machine):
    voice, loading, go = machine.get("voice", 1), threading.Event(), threading.Event()

    def slowly() -> Model:
        loading.set()
        assert go.wait(30)
        return Model(machine, GB)

    need = Need("slow", share="asr", device="cuda", size_bytes=GB)
    thread = threading.Thread(target=lambda: machine.models.get("slow", lambda: need, slowly))
    thread.start()
    assert loading.wait(30)
    assert machine.get("voice", 1) is voice
    go.set()
    thread.join()


def test_a_model_that_cannot_be_loaded_leaves_nothing(machine: Machine):
    def broken() -> Model:
        raise ModelTooLarge("broken")

    with pytest.raises(ModelTooLarge):
        machine.models.get("x", lambda: Need("x", share="tts", device="cpu", size_bytes=GB), broken)
    assert machine.models.taken_bytes("cpu") == 0
    assert machine.get("x", 1, device="cpu")


def test_new_work_is_refused_before_work_under_way_is_ended(machine: Machine):
    machine.models.guard()
    machine.used_bytes = 93 * GB
    machine.models.guard(begun=True)
    with pytest.raises(MemoryShort, match=r"93 % of this machine's 100\.0 GB are in use, more than the 92 %"):
        machine.models.guard()
    machine.used_bytes = 97 * GB
    with pytest.raises(MemoryShort, match="96 % up to which work is continued") as caught:
        machine.models.guard(begun=True)
    assert caught.value.retryable
    machine.used_bytes = 0


def test_models_that_nobody_works_with_go_before_work_is_refused(machine: Machine):
    idle = machine.get("idle", 20, device="cpu")
    at_work = machine.get("at work", 10, device="cpu")
    del idle
    machine.used_bytes += 65 * GB
    machine.models.guard()
    assert machine.models.taken_bytes("cpu") == 10 * GB
    assert machine.get("at work", 10, device="cpu") is at_work
    assert machine.loads == ["idle", "at work"]


def test_an_abandoned_model_in_a_circle_is_given_back(machine: Machine):
    def circular() -> Model:
        model = Model(machine, 40 * GB)
        model.itself = model
        return model

    machine.models.get("circle", lambda: Need("circle", share="tts", device="cuda", size_bytes=40 * GB), circular)
    machine.get("voice", 40)
    assert machine.used_bytes == 40 * GB


def test_loading_and_dropping_from_many_threads_never_exceeds_the_share(machine: Machine):
    worst = []

    def work(number: int) -> None:
        for turn in range(5):
            try:
                model = machine.get(f"{(number + turn) % 6}", 10)
            except MemoryShort:
                continue
            worst.append(machine.used_bytes)
            time.sleep(0.001)
            del model

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert max(worst) <= 45 * GB
