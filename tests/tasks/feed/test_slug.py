import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.feed.slug import slugify


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Þórður á Öxnadalsheiði & Æsa!", "thordur-a-oxnadalsheidi-aesa"),
        ("Samfélag, saga & menning", "samfelag-saga-menning"),
        ("  3. þáttur — ÍSLAND  ", "3-thattur-island"),
        ("Ý ú é ö", "y-u-e-o"),
        ("Guðrún's book", "gudruns-book"),
    ],
)
def test_slugify_reads_like_the_icelandic_title(title: str, slug: str):
    assert slugify(title) == slug


def test_slugify_takes_composed_and_decomposed_letters_alike():
    assert slugify("Þa\u0301ttur") == slugify("Þáttur") == "thattur"


def test_slugify_cuts_a_long_title_between_words():
    slug = slugify("orðabók " * 30)
    assert len(slug) <= 80
    assert set(slug.split("-")) == {"ordabok"}


def test_slugify_tells_titles_in_other_scripts_apart():
    assert slugify("日本") != slugify("中国")


@given(st.text())
def test_slugify_is_a_safe_folder_name_for_any_text(text: str):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugify(text))
    assert len(slugify(text)) <= 80
