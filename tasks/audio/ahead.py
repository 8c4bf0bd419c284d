"""Two cores for one stream: the next blocks are made while this one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event

from tasks.audio.samples import Samples

_WAIT_S = 0.2


def read_ahead(blocks: Iterable[Samples], *, depth: int = 2) -> Iterator[Samples]:
    """The same blocks, made in a thread of their own, at most `depth` of them before they are asked for.

    It pays because the libraries that make sound release Python's lock. What `blocks` raises is raised here.
    """
    queue: Queue[Samples | None] = Queue(depth)
    stopped = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        made = pool.submit(_fill, blocks, queue, stopped.is_set)
        try:
            while not (made.done() and queue.empty()):
                try:
                    block = queue.get(timeout=_WAIT_S)
                except Empty:
                    continue
                if block is None:
                    break
                yield block
        finally:
            stopped.set()
        made.result()


def _fill(blocks: Iterable[Samples], queue: Queue[Samples | None], is_stopped: Callable[[], bool]) -> None:
    try:
        for block in blocks:
            if not _put(queue, block, is_stopped):
                return
    finally:
        _put(queue, None, is_stopped)


def _put(queue: Queue[Samples | None], block: Samples | None, is_stopped: Callable[[], bool]) -> bool:
    """Whether somebody still wanted it."""
    while not is_stopped():
        try:
            queue.put(block, timeout=_WAIT_S)
            return True
        except Full:
            continue
    return False
