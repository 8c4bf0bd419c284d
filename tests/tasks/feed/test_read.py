"""Other people's feeds."""

from __future__ import annotations

import pytest

from tasks.errors import SourceNotFound, SourceRefused, UnreadableSource
from tasks.feed.read import MAX_FEED_BYTES, find_enclosure

FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"><channel><title>Þáttur</title>
<item><title>Fyrsti  þáttur</title><guid>a-1</guid><pubDate>Sun, 01 Nov 2026 08:00:00 GMT</pubDate>
 <enclosure url="https://e.is/1.mp3?a=1&amp;b=2" length="1" type="audio/mpeg"/></item>
<item><title>Þriðji</title><guid>a-3</guid><pubDate>Tue, 03 Nov 2026 08:00:00 GMT</pubDate>
 <enclosure url=" https://e.is/3.mp3 "/></item>
<item><title>Annar</title><guid>a-2</guid><pubDate>Mon, 02 Nov 2026 08:00:00 GMT</pubDate>
 <enclosure url="https://e.is/2.mp3"/></item>
<item><title>Texti</title><guid>a-0</guid><pubDate>nonsense</pubDate></item>
<item><title>Heimaskrá</title><guid>file</guid><enclosure url="file:///etc/passwd"/></item>
</channel></rss>"""


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("latest", "https://e.is/3.mp3"),
        ("", "https://e.is/3.mp3"),
        ("a-2", "https://e.is/2.mp3"),
        ("fyrsti þáttur", "https://e.is/1.mp3?a=1&b=2"),
        ("5", "https://e.is/3.mp3"),
    ],
)
def test_find_enclosure_takes_a_guid_a_title_a_number_or_latest(item: str, url: str):
    assert find_enclosure(FEED.encode(), item) == url


def test_find_enclosure_prefers_the_numbers_that_the_feed_gives():
    numbered = FEED.replace("<guid>a-2</guid>", "<guid>a-2</guid><itunes:episode>7</itunes:episode>")
    assert find_enclosure(numbered.encode(), "7") == "https://e.is/2.mp3"
    with pytest.raises(SourceNotFound):
        find_enclosure(numbered.encode(), "1")


@pytest.mark.parametrize("item", ["a-9", "no such title", "0", "99", "Texti"])
def test_find_enclosure_says_what_can_be_asked_for_when_there_is_no_such_recording(item: str):
    with pytest.raises(SourceNotFound, match=r"guid|another item"):
        find_enclosure(FEED.encode(), item)


def test_find_enclosure_refuses_a_recording_that_is_not_on_the_web():
    with pytest.raises(SourceRefused):
        find_enclosure(FEED.encode(), "file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_find_enclosure_refuses_a_document_type(encoding: str):
    bomb = '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>'
    with pytest.raises(UnreadableSource):
        find_enclosure(bomb.encode(encoding), "latest")


@pytest.mark.parametrize(
    "feed", [b"", b"\0\0", b"not xml", b"<html><body>404</body></html>", b"<rss", b"\xff\xfe<", b"{}"]
)
def test_find_enclosure_says_that_it_is_no_feed(feed: bytes):
    with pytest.raises((UnreadableSource, SourceNotFound)):
        find_enclosure(feed, "latest")


def test_find_enclosure_bounds_the_size():
    with pytest.raises(UnreadableSource, match="bytes"):
        find_enclosure(b" " * (MAX_FEED_BYTES + 1), "latest")


def test_find_enclosure_reads_a_feed_with_a_lost_ampersand_and_in_latin_1():
    assert find_enclosure(FEED.replace("Annar", "Einn & annar").encode(), "a-2") == "https://e.is/2.mp3"
    latin = FEED.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert find_enclosure(latin, "Þriðji") == "https://e.is/3.mp3"
