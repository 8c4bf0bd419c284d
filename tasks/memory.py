"""Memory: what this machine has, shared out among the models of this process."""

from __future__ import annotations

from blocks.gpu import first_gpu
from blocks.memory import host_memory
from blocks.settings import load_settings
from tasks.models.cache import MODELS
from tasks.schemas.memory import Device, Memory


def require_memory(*, begun: bool = False) -> None:
    """Hold models to the settings' budget, and refuse a piece of work that memory may not suffice for.

    begun: whether this is the next step of work that is under way, which goes on a little longer.
    Raises: MemoryShort.
    """
    MODELS.allot(load_settings().memory, memory_of)
    MODELS.guard(begun=begun)


def memory_of(device: Device) -> Memory | None:
    """What a device has; None for a GPU whose driver does not say."""
    if device == "cpu":
        return host_memory()
    gpu = first_gpu()
    return gpu.memory if gpu else None
