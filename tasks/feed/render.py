"""The feed: RSS 2.0 with the tags of Apple Podcasts and of Podcasting 2.0.

Source: Apple, "A Podcaster's Guide to RSS"; podcastindex.org, "The podcast namespace"; RSS 2.0 specification.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from email.utils import format_datetime
from html import escape

from lxml import etree

from tasks.feed.address import ShowAddress
from tasks.feed.item import FeedFile, FeedItem
from tasks.schemas import Show

NAMESPACES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
}
_PODCASTS = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")  # the namespace that podcast:guid prescribes
_NOT_IN_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SYNTHETIC = {"is": "Raddirnar í þættinum eru tölvugerðar.", "en": "The voices in this episode are synthetic."}


def render_feed(show: Show, items: Iterable[FeedItem], *, address: ShowAddress, cover: str = "") -> bytes:
    """Give the show's feed, newest episode first; the same items always give the same bytes.

    cover: name of a square picture in the show's folder.
    """
    newest_first = sorted(items, key=lambda item: (item.published_at, item.episode), reverse=True)
    rss = etree.Element("rss", {"version": "2.0"}, nsmap=dict(NAMESPACES))
    channel = etree.SubElement(rss, "channel")
    _describe_show(channel, show, address, cover)
    if newest_first:
        _add(channel, "lastBuildDate", format_datetime(newest_first[0].published_at))
    for item in newest_first:
        _describe_item(etree.SubElement(channel, "item"), item, show, address)
    return etree.tostring(rss, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def spoken_by_machine(language: str) -> str:
    """Give the sentence that tells listeners of synthetic voices."""
    return _SYNTHETIC.get(language, _SYNTHETIC["en"])


def _describe_show(channel: etree._Element, show: Show, address: ShowAddress, cover: str) -> None:
    title = show.title or address.show_slug
    link = show.link or address.url("")
    _add(channel, "title", title)
    _add(channel, "link", link)
    _add(channel, "atom:link", href=address.feed_url, rel="self", type="application/rss+xml")
    _add(channel, "description", show.description or title)
    _add(channel, "language", show.languages[0])
    _add(channel, "generator", "hladvarp")
    _add(channel, "itunes:author", show.author or title)
    _add(channel, "itunes:type", "episodic")
    _add(channel, "itunes:explicit", _truth(show.explicit))
    _add_category(channel, show.category)
    if cover:
        _add(channel, "itunes:image", href=address.url(cover))
        image = _add(channel, "image")
        for tag, text in (("url", address.url(cover)), ("title", title), ("link", link)):
            _add(image, tag, text)
    if show.email:
        owner = _add(channel, "itunes:owner")
        _add(owner, "itunes:name", show.author or title)
        _add(owner, "itunes:email", show.email)
        _add(channel, "podcast:locked", "yes", owner=show.email)  # nobody else moves the feed to another host
    without_scheme = re.sub(r"^[a-z0-9+.-]+:/+", "", address.feed_url).rstrip("/")
    _add(channel, "podcast:guid", str(uuid.uuid5(_PODCASTS, without_scheme)))
    _add(channel, "podcast:medium", "podcast")


def _describe_item(element: etree._Element, item: FeedItem, show: Show, address: ShowAddress) -> None:
    def url(name: str) -> str:
        return address.url(item.episode, name)

    text = _description(item)
    _add(element, "title", item.title)
    _add(element, "guid", item.guid, isPermaLink="false")
    _add(element, "pubDate", format_datetime(item.published_at))
    if item.page:
        _add(element, "link", url(item.page))
    _add(element, "description", text)
    _add(element, "content:encoded", _as_html(text))
    audio = item.audio
    _add(element, "enclosure", url=url(audio.name), length=str(audio.size_bytes), type=audio.content_type)
    for file in item.alternates:
        _add_alternate(element, file, item, url(file.name))
    _add(element, "itunes:title", item.title)
    _add(element, "itunes:author", show.author or show.title or address.show_slug)
    _add(element, "itunes:duration", str(round(item.duration_s)))
    _add(element, "itunes:explicit", _truth(item.explicit or show.explicit))
    _add(element, "itunes:episodeType", "full")
    if item.image:
        _add(element, "itunes:image", href=url(item.image))
    for file in item.transcripts:
        captions = {"rel": "captions"} if file.content_type == "text/vtt" else {}
        _add(
            element,
            "podcast:transcript",
            url=url(file.name),
            type=file.content_type,
            language=item.language,
            **captions,
        )
    if item.chapters:
        _add(element, "podcast:chapters", url=url(item.chapters), type="application/json+chapters")
    for person in item.persons:
        _add(element, "podcast:person", person.name, role=person.role)
    if item.synthetic_speech:
        # Source: podcast namespace, docs/tags/txt.md, "ai-content", which applies to this episode.
        _add(element, "podcast:txt", "true", purpose="ai-content")


def _add_alternate(element: etree._Element, file: FeedFile, item: FeedItem, address: str) -> None:
    """Source: podcast namespace, docs/tags/alternate-enclosure.md."""
    named = {"length": str(file.size_bytes), "bitrate": str(file.bit_rate_bps), "codecs": file.codecs}
    known = {name: value for name, value in named.items() if value not in ("", "0")}
    title = file.name.rpartition(".")[2].upper()
    enclosure = _add(
        element, "podcast:alternateEnclosure", type=file.content_type, title=title, lang=item.language, **known
    )
    _add(enclosure, "podcast:source", uri=address)


def _add(parent: etree._Element, tag: str, content: str | None = None, **attributes: str) -> etree._Element:
    prefix, _, name = tag.rpartition(":")
    full_name = f"{{{NAMESPACES[prefix]}}}{name}" if prefix else name
    element = etree.SubElement(parent, full_name, {key: _clean(value) for key, value in attributes.items()})
    element.text = None if content is None else _clean(content)
    return element


def _add_category(channel: etree._Element, category: str) -> None:
    """Add "Arts > Books" as a category in a category, as Apple's list has them."""
    parent = channel
    for name in category.split(">"):
        parent = _add(parent, "itunes:category", text=name.strip())


def _description(item: FeedItem) -> str:
    parts = [item.description.strip(), spoken_by_machine(item.language) if item.synthetic_speech else ""]
    return "\n\n".join(part for part in parts if part) or item.title


def _as_html(text: str) -> str:
    paragraphs = (escape(part.strip(), quote=False).replace("\n", "<br/>") for part in text.split("\n\n"))
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs if paragraph)


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("", text)


def _truth(value: bool) -> str:
    return "true" if value else "false"
