"""Marks that authors write in a script: read, refused with the line's number, and written again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import InvalidScript
from tasks.text.script import parse_script, write_script
from tasks.text.ssml import parse_markup


def marks_in(text: str) -> list[tuple[str, str, dict[str, str]]]:
    words, marks = parse_markup(text)
    return [(mark.kind, words[mark.start : mark.end], mark.settings) for mark in marks]


@pytest.mark.parametrize(
    ("written", "words", "found"),
    [
        ("Góðan daginn.", "Góðan daginn.", []),
        ('Nú <break time="500ms"/> þögn.', "Nú þögn.", [("break", "", {"time": "0.5s"})]),
        ('Nú <break strength="strong"/> þögn.', "Nú þögn.", [("break", "", {"time": "1s"})]),
        ("Nú <break/> þögn.", "Nú þögn.", [("break", "", {"time": "0.75s"})]),
        ("<emphasis>Aldrei</emphasis>!", "Aldrei!", [("emphasis", "Aldrei", {"level": "moderate"})]),
        (
            '<prosody rate="slow" pitch="+2st" volume="-6dB">Rólega nú.</prosody>',
            "Rólega nú.",
            [("prosody", "Rólega nú.", {"rate": "slow", "pitch": "+2st", "volume": "-6dB"})],
        ),
        (
            '<say-as interpret-as="digits">1944</say-as> kom',
            "1944 kom",
            [("say-as", "1944", {"interpret-as": "digits"})],
        ),
        ('<sub alias="Ríkisútvarpið">RÚV</sub>', "RÚV", [("sub", "RÚV", {"alias": "Ríkisútvarpið"})]),
        ('<phoneme ph="ˈsaːɣa">saga</phoneme>', "saga", [("phoneme", "saga", {"alphabet": "ipa", "ph": "ˈsaːɣa"})]),
        ('<lang xml:lang="en-gb">The Times</lang>', "The Times", [("lang", "The Times", {"xml:lang": "en-GB"})]),
        ('Hér <mark name="gosið"/> hófst', "Hér hófst", [("mark", "", {"name": "gosið"})]),
        ('<voice name="azure-gunnar">Já.</voice>', "Já.", [("voice", "Já.", {"name": "azure-gunnar"})]),
        ("<speak><p><s>Halló.</s> <s>Bless.</s></p></speak>", "Halló. Bless.", []),
        (
            '**Feitt** og <emphasis level="strong">*skáletrað*</emphasis>',
            "Feitt og skáletrað",
            [("emphasis", "skáletrað", {"level": "strong"})],
        ),
    ],
)
def test_marks_stand_beside_plain_words(written: str, words: str, found: list[tuple[str, str, dict[str, str]]]):
    assert parse_markup(written)[0] == words
    assert marks_in(written) == found


@pytest.mark.parametrize("prose", ["5 < 6 og 7 > 6", "AT&T og Johnson & Johnson", "a<b", "x << y", "<3", "R&D; og svo"])
def test_prose_with_signs_of_xml_is_prose(prose: str):
    assert parse_markup(prose) == (prose, ())


def test_tags_of_html_are_dropped_as_ever():
    assert parse_markup("Halló <b>heimur</b><br/>hér <span class='x'>er</span>") == ("Halló heimur hér er", ())


def test_marks_nest_outer_before_inner():
    assert [kind for kind, *_ in marks_in('<prosody rate="fast">Nei <emphasis>alls</emphasis> ekki</prosody>')] == [
        "prosody",
        "emphasis",
    ]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('<break time="1h"/>', "500ms"),
        ('<break time="11s"/>', "0s to 10s"),
        ('<prosody rate="warp">x</prosody>', "x-slow"),
        ('<prosody rate="900%">x</prosody>', "50% to 200%"),
        ("<prosody>x</prosody>", "changes nothing"),
        ("<emphasis>Aldrei", "never ends"),
        ("Aldrei</emphasis>", "never began"),
        ('<emphasis><prosody rate="slow">x</emphasis></prosody>', "</prosody> first"),
        ("<voice>x</voice>", "needs name"),
        ('<voice name="Stór Stafur">x</voice>', "voice preset"),
        ('<lang xml:lang="en"><voice name="a">x</voice></lang>', "<voice> in <lang>"),
        ('<sub alias="">x</sub>', "words to say"),
        ('<sub alias="y"></sub>', "nothing in it"),
        ('<sub alias="y"><emphasis>x</emphasis></sub>', "plain words alone"),
        ('<emphasis level="wild">x</emphasis>', "reduced"),
        ('<say-as interpret-as="song">x</say-as>', "characters"),
        ('<phoneme ph="[x]">x</phoneme>', "International Phonetic Alphabet"),
        ('<break time="1s" loud="yes"/>', "takes no loud"),
        ("<BREAK/>", "capitals"),
        ('<break time="1s"', "never ends"),
        ('<brake time="1s"/>', "did you mean <break>"),
        ("<emphasise>x</emphasise>", "did you mean <emphasis>"),
        ("<!DOCTYPE x>", "no place in a script"),
        ('<!ENTITY a "b">', "no place in a script"),
        ("<?xml version='1.0'?>", "no place in a script"),
        ("<![CDATA[x]]>", "no place in a script"),
    ],
)
def test_what_is_wrong_is_refused_with_what_to_write(written: str, says: str):
    with pytest.raises(InvalidScript, match="line 1") as raised:
        parse_markup(f"Orð {written} orð")

    assert says in str(raised.value)


def test_the_line_of_the_script_is_named():
    script = "# Titill\n\n**Kynnir:** Fyrsta röð\nönnur röð <break time='1h'/>\n\n**Gestur:** Já.\n"

    with pytest.raises(InvalidScript, match="line 4"):
        parse_script(script, name="x.md")


@pytest.mark.parametrize(
    "hostile",
    [
        "<emphasis>" * 5_000,
        "<prosody rate='slow'>" * 20 + "x" + "</prosody>" * 20,
        "<sub alias='" + "a" * 200_000 + "'>x</sub>",
        "<" * 100_000,
        "<emphasis " * 20_000,
        "&" * 100_000 + "lt;" * 1_000,
        "<break/>" * 20_000,
        "<emphasis\n" * 10_000 + "=",
    ],
)
def test_hostile_markup_is_refused_or_read_and_never_hangs(hostile: str):
    complaint = words = ""
    try:
        words, _ = parse_markup(hostile)
    except InvalidScript as error:
        complaint = str(error)
    assert len(complaint) < 500
    assert len(words) <= len(hostile)


SCRIPT = """# Titill

**Kynnir:** Góðan daginn. <break time="1s"/> Nú les <voice name="espeak-erla">Erla <emphasis>hátt</emphasis></voice>.

**Gestur:** Ég segi <sub alias="einn tveir">12</sub> & <lang xml:lang="en">*The* Times</lang> <mark name="hér"/> 5 < 6.
"""
IN_YAML = """title: Titill
lines:
- {speaker: Kynnir, text: 'Góðan daginn. <break time="1s"/> Já <emphasis>hátt</emphasis>.'}
- {text: '<prosody rate="slow">Rólega</prosody>'}
"""


@pytest.mark.parametrize("text", [SCRIPT, IN_YAML])
def test_a_script_that_is_written_and_read_again_is_the_same(text: str):
    script = parse_script(text, name="x.md")
    assert any(line.marks for line in script.lines)

    again = parse_script(write_script(script), name="x.md")

    assert [(line.speaker, line.text, line.marks) for line in again.lines] == [
        (line.speaker, line.text, line.marks) for line in script.lines
    ]


@given(st.text(alphabet="ab<>/&;\"'= \n\\*_éem", max_size=80))
def test_any_text_is_read_or_refused(text: str):
    try:
        words, marks = parse_markup(text)
    except InvalidScript:
        return
    assert all(0 <= mark.start <= mark.end <= len(words) for mark in marks)
