# ruff: noqa: E501, SIM905  (tables of examples)

import unicodedata

import pytest
from gold import LEAST, canonical, sentences
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.text.normalize import normalize

PIECES = (
    "1|2.|17.|3,5|1.250|kr.|-|–|%|kl.|14:30|/|XIV.|maí|konur|í|á|til|og|.|°C|km|$|€|milljónir|ár|@|#|a|Á|2024|+354|,|m²|½|é|"
    "RÚV|BBC|t.d.|:|(|)|²|٣|🎙|31.13.2024|555-1234|Covid-19|1:02:03|kr|USD|mgr.|×|≥|'74|f.Kr.|talsins|Dr.|p.m.|£|bn|VIII|BC"
).split("|")
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "\n", "\u00a0"]), max_size=14).map("".join) | st.text(max_size=60)
WRITTEN = [sentence.written for name in ("development", "held_out", "unseen") for sentence in sentences(name)]


def spoken_by_substitution(spoken):
    pieces, done = [], 0
    for span in spoken.spans:
        assert done <= span.start < span.end <= len(spoken.written)
        assert spoken.written[span.start : span.end] == span.written
        pieces += [spoken.written[done : span.start], span.spoken]
        done = span.end
    return "".join([*pieces, spoken.written[done:]])


@pytest.mark.parametrize("name", LEAST)
def test_normalize_reads_the_gold_sentences_as_well_as_it_ever_did(name):
    language = "en" if name == "english" else "is"
    every = sentences(name)
    misread = [s.written for s in every if not s.is_read_by(normalize(s.written, language).text)]
    assert 1 - len(misread) / len(every) >= LEAST[name], misread


@pytest.mark.parametrize("name", LEAST)
def test_normalize_of_a_gold_sentence_maps_back_leaves_no_digit_and_changes_nothing_more_when_read_again(name):
    language = "en" if name == "english" else "is"
    for sentence in sentences(name):
        spoken = normalize(sentence.written, language)
        assert spoken_by_substitution(spoken) == spoken.text
        assert not any(character.isdigit() for character in spoken.text), spoken.text
        assert all(span.kind and span.spoken != span.written for span in spoken.spans)
        assert normalize(spoken.text, language).text == spoken.text


def test_normalize_keeps_punctuation_and_case_outside_its_spans():
    assert normalize("3. maí kl. 14:30 kostaði þetta 1.250 kr.").text == (
        "þriðja maí klukkan fjórtán þrjátíu kostaði þetta eitt þúsund tvö hundruð og fimmtíu krónur."
    )
    assert normalize("Jæja, sagði Anna: „Halló!“ (Og fór.)").spans == ()


def test_normalize_names_what_it_read():
    kinds = {
        span.written: span.kind
        for span in normalize("17. júní 1944 kl. 9, 5% af 20 km, 500 kr. t.d. BBC í 3. sæti, jon@ruv.is").spans
    }
    assert kinds == {
        "17. júní 1944": "date", "kl. 9": "time", "5%": "percent", "20 km": "unit", "500 kr.": "money",
        "t.d.": "abbreviation", "BBC": "acronym", "3.": "ordinal", "jon@ruv.is": "email",
    }  # fmt: skip


def test_normalize_begins_a_sentence_with_a_capital_so_that_engines_pause_before_it():
    assert normalize("Hún kom. 3 menn fóru.").text == "Hún kom. Þrír menn fóru."


def test_normalize_reads_decomposed_letters_as_composed_ones():
    written = "Hún á 3 börn og kl. er 14:30 í maí."
    decomposed = normalize(unicodedata.normalize("NFD", written))
    assert unicodedata.normalize("NFC", decomposed.text) == normalize(written).text
    assert spoken_by_substitution(decomposed) == decomposed.text


@pytest.mark.parametrize(
    ("written", "reading"),
    [
        ("On May 3, 2024 it cost $1,250.50.", "On May third, twenty twenty-four it cost "
         "one thousand two hundred and fifty dollars and fifty cents."),
        ("23.4% of 1904 was the 21st.", "twenty-three point four percent of nineteen oh four was the twenty-first."),
        ("£3.5 million for 2 dogs & 1 cat at 2:30 p.m.", "three point five million pounds for two dogs and one cat at two thirty p m"),
        ("1999–2003 and 2005", "nineteen ninety-nine to two thousand and three and two thousand and five"),
    ],
)  # fmt: skip
def test_normalize_reads_english(written, reading):
    assert canonical(normalize(written, "en").text) == canonical(reading)


def test_normalize_passes_a_language_that_it_does_not_know_through():
    spoken = normalize("Den 3. maj kl. 14:30", "da")
    assert (spoken.text, spoken.spans) == ("Den 3. maj kl. 14:30", ())


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.sampled_from(["is", "en", "is-IS"]))
def test_normalize_maps_every_change_back_and_leaves_no_digit(text, language):
    spoken = normalize(text, language)
    assert spoken_by_substitution(spoken) == spoken.text
    assert not any(character.isdigit() for character in spoken.text)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=4), st.sampled_from([" ", "\n", "\n\n", " – "]))
def test_normalize_reads_sentences_together_without_losing_a_word_between_its_spans(pieces, joint):
    spoken = normalize(joint.join(pieces))
    assert spoken_by_substitution(spoken) == spoken.text
    assert not any(character.isdigit() for character in spoken.text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "\n", "\0", "\ufeff3 konur", "3\u200bkonur", "\u202e3 konur", "①②③", "x² og ½", "٣ konur", "３ konur", "Ⅷ", "🎉" * 50,
        "a\u0301" * 50, "1" * 5000, "9" * 16 + " kr.", "1." * 500, "-" * 500, "III" * 200, "kl. 99:99", "31.02.2024", "0/0", "1/0",
        "½½", "5 %%", "$€£", "#", "@", "'", '"', "1\"", "kt. 000000-0000", "\ud83c", "e\u0301\u0323\u0302 3 kr.",
        "a@b.m²", "www.m³.is", "1@2.①₂", "a_²@b.c",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["is", "en"])
def test_normalize_takes_hostile_text_as_it_takes_any(text, language):
    spoken = normalize(text, language)
    assert spoken_by_substitution(spoken) == spoken.text
    assert not any(character.isdigit() for character in spoken.text)


@pytest.mark.timeout(60)  # quadratic time would take hours
@pytest.mark.parametrize("language", ["is", "en"])
@pytest.mark.parametrize(
    "piece",
    [
        "1", "1.", "a.", "t.d. ", "1-", "a@", "www.", " ", "1 til ", "og 1 ", "($", "e\u0301", '1"', "1/2 ", "2 bíla ", "vann 1-2 ", "II ",
        "A-", "1×", "Dr. ", "þar af 2 ", "er 3 ", "²",
    ],
)  # fmt: skip
def test_normalize_takes_time_in_proportion_to_the_text(piece, language):
    spoken = normalize(piece * 4000, language)
    assert spoken_by_substitution(spoken) == spoken.text
