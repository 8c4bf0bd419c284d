"""Marks beside a text, written into it: well-formed whatever they are, and saying what they said."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from tasks.errors import InvalidRequest
from tasks.schemas import Mark
from tasks.tts.clip_shape import speakable
from tasks.tts.prosody import Prosody
from tasks.tts.ssml import element, locale_of, render

PLAIN = Prosody()
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def mark(kind: str, start: int, end: int, **settings: str) -> Mark:
    return Mark.model_validate({"kind": kind, "start": start, "end": end, "settings": settings})


def percents(prosody: Prosody) -> dict[str, str]:
    factors = {"rate": prosody.rate, "pitch": prosody.pitch, "volume": prosody.volume}
    return {name: f"{100 * factor:.0f}%" for name, factor in factors.items() if round(100 * factor) != 100}


def rendered(text: str, *marks: Mark, own: Prosody = PLAIN) -> str:
    return render(text, marks, own=own, prosody=percents)


def parsed(content: str) -> etree._Element:
    return etree.fromstring(element("speak", {}, content).encode())


def test_a_text_without_marks_stays_as_it_is():
    assert rendered("Góðan daginn.") == "Góðan daginn."
    assert rendered("") == ""


def test_marks_become_elements_around_their_words():
    text = "Þetta er mjög gott."
    assert rendered(text, mark("emphasis", 9, 13, level="strong")) == (
        'Þetta er <emphasis level="strong">mjög</emphasis> gott.'
    )
    assert rendered(text, mark("prosody", 9, 13, rate="80%", pitch="+10%")) == (
        'Þetta er <prosody rate="80%" pitch="110%">mjög</prosody> gott.'
    )
    assert rendered(text, mark("phoneme", 9, 13, alphabet="ipa", ph="mjœːɣ")) == (
        'Þetta er <phoneme alphabet="ipa" ph="mjœːɣ">mjög</phoneme> gott.'
    )
    assert rendered("Við hlustum á Radio Times.", mark("lang", 14, 25, **{"xml:lang": "en"})) == (
        'Við hlustum á <lang xml:lang="en-US">Radio Times</lang>.'
    )


def test_marks_of_one_stretch_nest_as_they_were_given():
    assert rendered("abc", mark("lang", 0, 3, **{"xml:lang": "en-GB"}), mark("emphasis", 0, 3, level="strong")) == (
        '<lang xml:lang="en-GB"><emphasis level="strong">abc</emphasis></lang>'
    )


def test_marks_that_cross_are_closed_and_opened_again():
    content = rendered("abcdef", mark("emphasis", 0, 4, level="strong"), mark("lang", 2, 6, **{"xml:lang": "en"}))
    assert content == (
        '<emphasis level="strong">ab<lang xml:lang="en-US">cd</lang></emphasis><lang xml:lang="en-US">ef</lang>'
    )


def test_prosody_never_stands_in_prosody_but_counts_on_top_of_it():
    content = rendered("abcdef", mark("prosody", 0, 6, rate="80%"), mark("prosody", 2, 4, rate="50%"))
    assert content == '<prosody rate="80%">ab</prosody><prosody rate="40%">cd</prosody><prosody rate="80%">ef</prosody>'


def test_the_presets_own_prosody_is_around_all_and_in_every_product():
    content = rendered("abcd", mark("prosody", 2, 4, rate="200%"), own=Prosody(rate=0.5))
    assert content == '<prosody rate="50%">ab</prosody>cd', "half of the own rate, doubled, is the voice's own again"


def test_a_phoneme_is_never_cut_in_two():
    phoneme = mark("phoneme", 2, 6, ph="abc")
    content = rendered("abcdefgh", mark("emphasis", 0, 4, level="strong"), phoneme, mark("prosody", 5, 8, rate="80%"))
    assert content.count("<phoneme") == content.count("</phoneme>") == 1
    assert '<phoneme alphabet="ipa" ph="abc">cdef</phoneme>' in content
    parsed(content)
    assert rendered("abcdef", mark("phoneme", 0, 4, ph="a"), mark("phoneme", 2, 6, ph="b")).count("<phoneme") == 1


def test_marks_without_effect_leave_no_tag():
    text = "abc"
    for each in (
        mark("emphasis", 0, 3, level="none"),
        mark("prosody", 0, 3, rate="medium"),
        mark("phoneme", 0, 3, ph=""),
        mark("lang", 0, 3),
        mark("break", 1, 1, time="1s"),
        mark("sub", 0, 3, alias="x"),
        mark("emphasis", 2, 2, level="strong"),
        mark("emphasis", 3, 9, level="strong"),
    ):
        assert rendered(text, each) == text
    assert rendered(text, mark("emphasis", 1, 900, level="strong")) == 'a<emphasis level="strong">bc</emphasis>'


def test_an_author_cannot_write_a_tag_of_his_own():
    text = "<break time='9s'/> & </speak><audio src=\"x\"/>"
    assert "".join(parsed(rendered(text)).itertext()) == text
    sly = mark("phoneme", 0, 3, alphabet='ipa" x="', ph='"/><audio src="x"/><phoneme ph="')
    root = parsed(rendered("abc", sly))
    assert [each.tag for each in root.iter()] == ["speak", "phoneme"]
    assert root[0].get("ph") == sly.settings["ph"]


def test_what_xml_does_not_know_is_left_out():
    text = "a\x00b\x0bc\ud800d\ufffee\uffffnd\u200b\u202e"
    assert "".join("".join(parsed(rendered(text)).itertext()).split()) == "abcdend"
    assert parsed(rendered("abc", mark("phoneme", 0, 3, ph="\x00a\ufffe")))[0].get("ph") == "a"


def test_decomposed_letters_are_composed():
    assert rendered("go\u0301ðan") == "góðan"


def test_a_prosody_that_is_none_is_refused():
    with pytest.raises(InvalidRequest, match="rate='hratt'"):
        rendered("abc", mark("prosody", 0, 3, rate="hratt"))


@pytest.mark.parametrize(("code", "locale"), [("is", "is-IS"), ("en", "en-US"), ("en-GB", "en-GB"), ("th", "th")])
def test_a_language_gets_its_country(code, locale):
    assert locale_of(code) == locale


SETTINGS = {
    "emphasis": {"level": "strong"},
    "prosody": {"rate": "80%", "pitch": "+2st"},
    "phoneme": {"ph": "ə"},
    "lang": {"xml:lang": "en"},
    "break": {"time": "1s"},
}


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[Mark]]:
    text = draw(st.text(max_size=30))
    marks = []
    for _ in range(draw(st.integers(0, 8))):
        start, end = sorted((draw(st.integers(0, 32)), draw(st.integers(0, 32))))
        kind = draw(st.sampled_from(sorted(SETTINGS)))
        marks.append(mark(kind, start, end, **SETTINGS[kind]))
    return text, sorted(marks, key=lambda each: each.start)


@settings(max_examples=400, deadline=None)
@example(("hér\xad", [mark("emphasis", 3, 4, level="strong")]), PLAIN)  # a soft hyphen is not said
@given(marked(), st.sampled_from([PLAIN, Prosody(rate=0.9), Prosody(pitch=1.2, volume=0.5)]))
def test_any_marks_over_any_text_make_a_document_that_says_the_text(case, own):
    text, marks = case
    root = parsed(rendered(text, *marks, own=own))
    assert squeezed("".join(root.itertext())) == squeezed(text)
    assert not root.xpath("//prosody//prosody | //phoneme//*")
    assert all(each.text for each in root.iter() if each.tag != "speak" and not len(each)) or not text
    phonemes = [each for each in marks if each.kind == "phoneme" and each.start < min(each.end, len(text))]
    assert len(root.xpath("//phoneme")) <= len(phonemes)


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=30), st.data())
def test_every_letter_under_a_mark_is_under_its_element(text, data):
    text = re.sub(r"[^a-z ]", "x", text)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    others = [mark("emphasis", 0, data.draw(st.integers(1, len(text))), level="reduced")]
    root = parsed(rendered(text, *others, mark("lang", start, end, **{"xml:lang": "en"})))
    assert "".join("".join(each.itertext()) for each in root.iter("lang")) == text[start:end]
    assert all(each.get(XML_LANG) == "en-US" for each in root.iter("lang"))


def squeezed(text: str) -> str:
    """A text as both sides see it: composed, printable, and line breaks as XML counts them."""
    return re.sub(r"[\s\ufffe\uffff]", "", speakable(text)[0])
