"""File names from strangers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.source.names import MAX_NAME_BYTES, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("þáttur um Ævar Örn.mp3", "þáttur um Ævar Örn.mp3"),
        ("../../x", "x"),
        ("..\\..\\x.mp3", "x.mp3"),
        ("/etc/passwd", "passwd"),
        ("folder/", "folder"),
        ("..", "source"),
        ("", "source"),
        ("...", "source"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("a\x00b\nc.wav", "abc.wav"),
        ("evil\N{RIGHT-TO-LEFT OVERRIDE}3pm.exe", "evil3pm.exe"),
        ('a<b>:"|?*.mp3', "a_b______.mp3"),
        ("e\N{COMBINING ACUTE ACCENT}g.md", "ég.md"),
        ("half\ud800.mp3", "half.mp3"),
    ],
)
def test_safe_name_keeps_what_is_harmless(name, safe):
    assert safe_name(name) == safe


def test_safe_name_keeps_the_suffix_when_the_name_is_too_long():
    short = safe_name("ð" * 400 + ".mp3")
    assert short.endswith("ðð.mp3")
    assert len(short.encode()) <= MAX_NAME_BYTES


def test_safe_name_is_short_when_the_suffix_is_what_is_long():
    assert len(safe_name("a." + "þ" * 400).encode()) <= MAX_NAME_BYTES


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="./\\ -~a\x00é\u202e", max_size=20))
def test_safe_name_is_always_one_visible_short_part_that_can_be_written(name):
    safe = safe_name(name)
    assert safe
    assert safe == safe_name(safe)
    assert not set(safe) & set("/\\\x00\n")
    assert not safe.startswith((".", "-"))
    assert len(safe.encode()) <= MAX_NAME_BYTES
