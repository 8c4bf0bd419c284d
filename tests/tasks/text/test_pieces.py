"""A line in pieces: divided where the author asks, cut where an engine needs it, and nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.schemas import Line, Mark
from tasks.text.normalize import normalize
from tasks.text.pieces import CLAUSE_S, MID_SENTENCE_S, Piece, cut, pieces_of, spoken_marks

TALK = (
    "„Hvað er þetta?“ spurði hann kl. 14:30. „Þetta er nú bara svona,“ sagði hún o.s.frv. "
    "Dr. Jón kom 3. maí. Hann fór, og kom svo aftur; en ekki þegar í stað."
)


def line(text: str, *marks: Mark) -> Line:
    return Line(number=1, speaker="", text=text, marks=marks)


def mark(kind: str, start: int, end: int | None = None, **settings: str) -> Mark:
    named = {name.replace("xml_lang", "xml:lang"): value for name, value in settings.items()}
    return Mark(kind=kind, start=start, end=start if end is None else end, settings=named)


def written_length(part: Piece) -> int:
    return len(part.text)


def texts(pieces) -> list[str]:
    return [piece.text for piece in pieces]


def test_a_line_without_marks_is_one_piece():
    (piece,) = pieces_of(line("Góðan daginn."))

    assert (piece.text, piece.start, piece.pause_s, piece.before_s) == ("Góðan daginn.", 0, None, 0.0)


def test_a_break_divides_a_line_and_says_how_long():
    pieces = pieces_of(line("Nú þögn. Og svo áfram.", mark("break", 9, time="2s")))

    assert texts(pieces) == ["Nú þögn.", "Og svo áfram."]
    assert pieces[0].pause_s == 2.0
    assert pieces[1].pause_s is None


def test_breaks_at_the_edges_are_heard_and_several_add_up():
    text = "Halló."
    pieces = pieces_of(
        line(text, mark("break", 0, time="1s"), mark("break", 0, time="0.5s"), mark("break", len(text), time="3s"))
    )

    assert texts(pieces) == [text]
    assert (pieces[0].before_s, pieces[0].pause_s) == (1.5, 3.0)


def test_another_voice_and_another_language_are_pieces_of_their_own_with_their_full_stop():
    text = "Blaðið heitir The Times. Það er enskt."
    pieces = pieces_of(line(text, mark("lang", 14, 23, xml_lang="en-GB"), mark("voice", 25, 38, name="espeak-asa")))

    assert [(piece.text, piece.language, piece.preset) for piece in pieces] == [
        ("Blaðið heitir", "", ""),
        ("The Times.", "en", ""),
        ("Það er enskt.", "", "espeak-asa"),
    ]
    assert pieces[0].pause_s == MID_SENTENCE_S
    assert pieces[1].pause_s is None


def test_marks_over_a_break_go_on_after_it():
    pieces = pieces_of(line("hægt og rólega", mark("prosody", 0, 14, rate="slow"), mark("break", 8, time="1s")))

    assert [[(m.start, m.end) for m in piece.marks] for piece in pieces] == [[(0, 7)], [(0, 6)]]


@pytest.mark.parametrize("longest", [500, 60, 30, 12, 1])
def test_a_long_piece_is_cut_at_the_best_places_and_nothing_is_lost(longest: int):
    parts = cut(pieces_of(line(TALK))[0], longest=longest, spoken_length=written_length)

    assert " ".join(texts(parts)) == TALK
    assert all(TALK[part.start :].startswith(part.text) for part in parts)
    assert all(len(part.text) <= longest or " " not in part.text for part in parts)
    if longest == 60:
        assert texts(parts)[1] == "„Þetta er nú bara svona,“ sagði hún o.s.frv."
    if longest == 30:
        assert "Hann fór, og kom svo aftur;" in texts(parts)
        assert parts[texts(parts).index("Hann fór, og kom svo aftur;")].pause_s == CLAUSE_S


def test_the_silence_that_was_asked_for_stays_at_the_edges_of_what_was_cut():
    whole = line(TALK, mark("break", 0, time="1s"), mark("break", len(TALK), time="2s"))

    parts = cut(pieces_of(whole)[0], longest=40, spoken_length=written_length)

    assert [part.before_s for part in parts] == [1.0] + [0.0] * (len(parts) - 1)
    assert parts[-1].pause_s == 2.0


def test_nothing_is_cut_inside_of_what_is_read_as_one():
    text = "Hann sagði já já já og svo nei"
    parts = cut(
        pieces_of(line(text, mark("sub", 11, 19, alias="þrisvar já")))[0], longest=8, spoken_length=written_length
    )

    assert "já já já" in texts(parts)


@pytest.mark.parametrize(
    ("longest", "expected"),
    [
        (60, ["Það kostar 1 250 000 kr. og kom", "3. maí 2024", "kl. 14:30 sagði hún þá"]),
        (40, ["Það kostar", "1 250 000 kr.", "og kom", "3. maí 2024", "kl. 14:30 sagði hún þá"]),
    ],
)
def test_a_number_stays_with_the_words_that_it_is_read_with(longest: int, expected: list[str]):
    text = "Það kostar 1 250 000 kr. og kom 3. maí 2024 kl. 14:30 sagði hún þá"

    parts = cut(pieces_of(line(text))[0], longest=longest, spoken_length=lambda part: len(normalize(part.text).text))

    assert texts(parts) == expected


def test_a_number_is_never_cut():
    parts = cut(pieces_of(line("Hér eru 1 250 000 kr. alls"))[0], longest=1, spoken_length=written_length)

    assert "1 250 000" in texts(parts)


def test_a_number_that_nobody_can_count_is_a_word_like_others():
    text = f"Talan er {'1' * 5000}. Og búið."

    parts = cut(pieces_of(line(text))[0], longest=20, spoken_length=written_length)

    assert texts(parts) == ["Talan er", f"{'1' * 5000}.", "Og búið."]


@given(
    st.text(alphabet="aáb .,;“„!?\n–1", min_size=1, max_size=120),
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 120)), max_size=5),
    st.integers(1, 40),
)
def test_all_words_are_kept_in_order(text: str, places: list[tuple[int, int]], longest: int):
    text = " ".join(text.split())
    kinds = ("break", "prosody", "lang", "voice", "sub")
    settings = ({"time": "1s"}, {"rate": "slow"}, {"xml:lang": "en"}, {"name": "x"}, {"alias": "y"})
    marks = []
    for index, (one, other) in enumerate(places):
        start, end = sorted((min(one, len(text)), min(other, len(text))))
        if kinds[index] != "break" and start == end:
            continue
        marks.append(Mark(kind=kinds[index], start=start, end=start if index == 0 else end, settings=settings[index]))

    parts = [
        part
        for piece in pieces_of(line(text, *marks))
        for part in cut(piece, longest=longest, spoken_length=written_length)
    ]

    assert "".join("".join(texts(parts)).split()) == "".join(text.split())
    for part in parts:
        assert text[part.start : part.start + len(part.text)] == part.text
        assert all(0 <= m.start <= m.end <= len(part.text) for m in part.marks)


def test_marks_move_with_the_words_that_they_stand_over():
    text = "Verðið er 1.250 kr. núna"
    spoken = normalize(text)
    money = text.index("1.250"), text.index(" núna")

    moved = spoken_marks(spoken, (mark("emphasis", *money), mark("prosody", 0, 6, rate="slow"), mark("mark", 20)))

    assert [spoken.text[m.start : m.end] for m in moved[:2]] == [
        "eitt þúsund tvö hundruð og fimmtíu krónur",
        "Verðið",
    ]
    assert spoken.text[moved[2].start :] == "núna"
    assert moved[2].start == moved[2].end
