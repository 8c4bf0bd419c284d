"""Asking Prefect's server until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

AGAIN_S = 5.0

T = TypeVar("T")


async def insisted(call: Callable[[], Awaitable[T]]) -> T:
    """What the server answers, however long it can't be reached: a pod that is paid for must not lose its run."""
    while True:
        try:
            return await call()
        except httpx.TransportError:
            await asyncio.sleep(AGAIN_S)
        except httpx.HTTPStatusError as error:
            if error.response.status_code < 500:
                raise
            await asyncio.sleep(AGAIN_S)
