"""The feed, read as apps read it and tag by tag."""

from __future__ import annotations

import uuid

import feedparser
import pytest
from lxml import etree
from publishing import SHOW, edition

from tasks.feed.address import ShowAddress, address_of_uri
from tasks.feed.item import FeedFile, FeedItem, FeedPerson, episode_guid
from tasks.feed.render import NAMESPACES, render_feed
from tasks.schemas import Show

ADDRESS = ShowAddress("https://hladvarp.example.is/þættir/", "thatturinn")
ROOT = "https://hladvarp.example.is/%C3%BE%C3%A6ttir/thatturinn"


def items(*numbers: int, **changes: object) -> list[FeedItem]:
    return [
        edition(number).item.model_copy(
            update={"episode": f"thattur-{number}", "guid": episode_guid("thatturinn", f"thattur-{number}")} | changes
        )
        for number in numbers
    ]


def channel(feed: bytes) -> etree._Element:
    found = etree.fromstring(feed).find("channel")
    assert found is not None
    return found


def texts(element: etree._Element, path: str) -> list[str | None]:
    return [found.text for found in element.findall(path, NAMESPACES)]


def attributes(element: etree._Element, path: str) -> list[dict[str, str]]:
    return [dict(found.attrib) for found in element.findall(path, NAMESPACES)]


def test_feed_describes_the_show():
    show = SHOW.model_copy(update={"category": "Society & Culture > Documentary", "link": "https://stofan.example.is"})
    made = channel(render_feed(show, items(1, 2), address=ADDRESS, cover="cover.jpg"))
    assert texts(made, "title") == ["Þátturinn"]
    assert texts(made, "link") == ["https://stofan.example.is"]
    assert texts(made, "description") == ["Um allt & ekkert <i>"]
    assert texts(made, "language") == ["is"]
    assert texts(made, "lastBuildDate") == ["Tue, 03 Nov 2026 08:30:00 +0000"]
    assert attributes(made, "atom:link") == [{"href": f"{ROOT}/feed.xml", "rel": "self", "type": "application/rss+xml"}]
    assert texts(made, "itunes:author") == ["Stofan"]
    assert texts(made, "itunes:type") == ["episodic"]
    assert texts(made, "itunes:explicit") == ["false"]
    assert attributes(made, "itunes:category") == [{"text": "Society & Culture"}]
    assert attributes(made, "itunes:category/itunes:category") == [{"text": "Documentary"}]
    assert attributes(made, "itunes:image") == [{"href": f"{ROOT}/cover.jpg"}]
    assert texts(made, "itunes:owner/itunes:email") == ["stofan@example.is"]
    assert texts(made, "podcast:locked") == ["yes"]
    assert attributes(made, "podcast:locked") == [{"owner": "stofan@example.is"}]
    assert texts(made, "podcast:medium") == ["podcast"]
    # podcast:guid: the address without scheme and trailing slashes, in the namespace that the standard names.
    namespace = uuid.UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")
    assert texts(made, "podcast:guid") == [str(uuid.uuid5(namespace, f"{ROOT}/feed.xml".removeprefix("https://")))]


def test_feed_describes_an_episode():
    entry = items(1, persons=(FeedPerson(name="Anna"), FeedPerson(name="Bjarni", role="guest")))
    made = channel(render_feed(SHOW, entry, address=ADDRESS)).find("item")
    assert made is not None
    folder = f"{ROOT}/thattur-1"
    assert texts(made, "title") == ["1. þáttur: hraun & „mosi“"]
    assert texts(made, "guid") == [episode_guid("thatturinn", "thattur-1")]
    assert attributes(made, "guid") == [{"isPermaLink": "false"}]
    assert texts(made, "pubDate") == ["Mon, 02 Nov 2026 08:30:00 +0000"]
    assert texts(made, "link") == [f"{folder}/index.html"]
    assert attributes(made, "enclosure") == [{"url": f"{folder}/episode.mp3", "length": "2000", "type": "audio/mpeg"}]
    assert texts(made, "itunes:duration") == ["62"]
    assert texts(made, "itunes:explicit") == ["false"]
    assert attributes(made, "itunes:image") == [{"href": f"{folder}/cover.jpg"}]
    language = {"language": "is"}
    assert attributes(made, "podcast:transcript") == [
        {"url": f"{folder}/transcript.vtt", "type": "text/vtt", "rel": "captions"} | language,
        {"url": f"{folder}/transcript.srt", "type": "application/x-subrip"} | language,
        {"url": f"{folder}/transcript.json", "type": "application/json"} | language,
    ]
    assert attributes(made, "podcast:chapters") == [
        {"url": f"{folder}/chapters.json", "type": "application/json+chapters"}
    ]
    assert texts(made, "podcast:person") == ["Anna", "Bjarni"]
    assert [person["role"] for person in attributes(made, "podcast:person")] == ["host", "guest"]


def test_feed_names_the_other_formats_of_an_episode():
    m4a = FeedFile(
        name="episode.m4a", content_type="audio/mp4", size_bytes=1900, bit_rate_bps=128_000, codecs="mp4a.40.2"
    )
    flac = FeedFile(name="episode.flac", content_type="audio/flac")
    made = channel(render_feed(SHOW, items(1, alternates=(m4a, flac)), address=ADDRESS))
    assert attributes(made, "item/podcast:alternateEnclosure") == [
        {
            "type": "audio/mp4",
            "title": "M4A",
            "lang": "is",
            "length": "1900",
            "bitrate": "128000",
            "codecs": "mp4a.40.2",
        },
        {"type": "audio/flac", "title": "FLAC", "lang": "is"},
    ]
    assert attributes(made, "item/podcast:alternateEnclosure/podcast:source") == [
        {"uri": f"{ROOT}/thattur-1/episode.m4a"},
        {"uri": f"{ROOT}/thattur-1/episode.flac"},
    ]
    assert attributes(made, "item/enclosure")[0]["url"].endswith("episode.mp3")


@pytest.mark.parametrize(("language", "sentence"), [("is", "tölvugerðar"), ("en", "synthetic"), ("da", "synthetic")])
def test_feed_says_that_voices_are_synthetic(language: str, sentence: str):
    for is_synthetic in (True, False):
        entry = items(1, language=language, synthetic_speech=is_synthetic)
        made = channel(render_feed(SHOW, entry, address=ADDRESS))
        for tag in ("item/description", "item/content:encoded"):
            assert (sentence in (texts(made, tag)[0] or "")) is is_synthetic


def test_feed_marks_episodes_of_synthetic_voices_for_programs():
    for is_synthetic in (True, False):
        made = channel(render_feed(SHOW, items(1, synthetic_speech=is_synthetic), address=ADDRESS))
        assert texts(made, "item/podcast:txt") == ["true"] * is_synthetic
        assert attributes(made, "item/podcast:txt") == [{"purpose": "ai-content"}] * is_synthetic


def test_feed_writes_notes_as_html_without_letting_html_through():
    made = channel(render_feed(SHOW, items(1, synthetic_speech=False), address=ADDRESS))
    assert texts(made, "item/content:encoded") == [
        "<p>Fyrsta efnisgrein.</p><p>Önnur &lt;b&gt;efnisgrein&lt;/b&gt;.</p>"
    ]


def test_feed_is_sound_to_a_reader_of_feeds():
    read = feedparser.parse(render_feed(SHOW, items(1, 2, 3), address=ADDRESS, cover="cover.jpg"))
    assert not read.bozo
    assert [entry.title[0] for entry in read.entries] == ["3", "2", "1"]
    assert read.entries[0].enclosures[0].length == "2000"
    assert read.feed.image.href == f"{ROOT}/cover.jpg"


def test_feed_has_the_same_bytes_whatever_the_order_of_its_items():
    assert render_feed(SHOW, items(3, 1, 2), address=ADDRESS) == render_feed(SHOW, items(1, 2, 3), address=ADDRESS)


def test_feed_leaves_out_what_xml_cannot_hold():
    show = Show(title="A\x00B\x0bC\ufffe", description="\ud800 d \U0001f399")
    made = channel(render_feed(show, items(1, title="bell\x07"), address=ADDRESS))
    assert texts(made, "title") == ["ABC"]
    assert texts(made, "description") == [" d \U0001f399"]
    assert texts(made, "item/title") == ["bell"]


def test_feed_of_a_show_without_settings_is_complete():
    read = feedparser.parse(render_feed(Show(), [], address=ADDRESS))
    assert not read.bozo
    assert (read.feed.title, read.feed.description, read.feed.author) == ("thatturinn",) * 3


def test_address_of_a_folder_is_a_file_uri():
    assert address_of_uri("/srv/þættir okkar") == "file:///srv/%C3%BE%C3%A6ttir%20okkar"
    assert address_of_uri("s3://bucket/x") == "s3://bucket/x"
    assert (
        ShowAddress(address_of_uri("/srv/a b"), "show").url("e 1", "x#1.mp3")
        == "file:///srv/a%20b/show/e%201/x%231.mp3"
    )
