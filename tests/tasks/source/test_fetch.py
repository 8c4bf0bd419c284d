"""From what the user named to a file in our folder."""

from __future__ import annotations

import hashlib
import re
import time

import pytest
from fsspec.core import url_to_fs
from fsspec.implementations.memory import MemoryFileSystem

from tasks.errors import SourceNotFound, SourceRefused, SourceTooLarge, UnreadableSource
from tasks.source.fetch import fetch, is_feed

FEED = '<?xml version="1.0"?>\n<rss><channel><item><guid>{0}</guid><enclosure url="{1}"/></item></channel></rss>'


def find_enclosure(feed: bytes, item: str) -> str:
    """A reader for feeds of one item, enough to see what is asked of it."""
    guid, url = re.findall(rb"<guid>(.*?)</guid>.*url=\"(.*?)\"", feed, re.DOTALL)[0]
    if item not in {"latest", guid.decode()}:
        raise SourceNotFound(f"no item {item!r}")
    return url.decode()


@pytest.fixture
def get(tmp_path, limits):
    folder = tmp_path / "scratch"
    folder.mkdir()

    def call(source, **changes):
        bounds = limits.model_copy(update=changes)
        return fetch(source, folder, bounds, open_filesystem=url_to_fs, find_enclosure=find_enclosure)

    call.folder = folder
    return call


def test_fetch_copies_a_file_and_tells_where_it_was(get, tmp_path):
    talk = tmp_path / "þáttur 1.mp3"
    talk.write_bytes(b"sound")
    got = get(str(talk))
    assert got.path == get.folder / "þáttur 1.mp3"
    assert got.path.read_bytes() == b"sound"
    assert (got.name, got.address, got.size_bytes) == ("þáttur 1.mp3", str(talk), 5)
    assert got.sha256 == hashlib.sha256(b"sound").hexdigest()


def test_fetch_takes_the_one_file_of_a_folder_named_by_a_uri(get, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "talk.mp3").write_bytes(b"sound")
    assert get((tmp_path / "in").as_uri()).name == "talk.mp3"


def test_fetch_downloads_and_names_the_file(get, web):
    web.routes["/a/talk.mp3"] = lambda x: x.reply(b"sound")
    got = get(web.url("/a/talk.mp3?token=hush"))
    assert (got.name, got.address) == ("talk.mp3", web.url("/a/talk.mp3?…"))
    assert [p.name for p in get.folder.iterdir()] == ["talk.mp3"]


def test_fetch_copies_an_object(get):
    MemoryFileSystem().pipe("/b/talk.mp3", b"sound")
    assert get("memory://b/talk.mp3", allowed_schemes=("memory",)).name == "talk.mp3"


@pytest.mark.parametrize("item", ["", "#latest", "#ep%201"])
def test_fetch_takes_an_item_of_a_feed_and_leaves_no_feed_behind(get, web, item):
    web.routes["/feed.xml"] = lambda x: x.reply(FEED.format("ep 1", "/media/1.mp3").encode())
    web.routes["/media/1.mp3"] = lambda x: x.reply(b"sound")
    got = get(web.url("/feed.xml") + item)
    assert (got.name, got.address) == ("1.mp3", web.url("/media/1.mp3"))
    assert [p.name for p in get.folder.iterdir()] == ["1.mp3"]


def test_fetch_says_so_when_a_feed_has_no_such_item(get, web):
    web.routes["/feed.xml"] = lambda x: x.reply(FEED.format("ep 1", "/1.mp3").encode())
    with pytest.raises(SourceNotFound, match="ep 2"):
        get(web.url("/feed.xml#ep 2"))
    assert list(get.folder.iterdir()) == []


@pytest.mark.parametrize("enclosure", ["file:///etc/passwd", "s3://bucket/keys", "http://127.0.0.2/a", "ftp://host/a"])
def test_fetch_refuses_a_feed_that_points_into_our_house(get, web, enclosure):
    web.routes["/feed.xml"] = lambda x: x.reply(FEED.format("1", enclosure).encode())
    with pytest.raises(SourceRefused):
        get(web.url("/feed.xml"))
    assert list(get.folder.iterdir()) == []


def test_fetch_refuses_a_path_in_a_feed_that_lies_on_disk(get, tmp_path):
    (tmp_path / "feed.xml").write_text(FEED.format("1", "/etc/passwd"))
    with pytest.raises(SourceRefused, match="not on the web"):
        get(str(tmp_path / "feed.xml"))


def test_fetch_stops_at_a_feed_that_leads_to_a_feed(get, web):
    web.routes["/feed.xml"] = lambda x: x.reply(FEED.format("1", "/feed.xml").encode())
    with pytest.raises(UnreadableSource, match="feed again"):
        get(web.url("/feed.xml"))
    assert len(web.seen) == 2
    assert list(get.folder.iterdir()) == []


def test_fetch_refuses_a_feed_above_its_own_limit(get, web):
    web.routes["/feed.xml"] = lambda x: x.reply(FEED.format("1", "/1.mp3").encode() + b" " * 5_000)
    with pytest.raises(SourceTooLarge, match="4,000"):
        get(web.url("/feed.xml"), max_feed_bytes=4_000)
    assert list(get.folder.iterdir()) == []


RSS = "<rss version='2.0'>"


@pytest.mark.parametrize(
    "head",
    [
        RSS.encode(),
        b"\xef\xbb\xbf" + RSS.encode(),
        RSS.encode("utf-16"),
        b"\n <?xml version='1.0'?><?xml-stylesheet href='a?b'?>\n<!-- <html> -->\n" + RSS.encode(),
        b"<!DOCTYPE rss [<!ENTITY a 'b'>]>" + RSS.encode(),
        b"<feed xmlns='http://www.w3.org/2005/Atom'>",
        b"<atom:feed xmlns:atom='http://www.w3.org/2005/Atom'>",
        b"<rdf:RDF>",
    ],
)
def test_is_feed_knows_a_feed_behind_any_prolog(head):
    assert is_feed(head)


@pytest.mark.parametrize(
    "head", [b"", b"ID3\x04", b"# Title <rss>", b"<html><rss>", b"<rssx>", b"<?xml version='1.0'?>", b"\xff\xfe"]
)
def test_is_feed_denies_what_is_none(head):
    assert not is_feed(head)


@pytest.mark.parametrize("part", [b"<?a?>", b"<!-- -->", b"<!---->\n", b"<!DOCTYPE a>", b"<!DOCTYPE a [", b"<?a", b" "])
def test_is_feed_answers_at_once_whatever_the_prolog(part):
    started_s = time.monotonic()
    assert not is_feed(part * 5_000)
    assert time.monotonic() - started_s < 10
