"""The way back: the Prefect API by HTTP, and by WebSocket, on which task runs, heartbeats and events travel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit

import httpx
import prefect
from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from infra.preflight.finding import Finding

ANSWER_S = 15.0


async def check_server() -> AsyncIterator[Finding]:
    """Both ways, with the keys and headers that Prefect itself uses."""
    url = get_current_settings().api.url
    if not url:
        said = "PREFECT_API_URL is not set, so this run would have a server of its own"
        yield Finding("Prefect API", "warn", said, "set it to the address that the worker uses")
        return
    http = await _by_http(url)
    yield http
    if http.verdict != "fail":
        yield await _by_websocket(url)


async def _by_http(url: str) -> Finding:
    try:
        async with asyncio.timeout(ANSWER_S), get_client() as client:
            version = await client.api_version()
    except httpx.HTTPStatusError as error:
        said = f"{url} answers {error.response.status_code}"
        key = "give the pool the secret PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        wants_key = error.response.status_code in (401, 403)
        return Finding("Prefect API", "fail", said, key if wants_key else "correct the pool's Prefect API")
    except (httpx.HTTPError, OSError, ValueError, RuntimeError) as error:
        said = f"{url} does not answer: {type(error).__name__} {error}".strip()
        return Finding("Prefect API", "fail", said, "open a way from here to it, or correct the pool's Prefect API")
    said = f"{url} is Prefect {version}"
    if version.split(".")[:2] != prefect.__version__.split(".")[:2]:
        advice = f"the image has {prefect.__version__}; build it from the same lock as the server"
        return Finding("Prefect API", "warn", said, advice)
    return Finding("Prefect API", "ok", said)


async def _by_websocket(url: str) -> Finding:
    parts = urlsplit(url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    address = urlunsplit(parts._replace(scheme=scheme, path=f"{parts.path.rstrip('/')}/events/in"))
    headers = get_current_settings().client.custom_headers
    try:
        async with asyncio.timeout(ANSWER_S), connect(address, additional_headers=headers) as socket:
            await (await socket.ping())
    except (WebSocketException, OSError, ValueError) as error:
        said = f"{address} cannot be opened: {type(error).__name__} {error}".strip()
        advice = "let the proxy before the server pass WebSockets on (Upgrade and Connection)"
        return Finding("Prefect WebSocket", "fail", said, advice)
    return Finding("Prefect WebSocket", "ok", "open")
