"""How a studio says its words: as its editor writes them down, and as its scripts hold them."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tasks.errors import InvalidLexicon
from tasks.text.lexicon import Entry, Lexicon, lexicon_in, read_lexicon, write_lexicon
from tasks.text.normalize import normalize

NAMES = """
# names in the news
- grapheme: Zuckerberg
  alias: Sökkerberg
- grapheme: Harpa
  alias: Harba
  inflect: true
- grapheme: visir.is
  alias: vísir punktur is
- grapheme: AT&T
  alias: ei tí og tí
- grapheme: IT
  alias: æ tí
  case_sensitive: true
"""


def entry(grapheme: str, alias: str = "önd", **more) -> Entry:
    return Entry(grapheme=grapheme, alias=alias, **more)


def read(lexicon: Lexicon, text: str, language="is", *, show="morgunn", preset="gudrun", ipa=False):
    return lexicon.readings(text, language, show=show, preset=preset, ipa=ipa)


def said(lexicon: Lexicon, text: str, **where) -> str:
    """The text as a voice would say it, were there no normaliser."""
    spans, _ = read(lexicon, text, **where)
    for span in reversed(spans):
        assert text[span.start : span.end] == span.written
        text = text[: span.start] + span.spoken + text[span.end :]
    return text


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hér er Zuckerberg.", "Hér er Sökkerberg."),
        ("Hér er ZUCKERBERG, og (zuckerberg).", "Hér er Sökkerberg, og (Sökkerberg)."),
        ("Í Hörpu var Harpa.", "Í Hörbu var Harba."),
        ("Zuckerberg-málið og Zuckerberg’s", "Sökkerberg-málið og Sökkerberg’s"),
        ("Zuckerbergur, Zuckerberga, þZuckerberg", "Zuckerbergur, Zuckerberga, þZuckerberg"),
        ("hjá at&t í gær", "hjá ei tí og tí í gær"),
        ("IT og it og It", "Æ tí og it og It"),
        ("Sjá visir.is og www.visir.is/zuckerberg", "Sjá vísir punktur is og www.visir.is/zuckerberg"),
        ("zuckerberg@zuckerberg.com og Zuckerberg", "zuckerberg@zuckerberg.com og Sökkerberg"),
        ("@Zuckerberg og #harpa", "@Zuckerberg og #harpa"),
        ("Zucker\u00adberg _Zuckerberg_", "Sökkerberg _Sökkerberg_"),
        ("", ""),
    ],
)
def test_words_are_found_as_words(text, spoken):
    assert said(Lexicon(read_lexicon(NAMES, name="names.yaml")), text) == spoken


def test_spans_say_that_they_come_from_the_lexicon_and_stand_in_order():
    spans, marks = read(Lexicon(read_lexicon(NAMES, name="n")), "Harpa, Zuckerberg og Hörpu")

    assert [(span.kind, span.start, span.written) for span in spans] == [
        ("lexicon", 0, "Harpa"),
        ("lexicon", 7, "Zuckerberg"),
        ("lexicon", 21, "Hörpu"),
    ]
    assert marks == ()


def test_accents_that_stand_alone_are_the_same_letters():
    text = unicodedata.normalize("NFD", "Þetta er Zoëga í Hörpu.")
    lexicon = Lexicon([entry("Zoëga", "Sóega"), entry("Harpa", "Harba", inflect=True)])

    assert unicodedata.normalize("NFC", said(lexicon, text)) == "Þetta er Sóega í Hörbu."
    spans, _ = read(Lexicon([entry("Zoe")]), unicodedata.normalize("NFD", "Zoë"))
    assert spans == ()


def test_the_longest_is_read_across_any_gap():
    lexicon = Lexicon([entry("New York", "Njú Jork"), entry("York", "Jork"), entry("New York Times", "Njú Jork Tæms")])

    assert said(lexicon, "New\u00a0York\nTimes, new  york, York, New") == "Njú Jork Tæms, Njú Jork, Jork, New"


def test_two_words_that_overlap_are_read_from_the_left():
    lexicon = Lexicon([entry("a b", "x"), entry("b c", "y")])

    assert said(lexicon, "það a b c") == "það x c"


def test_the_narrower_scope_wins_and_another_show_hears_nothing_of_it():
    lexicon = Lexicon(
        [
            entry("Zoom", "súmm"),
            entry("Zoom", "sumar", scope="show:morgunn"),
            entry("Zoom", "sokkar", scope="preset:gudrun"),
            entry("Teams", "tíms", scope="show:kvöld"),
        ]
    )

    assert said(lexicon, "á Zoom og Teams") == "á sokkar og Teams"
    assert said(lexicon, "á Zoom", preset="gunnar") == "á sumar"
    assert said(lexicon, "á Zoom og Teams", preset="gunnar", show="kvöld") == "á súmm og tíms"


def test_an_entry_of_its_own_is_read_over_an_inflected_form():
    lexicon = Lexicon([entry("Harpa", "Harba", inflect=True), entry("Hörpu", "hljóðfærinu")])

    assert said(lexicon, "í Hörpu") == "í hljóðfærinu"


def test_exact_capitals_are_read_over_any_capitals():
    lexicon = Lexicon([entry("us", "okkur"), entry("US", "jú ess", case_sensitive=True)])

    assert said(lexicon, "það US us Us") == "það jú ess okkur okkur"
    written = [entry("hestur", "hesdur", inflect=True, case_sensitive=True), entry("hests", "jálks")]
    assert said(Lexicon(written), "til hests um hest") == "til jálks um hesd"


def test_languages_do_not_mix_and_a_region_is_narrower():
    lexicon = Lexicon(
        [entry("data", "datah", language="en"), entry("data", "deita", language="en-GB"), entry("data", "gögn")]
    )

    assert said(lexicon, "some data", language="en-US") == "some datah"
    assert said(lexicon, "some data", language="EN-gb") == "some deita"
    assert said(lexicon, "nú data", language="is-IS") == "nú gögn"
    assert said(lexicon, "data", language="de") == said(lexicon, "data", language="") == "data"
    assert said(Lexicon([entry("data", "gögn", language="is-IS")]), "nú data", language="is") == "nú gögn"


def test_a_voice_that_takes_ipa_gets_it_and_the_word_is_left_alone():
    lexicon = Lexicon([entry("Harpa", "Harba", ipa="/ˈharpa/", inflect=True)])
    spans, marks = read(lexicon, "Harpa í Hörpu", ipa=True)

    assert [(mark.kind, mark.start, mark.end, mark.settings) for mark in marks] == [
        ("phoneme", 0, 5, {"alphabet": "ipa", "ph": "ˈharpa"})
    ]
    assert [(span.written, span.spoken) for span in spans] == [("Harpa", "Harpa"), ("Hörpu", "Hörbu")]
    assert said(lexicon, "Harpa í Hörpu") == "Harba í Hörbu"


def test_ipa_alone_is_nothing_to_a_voice_without_it():
    lexicon = Lexicon(
        [
            entry("New York", "", ipa="njuː jɔːk"),
            entry("York", "Jork"),
            entry("York", "", ipa="x", scope="show:morgunn"),
        ]
    )

    assert said(lexicon, "í New York") == "í New Jork"
    assert [mark.start for mark in read(lexicon, "í New York", ipa=True)[1]] == [2]


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Kaffihús er hér.", "Kaffi hús er hér."),
        ("Hér. „Kaffihús!“", "Hér. „Kaffi hús!“"),
        ("Hér er Kaffihús", "Hér er kaffi hús"),
        ("kaffihús. kaffihús", "kaffi hús. kaffi hús"),
    ],
)
def test_a_capital_that_begins_a_sentence_is_kept(text, spoken):
    assert said(Lexicon([entry("kaffihús", "kaffi hús")]), text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Það kostar 5 kr.", "Það kostar 5 krúnur."),
        ("„Það kostar 5 kr.“ ", "„Það kostar 5 krúnur.“ "),
        ("Það kostar 5 kr. Hún fór.", "Það kostar 5 krúnur. Hún fór."),
        ("Það kostar 5 kr. á dag.", "Það kostar 5 krúnur á dag."),
        ("Dr. Jón og xf. Jón", "Doktorinn Jón og ixeff Jón"),
        ("hjá xf. Hún fór", "hjá ixeff. Hún fór"),
        ("hjá Jahá! Hún", "hjá Jæja! Hún"),
        ("→ og svo →", "ör og svo ör"),
        ("við STRASSE og Straße.", "við stræti og stræti."),
    ],
)
def test_a_full_stop_that_ends_a_sentence_too_is_left_in_the_text(text, spoken):
    entries = [
        ("kr.", "krúnur"),
        ("dr.", "doktorinn"),
        ("xf.", "ixeff"),
        ("Jahá!", "Jæja!"),
        ("→", "ör"),
        ("Straße", "stræti"),
    ]

    assert said(Lexicon(entry(*one) for one in entries), text) == spoken


def test_the_normaliser_reads_around_what_the_lexicon_has_settled():
    lexicon = Lexicon([*read_lexicon(NAMES, name="n"), entry("3M", "þrí emm"), entry("kr.", "krúnur")])
    text = "Zuckerberg keypti 3M á 5 kr. í Hörpu, sjá visir.is kl. 14:30."

    assert normalize(text, pinned=read(lexicon, text)[0]).text == (
        "Sökkerberg keypti þrí emm á fimm krúnur í Hörbu, sjá vísir punktur is klukkan fjórtán þrjátíu."
    )


def test_a_number_is_not_found_inside_a_longer_one():
    lexicon = Lexicon([entry("24", "tuttugu og fjórir"), entry("3M", "þrí emm")])

    assert said(lexicon, "kl. 24.12, 1.24, 24-7, 24/7, 124, 3Mb") == "kl. 24.12, 1.24, 24-7, 24/7, 124, 3Mb"
    assert said(lexicon, "Þátturinn 24, hjá 3M.") == "Þátturinn tuttugu og fjórir, hjá þrí emm."


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_read_in_place_and_the_same_each_time(text, ipa):
    lexicon = Lexicon([entry("a", "á", ipa="a"), entry("a b"), entry("."), entry("é", "e"), entry("1", "einn")])
    spans, marks = read(lexicon, text, ipa=ipa)

    assert all(text[span.start : span.end] == span.written for span in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert all(span.written for span in spans)
    assert {(mark.start, mark.end) for mark in marks} <= {(span.start, span.end) for span in spans}
    assert read(lexicon, text, ipa=ipa) == (spans, marks)


def test_a_full_stop_that_is_the_whole_word_is_read():
    assert said(Lexicon([entry(".", "punktur")]), "vísir .") == "vísir punktur"


def test_another_entry_changes_only_the_lines_that_it_occurs_in():
    entries = read_lexicon(NAMES, name="n")
    lines = ["Harpa er hér.", "Zuckerberg kom.", "Ekkert."]
    before = [read(Lexicon(entries), line) for line in lines]
    after = [read(Lexicon([entry("Ekkert", "ekkjert"), *reversed(entries)]), line) for line in lines]

    assert [one == two for one, two in zip(before, after, strict=True)] == [True, True, False]


def test_recognition_is_told_the_words_of_its_language_and_show():
    lexicon = Lexicon(
        [
            entry("Harpa", inflect=False),
            entry("Harpa", scope="show:morgunn"),
            entry("Brexit", scope="show:kvöld"),
            entry("Times", language="en"),
            entry("Zoom", scope="preset:gudrun"),
        ]
    )

    assert lexicon.hot_words("is-IS", "morgunn") == ("Harpa",)
    assert lexicon.hot_words("is", "kvöld") == ("Harpa", "Brexit")
    assert lexicon.hot_words("en", "kvöld") == ("Times",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- grapheme: a\n  alais: b", "n.yaml, line 2: unknown key 'alais'; use grapheme, alias"),
        ("\n- grapheme: a", "n.yaml, line 2: 'a': write an alias"),
        ("- alias: b", "line 1: grapheme is missing"),
        ("- grapheme: ' '\n  alias: b", "the grapheme is empty"),
        ("- grapheme: a\n  alias: b\n  alias: c", "line 3: alias stands here twice"),
        ("- grapheme: [a]\n  alias: b", "grapheme is no text"),
        ("- [a]: b", "unknown key a list"),
        ("- Zoom", "line 1: this is no entry"),
        ("Zoom: súmm", "line 1: this is no list"),
        ("- grapheme: a\n  alias: b\n  scope: everwhere", "scope"),
        ("- grapheme: a\n  alias: b\n  scope: 'show: '", "scope"),
        ("- grapheme: a\n  alias: b\n  inflect: maybe", "inflect"),
        ("- grapheme: a\n  alias: b\n  language: íslenska", "language"),
        ("- grapheme: a\n  alias: 24/7", "'2' as a word"),
        ("- grapheme: a\n  alias: '...'", "has no letter"),
        ('- grapheme: "a\\0"\n  alias: b', r"U\+0000 cannot be seen"),
        ("- grapheme: Zuckerberg\n  alias: Sökkerberg\n  inflect: true", "n.yaml, line 1: BÍN knows no word"),
        ("- grapheme: a\n  alias: b\n  inflect: true\n  language: en", "inflect is for Icelandic"),
        ("- grapheme: hestur\n  ipa: b\n  inflect: true", "inflect needs an alias"),
        ("- &a grapheme: a\n  alias: b\n- *a", "n.yaml, line 3: aliases"),
        ("- grapheme: 'a\n", "this is not YAML"),
        ("\ud800", "n.yaml: this is not YAML"),
        ("\0", "n.yaml: this is not YAML"),
        ("- grapheme: a\n---\n- grapheme: b", "this is not YAML"),
        ("[" * 20_000, "n.yaml, line 1: nested too deep"),
        (f"- grapheme: {'a' * 201}\n  alias: b", "at most 200 characters"),
        ("- !!python/object:os.system {grapheme: a}", "write an alias"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_line(text, says):
    with pytest.raises(InvalidLexicon, match=says) as caught:
        read_lexicon(text, name="n.yaml")

    assert "lines:" not in str(caught.value)


def test_words_that_yaml_takes_for_something_else_stay_words():
    entries = read_lexicon("- {grapheme: no, alias: on}\n- {grapheme: 1984, alias: orwell, language: no}\n", name="n")

    assert [(e.grapheme, e.alias, e.language) for e in entries] == [("no", "on", "is"), ("1984", "orwell", "no")]


WORDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=9)


@given(st.lists(st.tuples(WORDS, WORDS, st.booleans(), st.sampled_from(["is", "no", "en-GB"])), max_size=4))
def test_what_is_written_is_read_back(rows):
    entries = []
    for grapheme, ipa, exact, language in rows:
        try:
            entries.append(Entry(grapheme=grapheme, ipa=ipa, case_sensitive=exact, language=language))
        except ValidationError:  # a word of spaces
            continue

    assert read_lexicon(write_lexicon(entries), name="n") == tuple(entries)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "~", "[]"])
def test_an_empty_file_has_no_entries(text):
    assert read_lexicon(text, name="n") == ()


def test_a_folder_is_read_file_by_file(tmp_path):
    (tmp_path / "a.yaml").write_text(NAMES, "utf-8")
    (tmp_path / "b.yml").write_text("\ufeff- {grapheme: Zoom, alias: súmm}", "utf-8")
    (tmp_path / "notes.txt").write_text("- not mine")
    (tmp_path / "._a.yaml").write_bytes(b"\x00\x05\x16")

    lexicon = lexicon_in(tmp_path)

    assert [e.grapheme for e in lexicon.entries] == ["Zuckerberg", "Harpa", "visir.is", "AT&T", "IT", "Zoom"]


def test_no_folder_is_an_empty_lexicon(tmp_path):
    lexicon = lexicon_in(tmp_path / "lexicon")

    assert lexicon.entries == ()
    assert read(lexicon, "Harpa") == ((), ())
    assert lexicon.hot_words("is", "x") == ()


def test_a_word_in_two_files_names_both(tmp_path):
    (tmp_path / "a.yaml").write_text("- {grapheme: Zoom, alias: súmm}")
    (tmp_path / "b.yaml").write_text("\n- {grapheme: ZOOM, alias: sumar}")

    with pytest.raises(InvalidLexicon, match=r"a\.yaml, line 1, and in b\.yaml, line 2.*everywhere"):
        lexicon_in(tmp_path)


def test_a_form_of_two_words_must_be_written_down():
    words = [entry("Bergur", "Berkur", inflect=True), entry("Berg", "Bergh", inflect=True)]

    with pytest.raises(InvalidLexicon, match=r"'Bergi'.*write an entry for 'Bergi' itself"):
        Lexicon(words)


def test_a_form_of_two_words_that_is_written_down_is_read_so():
    words = [entry("hestur", "hesdur", inflect=True), entry("hestar", "jálkar", inflect=True)]
    shared = set(dict(words[0].forms)) & set(dict(words[1].forms)) - {"hestar"}

    lexicon = Lexicon([*words, *(entry(form, "fáka") for form in sorted(shared))])

    assert said(lexicon, "um hesta og hestinn") == "um fáka og hesdinn"


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"- grapheme: \xf0\x28")

    with pytest.raises(InvalidLexicon, match=r"a\.yaml cannot be read"):
        lexicon_in(tmp_path)
