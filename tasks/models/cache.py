"""The models of this process: each loaded once, within a budget, the one used longest ago making room for the next."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock, RLock
from typing import Any, TypeVar

import structlog

from tasks.errors import MemoryShort, ModelTooLarge
from tasks.models.memory import give_back_memory, give_back_models
from tasks.schemas.memory import Device, Memory, MemoryBudget, Share

M = TypeVar("M")
log = structlog.get_logger(__name__)

MIB = 1 << 20


@dataclass(frozen=True)
class Need:
    """What a model takes while it is loaded."""

    what: str
    """Its name, for messages."""
    share: Share
    device: Device
    size_bytes: int
    """Estimated from its files: nobody can ask a library before it loads."""


def _unknown(device: Device) -> Memory | None:
    return None


class ModelCache:
    """Models by key. One that was let go while somebody still works with it counts until that work has ended."""

    def __init__(self, budget: MemoryBudget | None = None, measure: Callable[[Device], Memory | None] = _unknown):
        """measure: the memory of a device now; None where nobody can tell, and then nothing is refused there."""
        self._budget, self._measure = budget or MemoryBudget(), measure
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()  # the one used longest ago first
        self._known: dict[Hashable, tuple[weakref.ref[Any], Need]] = {}
        self._lock, self._loading = Lock(), RLock()

    def allot(self, budget: MemoryBudget, measure: Callable[[Device], Memory | None]) -> None:
        """Hold models to this budget from now on."""
        self._budget, self._measure = budget, measure

    def get(self, key: Hashable, need: Callable[[], Need], load: Callable[[], M]) -> M:
        """The model of this key, loaded if it is not; one is loaded at a time, and the others go on working.

        need: asked only where the model has to be loaded.
        Raises: ModelTooLarge when it can never fit; MemoryShort when what has to go is in use; what `load` raises.
        """
        if (found := self._found(key)) is not None:
            return found  # type: ignore[no-any-return]
        with self._loading:
            if (found := self._found(key)) is not None:
                return found  # type: ignore[no-any-return]
            wanted = need()
            before = self._make_room(wanted)
            model = load()
            with self._lock:
                self._kept[key] = model
                self._known[key] = weakref.ref(model), wanted
        after = self._measure(wanted.device) if before else None
        grew_mb = (before.free_bytes - after.free_bytes) / MIB if before and after else float("nan")
        log.info(
            "model.loaded",
            model=wanted.what,
            device=wanted.device,
            estimated_mb=round(wanted.size_bytes / MIB),
            device_grew_mb=round(grew_mb) if grew_mb == grew_mb else "unknown",
        )
        return model

    def guard(self, *, begun: bool = False) -> None:
        """Refuse a new piece of work where the host's memory is nearly used up; `begun`: end one that is under way.

        Models that nobody works with go first. The kernel would ask nobody, and take the whole process.
        Raises: MemoryShort.
        """
        highest = self._budget.fail_percent if begun else self._budget.refuse_percent
        memory = self._measure("cpu")
        if memory is None or memory.used_percent <= highest:
            return
        give_back_memory()
        self._let_go(lambda need: need.device == "cpu")
        memory = self._measure("cpu")
        if memory is not None and memory.used_percent > highest:
            raise MemoryShort(
                f"{memory.used_percent:.0f} % of this machine's {_gb(memory.total_bytes)} are in use, more than the "
                f"{highest:g} % up to which work is {'continued' if begun else 'begun'}; "
                "run less at once, or give it more memory"
            )

    def taken_bytes(self, device: Device, share: Share | None = None) -> int:
        """What the models that are still in memory take, by their estimates; share None: all of them."""
        with self._lock:
            self._known = {key: one for key, one in self._known.items() if one[0]() is not None}
            needs = [need for _, need in self._known.values()]
        return sum(need.size_bytes for need in needs if need.device == device and share in (None, need.share))

    def _found(self, key: Hashable) -> Any:
        with self._lock:
            known = self._known.get(key)
            model = known[0]() if known else None
            if model is not None:
                self._kept[key] = model  # one that was let go in the middle of its work comes back
                self._kept.move_to_end(key)
            return model

    def _make_room(self, need: Need) -> Memory | None:
        """Let models go until this one fits: of its own share first, then of any on its device. The memory then."""
        memory = self._measure(need.device)
        if memory is None:
            return None
        allowed = self._budget.share_of(memory, need.share)
        if need.size_bytes > allowed:
            raise ModelTooLarge(
                f"{need.what} needs about {_gb(need.size_bytes)}, and {need.share} models may take {_gb(allowed)} "
                f"of the {_gb(memory.total_bytes)} on {need.device}; choose a smaller model or a larger machine, "
                f"or raise memory.{need.share}_percent"
            )
        self._let_go(
            lambda other: (other.device, other.share) == (need.device, need.share),
            until=lambda: allowed - self.taken_bytes(need.device, need.share) >= need.size_bytes,
        )
        self._let_go(lambda other: other.device == need.device, until=lambda: self._has_free(need))
        memory = self._measure(need.device) or memory
        room = min(
            allowed - self.taken_bytes(need.device, need.share), memory.free_bytes - self._budget.safety_of(memory)
        )
        if need.size_bytes > room:
            raise MemoryShort(
                f"{need.what} needs about {_gb(need.size_bytes)}, and {_gb(max(0, room))} are free for it on "
                f"{need.device} just now; what is in use has to end first"
            )
        return memory

    def _has_free(self, need: Need) -> bool:
        memory = self._measure(need.device)
        return memory is None or memory.free_bytes - self._budget.safety_of(memory) >= need.size_bytes

    def _let_go(self, fits: Callable[[Need], bool], *, until: Callable[[], bool] = lambda: False) -> None:
        """Let the models that fit go, the one used longest ago first, until it is enough; those in use stay known."""
        in_use: list[tuple[Hashable, Any]] = []
        with self._lock:
            keys = [key for key in self._kept if fits(self._known[key][1])]
        for key in keys:
            if until():
                break
            with self._lock:
                reference, need = self._known[key]
                self._kept.pop(key, None)
            give_back_models()
            if (model := reference()) is not None:
                in_use.append((key, model))
            else:
                log.info("model.unloaded", model=need.what, device=need.device)
            del model
        with self._lock:
            for key, model in reversed(in_use):
                self._kept[key] = model
                self._kept.move_to_end(key, last=False)


def _gb(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.1f} GB"


MODELS = ModelCache()
"""Those of this process."""
