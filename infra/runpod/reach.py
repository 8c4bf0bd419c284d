"""Whether pods can reach the Prefect API, as far as that can be told from here: each step needs the one before it.

    address    not this machine's, not a private network's, and encrypted
    DNS        the name is known, and leads to a public address
    answer     `/health` says true
    server     it is the worker's own: it has this pool, by its id; with authentication where it wants one
    WebSocket  it lets one in at `/events/in`; without it a run works, and its tasks are missing in the UI

From inside the studio's own network an address may answer that a pod would not reach, or the other way round: only a
pod can tell, and the smoke test makes one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from prefect.client.schemas.objects import WorkPool
from prefect.settings import get_current_settings
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from infra.runpod.problems import one_line
from tasks.errors import InvalidSettings, PrefectUnreachable

ANSWER_S = 15.0
AUTHENTICATION = ("PREFECT_API_AUTH_STRING", "PREFECT_API_KEY", "PREFECT_CLIENT_CUSTOM_HEADERS")
"""Variables by which a pod can authenticate itself; the launcher knows the same."""


async def reach(url: str, pool: WorkPool, secret_env: Mapping[str, str]) -> AsyncIterator[str]:
    """What was found at each step. secret_env: the pool's secret variables.

    Raises: InvalidSettings for what the studio can mend in its settings; PrefectUnreachable for what does not answer.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidSettings(f"{url!r} is no address; write the Prefect API's as https://prefect.studio.is/api")
    _check_public(url, host, [host])
    if parts.scheme != "https":
        raise InvalidSettings(f"{url} is not encrypted: keys and scripts would cross the internet in clear; use https")
    found = await addresses(host)
    _check_public(url, host, found)
    yield f"{host} is {', '.join(found)}"
    async with httpx.AsyncClient(timeout=ANSWER_S) as http:
        health = await _get(http, f"{url}/health")
        if health.status_code != httpx.codes.OK or health.text.strip() != "true":
            raise PrefectUnreachable(
                f"{url}/health answers {health.status_code} and not true; let the address end in /api, "
                "and let whatever stands before the server pass it on"
            )
        yield "it is healthy"
        yield await _same_server(http, url, pool, secret_env)
    await _open_websocket(url)
    yield "a WebSocket is let in"


async def addresses(host: str) -> list[str]:
    """What the name leads to. Raises: PrefectUnreachable."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = one_line(str(error))
        raise PrefectUnreachable(f"nobody knows the name {host} ({reason}); correct it, or its DNS") from None
    return sorted({str(entry[4][0]) for entry in found})


def _check_public(url: str, host: str, found: list[str]) -> None:
    """Raises: InvalidSettings."""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
        raise InvalidSettings(f"{url} is a name of this network alone; pods need an address that they can reach")
    for text in found:
        try:
            address = ip_address(text)
        except ValueError:
            continue
        if not address.is_global:
            raise InvalidSettings(
                f"{url} is at {text}, which is this machine's or a private network's; "
                "pods need an address that they can reach, such as that of a proxy or a tunnel"
            )


async def _get(http: httpx.AsyncClient, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    try:
        return await http.get(url, headers=headers)
    except httpx.HTTPError as error:
        reason = one_line(str(error)) or type(error).__name__
        raise PrefectUnreachable(f"{url} does not answer ({reason}); see firewall, proxy and certificate") from None


async def _same_server(http: httpx.AsyncClient, url: str, pool: WorkPool, secret_env: Mapping[str, str]) -> str:
    path = f"{url}/work_pools/{pool.name}"
    anonymous, answer = await _get(http, path), await _get(http, path, _headers())
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise InvalidSettings(
            f"{url} refuses the authentication that is set here ({answer.status_code}); "
            "see PREFECT_API_AUTH_STRING or PREFECT_API_KEY"
        )
    if answer.status_code != httpx.codes.OK or str(pool.id) not in answer.text:
        raise InvalidSettings(f"{url} is another server than the worker's: it has no such pool {pool.name}; correct it")
    if anonymous.status_code not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return "it is the worker's own, and lets everybody in who knows its address"
    named = [variable for variable in AUTHENTICATION if variable in secret_env]
    if not named:
        raise InvalidSettings(
            f"{url} wants authentication, and the pods have none: make a secret at RunPod, "
            "and name it in `Secret variables`, such as PREFECT_API_AUTH_STRING → prefect_auth"
        )
    return f"it is the worker's own, and wants authentication, which pods have as {', '.join(named)}"


async def _open_websocket(url: str) -> None:
    address = f"wss{url.removeprefix('https')}/events/in"
    try:
        async with connect(
            address, subprotocols=[Subprotocol("prefect")], additional_headers=_headers(), open_timeout=ANSWER_S
        ) as socket_:
            settings = get_current_settings().api
            secret = settings.auth_string or settings.key
            token = secret.get_secret_value() if secret else None
            await socket_.send(json.dumps({"type": "auth", "token": token}))
            answer = json.loads(await asyncio.wait_for(socket_.recv(), ANSWER_S))
            if answer.get("type") != "auth_success":
                raise PrefectUnreachable(f"{address} refuses the authentication that is set here")
    except (OSError, TimeoutError, ValueError, WebSocketException) as error:
        raise PrefectUnreachable(
            f"{address} lets no WebSocket in ({one_line(str(error)) or type(error).__name__}); "
            "let the proxy pass on `Upgrade`, or the tasks of runs will be missing in the UI"
        ) from None


def _headers() -> dict[str, str]:
    """As Prefect's own client authenticates itself, with the settings of this machine."""
    settings = get_current_settings()
    headers = dict(settings.client.custom_headers)
    if settings.api.key is not None:
        headers["Authorization"] = f"Bearer {settings.api.key.get_secret_value()}"
    elif settings.api.auth_string is not None:
        auth = base64.b64encode(settings.api.auth_string.get_secret_value().encode()).decode()
        headers["Authorization"] = f"Basic {auth}"
    return headers
