"""One file from the web, bounded in bytes, time and redirects."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import httpcore
import httpx
from httpx_retries import Retry, RetryTransport

from tasks.errors import SourceNotFound, SourceRefused, SourceUnreachable, UnreadableSource
from tasks.schemas import SourceLimits
from tasks.source.address import classify, redact
from tasks.source.guard import GuardedTransport
from tasks.source.landing import CHUNK_BYTES, Landing
from tasks.source.names import safe_name

# A recording gains nothing by compression, and plain bytes can be counted before they are unpacked.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "hladvarp"}
_WORTH_WAITING = (429, 502, 503, 504)


@dataclass(frozen=True)
class Downloaded:
    """What came, and from where in the end; `final_address` is without secrets."""

    name: str
    size_bytes: int
    sha256: str
    content_type: str
    final_address: str


def download(url: str, target: Path, limits: SourceLimits) -> Downloaded:
    """Fetch `url` into `target`, which is there afterwards whole or not at all.

    Raises: SourceNotFound, SourceRefused, SourceTooLarge, SourceUnreachable, EmptySource, UnreadableSource.
    """
    shown = redact(url)
    with _translated(shown), _client(limits) as client, _answer(client, url, limits=limits) as response:
        _check_status(response, shown)
        final = redact(str(response.url))
        announced = _announced_bytes(response)
        with Landing(target, address=final, max_bytes=limits.max_bytes, expected_bytes=announced) as landing:
            for chunk in _plain(response, final):
                landing.write(chunk)
    return Downloaded(
        name=_name_of(response),
        size_bytes=landing.size_bytes,
        sha256=landing.sha256,
        content_type=response.headers.get("content-type", ""),
        final_address=final,
    )


def _client(limits: SourceLimits) -> httpx.Client:
    retry = Retry(
        total=limits.max_retries,
        backoff_factor=0.5,
        status_forcelist=_WORTH_WAITING,
        # Not timeouts: they have cost their time already, and the task around us is retried as a whole.
        retry_on_exceptions=(httpcore.NetworkError, httpcore.RemoteProtocolError),
        max_backoff_wait=limits.max_wait_s,
        total_timeout=min(limits.max_wait_s, limits.timeout_s),
    )
    guarded = GuardedTransport(limits, deadline_s=time.monotonic() + limits.timeout_s)
    return httpx.Client(
        transport=RetryTransport(transport=guarded, retry=retry),
        headers=_HEADERS,
        timeout=httpx.Timeout(limits.stall_timeout_s, connect=limits.connect_timeout_s),
        trust_env=False,  # a proxy from the environment would connect for us, past the guard
    )


@contextmanager
def _answer(client: httpx.Client, url: str, *, limits: SourceLimits) -> Iterator[httpx.Response]:
    """The first answer that is not a redirect; every address on the way is checked like the first."""
    request: httpx.Request | None = client.build_request("GET", url)
    for _ in range(limits.max_redirects + 1):
        assert request is not None
        if classify(str(request.url), limits=limits).kind != "http":
            raise SourceRefused(f"{redact(url)} leads to {redact(str(request.url))}, which is not on the web")
        response = client.send(request, stream=True)
        try:
            request = response.next_request
            if request is None:
                yield response
                return
        finally:
            response.close()
    raise SourceRefused(f"{redact(url)} leads on and on, more than {limits.max_redirects} times; give the last address")


@contextmanager
def _translated(shown: str) -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol) as error:
        raise SourceRefused(f"{shown} is not an address: {error}") from error
    except (httpcore.TimeoutException, httpx.TimeoutException) as error:
        raise SourceUnreachable(f"{shown} took too long: {str(error) or 'no answer'}; try again later") from error
    except (httpcore.NetworkError, httpcore.ProtocolError, httpx.TransportError) as error:
        reason = str(error) or "the connection broke"
        raise SourceUnreachable(f"{shown} cannot be fetched: {reason}; try again later") from error


def _check_status(response: httpx.Response, shown: str) -> None:
    status = response.status_code
    if status in {200, 203, 204}:
        return
    said = f"{shown} answers {status} {response.reason_phrase}".rstrip()
    if status in {404, 410}:
        raise SourceNotFound(f"{said}; check the address")
    if status in {401, 407}:
        raise SourceRefused(f"{said}: it needs a password; write it into the address, or fetch the file yourself")
    if status == 403:
        raise SourceRefused(f"{said}: we may not read it; ask for an address that we may")
    if status in {408, 425, 429} or status >= 500:
        raise SourceUnreachable(f"{said}; try again later")
    raise SourceRefused(f"{said}, which is no file; check the address in a browser")


def _announced_bytes(response: httpx.Response) -> int | None:
    announced = response.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 20 else None


def _plain(response: httpx.Response, shown: str) -> Iterator[bytes]:
    """The body, unpacked in bounded pieces where a server packs although it was asked not to (a packed feed on S3)."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        yield from response.iter_raw()
    elif encoding in {"gzip", "x-gzip"}:
        try:
            yield from _gunzipped(response.iter_raw(), shown)
        except zlib.error as error:
            raise UnreadableSource(f"{shown} is damaged: it is sent as gzip and is none ({error})") from error
    else:
        raise SourceRefused(f"{shown} is packed as {encoding!r}, though plain bytes were asked for")


def _gunzipped(packed: Iterator[bytes], shown: str) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)  # 15 bits of window, and a gzip header
    for chunk in packed:
        pending = chunk
        while piece := inflater.decompress(pending, CHUNK_BYTES):
            pending = inflater.unconsumed_tail
            yield piece
    if not inflater.eof:
        raise SourceUnreachable(f"{shown} was cut short; try again later")


def _name_of(response: httpx.Response) -> str:
    """What the server calls the file, or the end of its address."""
    header = Message()
    header["content-disposition"] = response.headers.get("content-disposition", "")
    offered = header.get_filename()
    return safe_name(offered or response.url.path)
