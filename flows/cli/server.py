"""The server that a command runs its flow on: the configured one, or one that lives as long as the command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from prefect.settings import temporary_settings

from deployments.bootstrap import bootstrap
from deployments.temporary_server import end_temporary_server_with_us

R = TypeVar("R")


async def on_server(flow: Callable[[], Awaitable[R]]) -> R:
    """Bootstrap, then run `flow`, on the configured server or on one that lives as long as this command."""
    # A server of a minute's life has no use for automations, and they would contend for its SQLite.
    with temporary_settings({"server.services.triggers.enabled": False}):
        await bootstrap()
        end_temporary_server_with_us()
        return await flow()
