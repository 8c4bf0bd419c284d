"""A sign of life from anything that takes longer than a few seconds."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import structlog

from tasks.audio.samples import Samples

log = structlog.get_logger(__name__)

EVERY_S = 10.0


def reported(blocks: Iterable[Samples], doing: str, *, sample_rate_hz: int) -> Iterator[Samples]:
    """The same blocks; every ten seconds the log says what is being done with them, and how far it is.

    It belongs into the loop that uses the blocks: in a thread that makes them ahead, the log would not know its run.
    """
    n_samples, spoke_at_s = 0, time.monotonic()
    for block in blocks:
        yield block
        n_samples += block.shape[1]
        if time.monotonic() - spoke_at_s >= EVERY_S:
            spoke_at_s = time.monotonic()
            log.info("sound.progressed", doing=doing, at_s=round(n_samples / sample_rate_hz))
