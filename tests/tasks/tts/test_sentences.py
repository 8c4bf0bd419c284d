"""Texts cut into what a model says at once: nothing is lost, and no piece is too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.tts.sentences import ends_a_sentence, sentences_of


@pytest.mark.parametrize(
    ("text", "end"), [("aaa bbb, " * 20, ","), ("aaa bbb " * 20, "b"), ("a" * 200, "a"), ("aaa! bbb " * 20, "!b")]
)
def test_a_long_text_is_cut_at_sentences_clauses_words_or_anywhere(text, end):
    pieces = list(sentences_of(text, shortest=10, longest=50))
    assert "".join(pieces).strip() == text.strip()
    assert all(len(piece) <= 50 and piece.strip()[-1] in end for piece in pieces)
    assert len(pieces) > 3


def test_short_sentences_are_said_together_with_the_next():
    said = list(sentences_of("Já. Nei. Já. Þetta er lengri setning. Og þetta er önnur. A.", shortest=15, longest=500))
    assert said == ["Já. Nei. Já. Þetta er lengri setning. ", "Og þetta er önnur. ", "A."]


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_nothing_gives_no_piece(text):
    assert list(sentences_of(text, shortest=1, longest=9)) == []


@given(st.text(alphabet="ab ,.!?…“”)\n", max_size=200), st.integers(1, 20), st.integers(20, 60))
def test_nothing_is_lost_and_nothing_too_long(text, shortest, longest):
    pieces = list(sentences_of(text, shortest=shortest, longest=longest))
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= longest for piece in pieces)


@pytest.mark.parametrize(("text", "ends"), [("Já.", True), ("„Já!“ ", True), ("já,", False), ("", False)])
def test_where_a_sentence_ends(text, ends):
    assert ends_a_sentence(text) is ends
