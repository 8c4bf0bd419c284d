"""The wall between a stranger's address and our own network: it looks at the address that is really connected to."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
import httpx

from tasks.errors import SourceRefused, SourceUnreachable
from tasks.schemas import SourceLimits

# Only here does IANA give out addresses of the open internet. Outside lie loopback, link-local, mapped IPv4 and NAT64,
# each of which can lead to a private IPv4 address. Source: RFC 4291, section 2.4; RFC 6052; RFC 8215.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Inside it, but with an IPv4 address as payload, and given up. Source: RFC 3056 and RFC 7526 (6to4).
_SIX_TO_FOUR = IPv6Network("2002::/16")
_SIX_TO_FOUR_RELAYS = IPv4Network("192.88.99.0/24")

_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` lies on the open internet and can lead nowhere else."""
    if isinstance(address, IPv6Address):
        if address not in _GLOBAL_UNICAST or address in _SIX_TO_FOUR:
            return False
    elif address in _SIX_TO_FOUR_RELAYS:
        return False
    # is_global is true for most multicast addresses.
    return address.is_global and not address.is_multicast and not address.is_reserved


def is_reachable(address: IPv4Address | IPv6Address, *, limits: SourceLimits) -> bool:
    """Whether the limits let us connect to `address`."""
    if limits.allow_private_addresses or is_public(address):
        return True
    return any(address in network for network in limits.allowed_networks)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks what came out, and connects to exactly that: no second answer can slip in."""

    def __init__(self, limits: SourceLimits, *, deadline_s: float) -> None:
        self._limits = limits
        self._deadline_s = deadline_s
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address of `host` that is allowed and answers.

        Raises: SourceRefused when no address of `host` is allowed; SourceUnreachable when it has none.
        """
        failure: Exception | None = None
        for address in self._allowed_addresses(host, port):
            left_s = _left_s(self._deadline_s, timeout, httpcore.ConnectTimeout)
            try:
                stream = self._backend.connect_tcp(address, port, left_s, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return TimedStream(stream, deadline_s=self._deadline_s)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _allowed_addresses(self, host: str, port: int) -> list[str]:
        if not _HOST.fullmatch(host) or not 0 < port < 65536:
            raise SourceRefused(f"{host}:{port} is not a host and a port; check the address")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise SourceUnreachable(
                f"no address for the host {host!r} ({error.strerror}); check its spelling"
            ) from error
        except (UnicodeError, OverflowError) as error:
            raise SourceRefused(f"{host!r} is not a host name; check the address") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        allowed = [a for a in addresses if is_reachable(ip_address(a), limits=self._limits)]
        if not allowed:
            raise SourceRefused(
                f"{host} is at {', '.join(addresses)}, which is not on the open internet; "
                "set ingest.allow_private_addresses if it is yours"
            )
        return allowed


class TimedStream(httpcore.NetworkStream):
    """A connection that ends at a deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore.NetworkStream, *, deadline_s: float) -> None:
        self._stream = stream
        self._deadline_s = deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Some bytes, at most `max_bytes`."""
        return self._stream.read(max_bytes, _left_s(self._deadline_s, timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send `buffer`."""
        self._stream.write(buffer, _left_s(self._deadline_s, timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted.

        Raises: SourceRefused when the certificate is not that of `server_hostname`, which waiting does not mend.
        """
        left_s = _left_s(self._deadline_s, timeout, httpcore.ConnectTimeout)
        try:
            stream = self._stream.start_tls(ssl_context, server_hostname, left_s)
        except httpcore.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                reason = error.__cause__.verify_message
                raise SourceRefused(f"the certificate of {server_hostname} is not valid: {reason}") from error
            raise
        return TimedStream(stream, deadline_s=self._deadline_s)

    def get_extra_info(self, info: str) -> object:
        """What the connection knows about itself."""
        return self._stream.get_extra_info(info)


class GuardedTransport(httpx.BaseTransport):
    """Sends httpx's requests over connections that the guard has checked; no proxy can come between."""

    def __init__(self, limits: SourceLimits, *, deadline_s: float) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(), network_backend=GuardedBackend(limits, deadline_s=deadline_s)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange; failures are those of httpcore."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        answer = self._pool.handle_request(
            httpcore.Request(request.method, url, headers=request.headers.raw, extensions=request.extensions)
        )
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    def close(self) -> None:
        """Hang up on everyone."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


def _left_s(deadline_s: float, timeout_s: float | None, error: type[Exception]) -> float:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise error("the download took longer than it may")
    return left_s if timeout_s is None else min(left_s, timeout_s)
