"""Where a vendor's service is, and the way there."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import httpx
import structlog

log = structlog.get_logger(__name__)


def is_web_address(address: str) -> bool:
    """Whether this can be the address of a service: http or https, a host, and nothing after its path."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and not url.query and not url.fragment


def proxy_for(address: str) -> str | None:
    """The studio's own proxy, which botocore and websockets take from the environment too."""
    url = httpx.URL(address) if is_web_address(address) else httpx.URL()
    if url.host in {"", "localhost", "127.0.0.1", "::1"} or proxy_bypass(url.host):
        return None
    proxy = getproxies().get(url.scheme)
    if proxy is None or is_web_address(proxy):
        return proxy
    log.warning("proxy.ignored", scheme=proxy.split(":")[0], reason="only http and https proxies are used")
    return None
