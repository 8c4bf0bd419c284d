"""The machine at hand."""

from __future__ import annotations

from tasks.errors.root import HladvarpError


class MachineError(HladvarpError):
    """The machine at hand cannot do its work."""


class MemoryShort(MachineError):
    """Nearly all memory is in use: work is refused, or ended, before the kernel kills the process."""

    retryable = True
