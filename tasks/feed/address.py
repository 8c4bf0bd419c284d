"""Public addresses of published files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_AS_IT_IS = "%/:@[]~!$&'()*+,;="  # what a base address may hold unchanged, its own percent signs included


@dataclass(frozen=True)
class ShowAddress:
    """Where a show is reached. `base_url` is what stands before the show's folder."""

    base_url: str
    show_slug: str

    def url(self, *names: str) -> str:
        """Give the address of a file of the show, percent-encoded."""
        path = "/".join(quote(part, safe="") for name in (self.show_slug, *names) for part in name.split("/"))
        return f"{quote(self.base_url.rstrip('/'), safe=_AS_IT_IS)}/{path}"

    @property
    def feed_url(self) -> str:
        """The address of the feed."""
        return self.url("feed.xml")


def address_of_uri(uri: str) -> str:
    """Give a base address where no web address is known: file:// for a folder, the uri itself otherwise."""
    return Path(uri).as_uri() if uri.startswith("/") else uri
