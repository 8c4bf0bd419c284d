import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.text.normalize import normalize, spoken_to_written, written_words


def spoken_words(spoken):
    """(start, end) of every word of the spoken text."""
    places, start = [], 0
    for word in spoken.text.split(" "):
        places.append((start, start + len(word)))
        start += len(word) + 1
    return [place for place in places if place[1] > place[0]]


def test_spoken_to_written_gives_the_whole_span_for_a_word_inside_it():
    spoken = normalize("Miðinn kostar 1.250 kr. í dag.")
    start = spoken.text.index("tvö hundruð")
    first, last = spoken_to_written(spoken, start, start + 3)
    assert spoken.written[first:last] == "1.250 kr."


def test_spoken_to_written_gives_the_same_word_outside_the_spans():
    spoken = normalize("Árið 2020 og 15% í maí.")
    for word in ("og", "maí"):
        start = spoken.text.rindex(word)
        first, last = spoken_to_written(spoken, start, start + len(word))
        assert spoken.written[first:last] == word


def test_written_words_take_the_times_of_what_was_said_for_them():
    spoken = normalize("Hún á 2 hunda.")
    timed = [(start, end, float(n), n + 0.5) for n, (start, end) in enumerate(spoken_words(spoken))]
    words = written_words(spoken, timed, duration_s=4.0)
    assert [(word.text, word.start_s, word.end_s) for word in words] == [
        ("Hún", 0.0, 0.5), ("á", 1.0, 1.5), ("2", 2.0, 2.5), ("hunda.", 3.0, pytest.approx(3.5)),
    ]  # fmt: skip


def test_written_words_share_the_time_of_a_reading_that_they_have_in_common():
    spoken = normalize("Verð: 1.250 kr.")
    words = written_words(spoken, [(0, 5, 0.0, 1.0), (6, len(spoken.text) - 1, 1.0, 3.0)], duration_s=3.0)
    assert [word.text for word in words] == ["Verð:", "1.250", "kr."]
    assert words[1].start_s == pytest.approx(1.0)
    assert 1.0 < words[1].end_s < words[2].end_s <= 3.0


def test_written_words_are_spread_by_length_when_an_engine_gives_no_times():
    words = written_words(normalize("ab abcd ab"), [], duration_s=8.0)
    assert [(word.start_s, word.end_s) for word in words] == [(0.0, 2.0), (2.0, 6.0), (6.0, 8.0)]


def test_written_words_fill_a_gap_between_its_neighbours():
    words = written_words(normalize("einn tveir þrír"), [(0, 4, 0.0, 1.0), (11, 15, 3.0, 4.0)], duration_s=4.0)
    assert (words[1].start_s, words[1].end_s) == (1.0, 3.0)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "Jón",
                "á",
                "3",
                "börn",
                "–",
                "kl.",
                "14:30",
                "1.250",
                "kr.",
                "&",
                "5–10%",
                "mömmu,",
                "t.d.",
                "17.",
                "júní",
                "1944",
                "XIV.",
                "🎙",
            ]
        ),
        max_size=12,
    ),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90), st.floats(0, 20), st.floats(0, 20)), max_size=8),
)
def test_written_words_lose_nothing_and_never_go_back(pieces, timed):
    spoken = normalize(" ".join(pieces))
    words = written_words(spoken, timed, duration_s=10.0)
    assert " ".join(word.text for word in words) == " ".join(spoken.written.split())
    times = [second for word in words for second in (word.start_s, word.end_s)]
    assert times == sorted(times)
    assert all(0 <= second <= 10.0 for second in times)
