"""RunPod's API v2 over httpx: each method is one question, each failure one of `tasks.errors`.

Who repeats what: a 429 was refused before anything was done, so that every question is asked again when all exhausted
windows are over. Questions that may be asked twice (GET, DELETE) are repeated by the transport when no answer came, or
a broken one. A creation never is: it has no idempotency key, and after `RunPodUnreachable` the pod may exist. Whoever
creates looks for it then (`purchase.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from httpx_retries import Retry, RetryTransport
from pydantic import BaseModel, SecretStr, ValidationError

from infra.runpod.limits import RateLimits
from infra.runpod.pods import Bill, Cloud, DataCenter, LogLine, NetworkVolume, Offer, Pod, PodRequest, Registry, Secret
from infra.runpod.problems import one_line, refusal
from tasks.errors import RunPodDenied, RunPodError, RunPodUnreachable

ADDRESS = "https://api.runpod.io"
USER_AGENT = "hladvarp-prefect-runpod/0.1"  # the edge answers 403 to whoever names no agent

CONNECT_S, ANSWER_S = 10.0, 30.0
UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""Each run's log holds a connection: with httpx's own 100, a worker of more runs could neither see nor end a pod."""
LONGEST_BUSY_S = 600.0
"""Of waiting for the rate limit, for one question; above it somebody else uses the account up."""

ASKED_AGAIN = Retry(
    total=3,
    backoff_factor=0.5,
    allowed_methods=["GET", "DELETE"],
    status_forcelist=[500, 502, 503, 504],
    respect_retry_after_header=False,
)

T = TypeVar("T", bound=BaseModel)


class RunPodApi:
    """One account; used by one event loop; closes with `async with`."""

    def __init__(
        self,
        api_key: SecretStr,
        *,
        address: str = ADDRESS,
        answer_s: float = ANSWER_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Nothing is sent yet. answer_s: how long RunPod may think about a question."""
        self.limits = RateLimits()
        self._http = httpx.AsyncClient(
            base_url=f"{address.rstrip('/')}/v2",
            headers={"Authorization": f"Bearer {_checked(api_key)}", "User-Agent": USER_AGENT},
            timeout=httpx.Timeout(answer_s, connect=CONNECT_S),
            transport=RetryTransport(
                transport=transport or httpx.AsyncHTTPTransport(limits=UNLIMITED), retry=ASKED_AGAIN
            ),
        )

    async def __aenter__(self) -> RunPodApi:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def create(self, request: PodRequest) -> Pod:
        """Ask for a pod, once.

        Raises: NoCapacity, PodRefused, BalanceTooLow, RunPodDenied: there is no pod. RunPodUnreachable: nobody knows.
        """
        asked = f"asked for a pod with {request.gpu_type}"
        return _one(Pod, await self._ask(asked, "POST", "/pods", body=request.body()), asked)

    async def pods(self) -> tuple[Pod, ...]:
        """Every pod of the account. Raises: RunPodError."""
        return await self._all(Pod, "asked for the pods", "/pods", "pods", {}, urgent=True)

    async def pod(self, pod_id: str) -> Pod | None:
        """One pod; None where RunPod knows none of this id. Raises: RunPodError."""
        asked = f"asked for pod {pod_id}"
        answer = await self._ask(asked, "GET", f"/pods/{quote(pod_id, safe='')}", or_missing=True, urgent=True)
        return None if answer is None else _one(Pod, answer, asked)

    async def delete(self, pod_id: str) -> None:
        """End a pod; one that is not there has ended. Raises: RunPodError."""
        path = f"/pods/{quote(pod_id, safe='')}"
        await self._ask(f"asked to end pod {pod_id}", "DELETE", path, or_missing=True, urgent=True)

    async def offers(self, *, cloud: Cloud, count: int, min_cuda: str) -> tuple[Offer, ...]:
        """GPU types with their prices and stock for such a pod. Raises: RunPodError."""
        query = {"include": "AVAILABILITY", "product": "POD", "cloud": cloud}
        query |= {"count": str(count), "minCudaVersion": min_cuda}
        return await self._all(Offer, "asked for GPU types", "/catalog/gpus", "gpus", query)

    async def data_centers(self, *, compliance: str = "") -> tuple[DataCenter, ...]:
        """Data centres, those with this certificate alone if one is named. Raises: RunPodError."""
        query = {"compliance": compliance} if compliance else {}
        return await self._all(DataCenter, "asked for data centres", "/catalog/datacenters", "dataCenters", query)

    async def volume(self, volume_id: str) -> NetworkVolume | None:
        """A network volume; None where there is none of this id. Raises: RunPodError."""
        asked = f"asked for network volume {volume_id}"
        answer = await self._ask(asked, "GET", f"/network-volumes/{quote(volume_id, safe='')}", or_missing=True)
        return None if answer is None else _one(NetworkVolume, answer, asked)

    async def registry(self, registry_id: str) -> Registry | None:
        """A registry credential; None where there is none of this id. Raises: RunPodError."""
        asked = f"asked for registry credential {registry_id}"
        answer = await self._ask(asked, "GET", f"/registries/{quote(registry_id, safe='')}", or_missing=True)
        return None if answer is None else _one(Registry, answer, asked)

    async def secret_names(self) -> frozenset[str] | None:
        """Names of the account's secrets; None of an API that does not list them yet. Raises: RunPodError."""
        asked = "asked for secrets"
        if await self._ask(asked, "GET", "/secrets", query={"limit": "1"}, or_missing=True) is None:
            return None
        return frozenset(secret.name for secret in await self._all(Secret, asked, "/secrets", "secrets", {}))

    async def bills(self, *, days: int) -> tuple[Bill, ...]:
        """What pods have cost in the last days, today included, as far as it is settled. Raises: RunPodError."""
        query = {"bucketSize": "day", "lastN": str(days)}
        return await self._all(Bill, "asked for bills", "/billing/pods", "records", query)

    async def log(self, pod_id: str, *, after: str = "") -> AsyncIterator[tuple[str, LogLine]]:
        """A pod's log from its beginning, or after an event: ids and lines, until RunPod ends the stream.

        Raises: RunPodError.
        """
        asked, path = f"asked for the log of pod {pod_id}", f"/pods/{quote(pod_id, safe='')}/logs"
        await self.limits.enter(urgent=False)
        headers = {"Last-Event-ID": after} if after else {}
        timeout = httpx.Timeout(None, connect=CONNECT_S)  # a pod may be silent for as long as it lives
        left = False
        try:
            query = {} if after else {"tail": "5000"}
            async with self._http.stream("GET", path, params=query, headers=headers, timeout=timeout) as response:
                await self.limits.leave(response.headers)
                left = True
                if response.status_code != httpx.codes.OK:
                    await response.aread()
                    raise refusal(asked, response)
                async for event in _events(response):
                    yield event
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _no_answer(asked, error) from error
        finally:
            if not left:
                await self.limits.leave(None)

    async def _all(
        self, kind: type[T], asked: str, path: str, key: str, query: Mapping[str, str], *, urgent: bool = False
    ) -> tuple[T, ...]:
        """All pages of a list; servers of before pages send one."""
        found: list[T] = []
        page: Mapping[str, str] = query
        while True:
            answer = await self._ask(asked, "GET", path, query=page, urgent=urgent)
            if not isinstance(answer, dict) or not isinstance(entries := answer.get(key), list):
                raise RunPodUnreachable(f"{asked}: what RunPod answered has no {key}; try again later")
            found += [_one(kind, entry, asked) for entry in entries]
            pagination = answer.get("pagination") or {}
            if not pagination.get("hasNextPage") or not pagination.get("nextCursor"):
                return tuple(found)
            page = {**query, "cursor": str(pagination["nextCursor"])}

    async def _ask(
        self,
        asked: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        or_missing: bool = False,
        urgent: bool = False,
    ) -> Any:
        """The JSON that answers; None for nothing, or for what is missing where that will do."""
        waited_s = 0.0
        while True:
            response = await self._send(asked, method, path, body=body, query=query, urgent=urgent)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            retry_after = response.headers.get("retry-after", "")
            wait_s = max(float(retry_after) if retry_after.isdigit() else 1.0, self.limits.wait_s(urgent=urgent))
            waited_s += wait_s
            if waited_s > LONGEST_BUSY_S:
                raise refusal(asked, response).after(wait_s)
            self.limits.exhaust(wait_s)
        if response.status_code == httpx.codes.NOT_FOUND and or_missing:
            return None
        if response.is_error or response.is_redirect:
            raise refusal(asked, response)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return response.json()
        except (ValueError, RecursionError):
            kind = response.headers.get("content-type", "no type")
            raise RunPodUnreachable(f"{asked}: what RunPod answered is {one_line(kind)}, no JSON") from None

    async def _send(
        self,
        asked: str,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None,
        query: Mapping[str, str] | None,
        urgent: bool,
    ) -> httpx.Response:
        headers: Mapping[str, str] | None = None
        await self.limits.enter(urgent=urgent)
        try:
            response = await self._http.request(method, path, json=body, params=query)
            headers = response.headers
            return response
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise _no_answer(asked, error) from error
        finally:
            await self.limits.leave(headers)


async def _events(response: httpx.Response) -> AsyncIterator[tuple[str, LogLine]]:
    """Server-sent events: ids, and their data as lines of a log. What can't be read is left out."""
    event_id, data = "", ""
    async for line in response.aiter_lines():
        if line.startswith("id:"):
            event_id = line[3:].strip()
        elif line.startswith("data:"):
            data += line[5:].strip()
        elif not line and data:
            if (read := _line(data)) is not None:
                yield event_id, read
            data = ""


def _line(data: str) -> LogLine | None:
    try:
        return LogLine.model_validate_json(data)
    except ValidationError:
        return None


def _one(kind: type[T], answer: object, asked: str) -> T:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        fields: Sequence[str] = [".".join(map(str, each["loc"])) for each in error.errors()]
        raise RunPodUnreachable(f"{asked}: RunPod's answer has other fields than we know: {fields}") from None


def _no_answer(asked: str, error: Exception) -> RunPodError:
    reason = one_line(str(error)) or type(error).__name__
    return RunPodUnreachable(f"{asked}: RunPod did not answer ({reason}); try again later")


def _checked(api_key: SecretStr) -> str:
    key = api_key.get_secret_value().strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise RunPodDenied("the RunPod key is empty, or holds a character that no key has; copy it again")
    return key
