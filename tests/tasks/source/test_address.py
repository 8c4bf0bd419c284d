"""What kind of place a source is, and how it is written down."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import SourceRefused
from tasks.schemas import SourceLimits
from tasks.source.address import Address, classify, redact

LIMITS = SourceLimits()


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("talk.mp3", Address("local", "talk.mp3")),
        ("  /a/b c.md ", Address("local", "/a/b c.md")),
        ("a#b?c.mp3", Address("local", "a#b?c.mp3")),
        ("file:///a/%C3%BE%20x.mp3", Address("local", "/a/þ x.mp3")),
        ("file://localhost/a#1.mp3", Address("local", "/a#1.mp3")),
        ("https://ruv.is/a.mp3?x=1", Address("http", "https://ruv.is/a.mp3?x=1")),
        ("https://ruv.is/feed.xml#latest", Address("http", "https://ruv.is/feed.xml")),
        ("https://ruv.is/feed.xml#3", Address("http", "https://ruv.is/feed.xml", item="3")),
        ("https://ruv.is/feed.xml#%C3%9E%C3%A1ttur%201", Address("http", "https://ruv.is/feed.xml", item="Þáttur 1")),
        ("https://ruv.is/feed.xml#", Address("http", "https://ruv.is/feed.xml")),
        ("S3://bucket/Þáttur #3.mp3", Address("remote", "s3://bucket/Þáttur #3.mp3")),
        ("gs://bucket/a/b.mp3", Address("remote", "gs://bucket/a/b.mp3")),
    ],
)
def test_classify_tells_where_a_source_is(source, address):
    assert classify(source, limits=LIMITS) == address


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "no source"),
        ("   ", "no source"),
        ("a\x00b", "control"),
        ("file:///a%00b", "control"),
        ("file://server/a", "this machine"),
        ("file://", "this machine"),
        ("ftp://host/a", "not allowed"),
        ("memory://a", "not allowed"),
        ("s3://bucket", "no object"),
        ("s3://bucket/", "no object"),
        ("s3://bucket/a/../../b", "climbs"),
        ("s3://bucket/..", "climbs"),
        ("s3://bucket/a::http://169.254.169.254/", "chained"),
    ],
)
def test_classify_refuses_what_cannot_be_or_may_not(source, words):
    with pytest.raises(SourceRefused, match=words):
        classify(source, limits=LIMITS)


def test_classify_takes_a_scheme_when_the_limits_name_it():
    wider = SourceLimits(allowed_schemes=("memory",))
    assert classify("memory://a/b", limits=wider) == Address("remote", "memory://a/b")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://nina:pass@host:8000/a/b.mp3?sig=hush#item", "https://host:8000/a/b.mp3?…"),
        ("https://host/@nina/b.mp3", "https://host/@nina/b.mp3"),
        ("https://host?hush", "https://host?…"),
        ("https://host/feed#hush", "https://host/feed"),
        ("https://nina:pa/ss@host/b", "https://host/b"),
        ("https://nina:pa@ss@host/b", "https://host/b"),
        ("http://[::1]:80/b", "http://[::1]:80/b"),
        ("s3://key:secret@bucket/Þáttur #3.mp3", "s3://bucket/Þáttur #3.mp3"),
        ("/home/nina/a@b.mp3", "/home/nina/a@b.mp3"),
        ("a\nb", "a\N{REPLACEMENT CHARACTER}b"),
    ],
)
def test_redact_keeps_the_place_and_drops_the_secrets(address, shown):
    assert redact(address) == shown


SAFE = st.text(alphabet="abcþ", min_size=1, max_size=5)
SECRET = st.text(alphabet="XYZ/:@#?", max_size=6).map("HUSH".__add__)


@settings(max_examples=300, deadline=None)
@given(SAFE, SECRET, SAFE, SECRET)
def test_redact_never_shows_a_password_or_a_query(user, password, host, query):
    assert "HUSH" not in redact(f"https://{user}:{password.replace('?', '').replace('#', '')}@{host}.is/{host}?{query}")
    assert "HUSH" not in redact(f"https://{host}.is/{host}?{query}")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__) | st.text(max_size=40).map("s3://".__add__))
def test_classify_ends_in_an_address_or_a_refusal_whatever_it_is_given(source):
    shown = redact(source)
    assert "\x00" not in shown
    with contextlib.suppress(SourceRefused):
        address = classify(source, limits=LIMITS)
        assert address.item
        assert address.kind == "http" or not source.strip().startswith("http://")
