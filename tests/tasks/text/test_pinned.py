"""Readings that an author, or a lexicon, has settled: they win, and nothing around them is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InvalidScript
from tasks.schemas import Line, Span
from tasks.text.normalize import normalize, spoken_to_written
from tasks.text.pinned import pinned_by_marks
from tasks.text.ssml import parse_markup


def spoken(written: str, language: str = "is") -> str:
    text, marks = parse_markup(written)
    line = Line(number=7, speaker="", text=text, marks=marks)
    return normalize(text, language, pinned=pinned_by_marks(line, language)).text


def pin(text: str, written: str, said: str) -> Span:
    start = text.index(written)
    return Span(start=start, end=start + len(written), written=written, kind="lexicon", spoken=said)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('<sub alias="Ríkisútvarpið">RÚV</sub> í dag', "Ríkisútvarpið í dag"),
        ('<sub alias="3. maí">hér</sub> já', "þriðja maí já"),
        ('Kóði <say-as interpret-as="characters">m²</say-as>.', "Kóði emm tveir."),
        ('Kóði <say-as interpret-as="characters">B12</say-as>.', "Kóði bé einn tveir."),
        ('Númer <say-as interpret-as="digits">1944</say-as>.', "Númer einn níu fjórir fjórir."),
        ('Töl <say-as interpret-as="cardinal">1.944</say-as>.', "Töl eitt þúsund níu hundruð fjörutíu og fjögur."),
        ('Sá <say-as interpret-as="ordinal">3</say-as> kom.', "Sá þriðji kom."),
        ('Sími <say-as interpret-as="telephone">112</say-as>.', "Sími einn einn tveir."),
        ('<say-as interpret-as="date" format="ymd">2024-05-03</say-as>', "þriðja maí tvö þúsund tuttugu og fjögur"),
        ('<say-as interpret-as="date" format="mdy">5/3/2024</say-as>', "þriðja maí tvö þúsund tuttugu og fjögur"),
    ],
)
def test_a_mark_says_how_its_words_are_read(written: str, said: str):
    assert spoken(written).lower() == said.lower()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('í <say-as interpret-as="ordinal">3</say-as> sæti', "í þriðja sæti"),
        ('<say-as interpret-as="cardinal">2</say-as> konur', "tvær konur"),
        ('<say-as interpret-as="cardinal">2,5</say-as> metrar', "tveir komma fimm metrar"),
        ('<say-as interpret-as="cardinal">-5</say-as>', "mínus fimm"),
        ('árið <say-as interpret-as="cardinal">1944</say-as>', "árið eitt þúsund níu hundruð fjörutíu og fjögur"),
        ('frá <say-as interpret-as="date">3.5.</say-as> til', "frá þriðja maí til"),
        ('<say-as interpret-as="date" format="mdy">5/3/24</say-as>', "þriðja maí tvö þúsund tuttugu og fjögur"),
        ('<say-as interpret-as="time">14.30</say-as>', "fjórtán þrjátíu"),
        ('Hún kom. <say-as interpret-as="cardinal">3</say-as> menn fóru.', "Hún kom. Þrír menn fóru."),
    ],
)
def test_a_mark_agrees_with_the_words_around_it(written: str, said: str):
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('<say-as interpret-as="cardinal">-2.5</say-as>', "minus two point five"),
        ('<say-as interpret-as="cardinal">1,250</say-as> men', "one thousand two hundred and fifty men"),
        ('<say-as interpret-as="date" format="mdy">5/3/2024</say-as>', "May third, twenty twenty-four"),
        ('<say-as interpret-as="date">5/3/2024</say-as>', "March fifth, twenty twenty-four"),
        ('<say-as interpret-as="date">3.5.</say-as>', "May third"),
    ],
)
def test_a_mark_is_read_in_english(written: str, said: str):
    assert spoken(written, "en-GB").replace(" the ", " ") == said


def test_english_has_readers_of_its_own():
    assert spoken('Code <say-as interpret-as="characters">ab1</say-as>', "en") == "Code A B one"
    assert spoken('<say-as interpret-as="ordinal">22</say-as>', "en") == "twenty-second"


@pytest.mark.parametrize(
    "written",
    [
        '<say-as interpret-as="digits">abc</say-as>',
        '<say-as interpret-as="cardinal">tólf</say-as>',
        '<say-as interpret-as="characters">?</say-as>',
        '<say-as interpret-as="cardinal">2.5</say-as>',
        '<say-as interpret-as="ordinal">-5</say-as>',
        '<say-as interpret-as="ordinal">2,5</say-as>',
        '<say-as interpret-as="date">32.13.2024</say-as>',
        '<say-as interpret-as="date">30.2.2024</say-as>',
        '<say-as interpret-as="date">halló</say-as>',
        '<say-as interpret-as="time">99:99</say-as>',
        f'<say-as interpret-as="ordinal">{"9" * 5000}</say-as>',
    ],
)
def test_what_cannot_be_read_so_is_refused_with_its_line(written: str):
    with pytest.raises(InvalidScript, match="line 7"):
        spoken(written)


def test_what_is_read_with_something_pinned_is_read_without_it():
    text = "Þetta kostar 1.250 kr. í dag"

    said = normalize(text, pinned=[pin(text, "kr.", "karamellur")])

    assert said.text == "Þetta kostar eitt þúsund tvö hundruð og fimmtíu karamellur í dag"
    assert [span.kind for span in said.spans][-1] == "lexicon"


def test_of_pins_that_overlap_the_longest_wins():
    text = "Hljómsveitin Sigur Rós spilar"

    said = normalize(text, pinned=[pin(text, "Rós", "x"), pin(text, "Sigur Rós", "sigurrós"), pin(text, "Sigur", "y")])

    assert said.text == "Hljómsveitin sigurrós spilar"


def test_a_language_without_a_reader_keeps_what_is_pinned():
    text = "Han bor i Ørsted"

    assert normalize(text, "da", pinned=[pin(text, "Ørsted", "ørstæd")]).text == "Han bor i ørstæd"


def test_places_hold_where_letters_are_decomposed():
    text = "Ro\u0301s 3. maí"

    said = normalize(text, pinned=[pin(text, "Ro\u0301s", "blóm")])

    assert said.text == "blóm þriðja maí"


@given(
    st.text(alphabet="ab 1.,k%/-–\u0301þ", max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4),
)
def test_no_digit_is_left_and_every_span_maps_back(text: str, places: list[tuple[int, int]]):
    pins = [
        Span(start=start, end=end, written=text[start:end], kind="lexicon", spoken="orð")
        for start, end in (sorted(pair) for pair in places)
        if start < end <= len(text)
    ]

    said = normalize(text, pinned=pins)

    assert not any(sign.isdecimal() for sign in said.text)
    ends = [0, *(span.end for span in said.spans)]
    assert all(span.start >= end for span, end in zip(said.spans, ends, strict=False))
    assert spoken_to_written(said, 0, len(said.text))[1] <= len(text)
