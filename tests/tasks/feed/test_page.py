"""The page to listen at, read as a browser reads it."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from lxml import html
from publishing import edition

from tasks.feed.page import EpisodePage, render_page
from tasks.schemas import Chapter, Segment, Transcript, Word

HOSTILE = "</script><script>alert(1)</script><!-- & \"'\u2028"


def segment(start_s: float, text: str, speaker: str = "", *, with_words: bool = True) -> Segment:
    words = tuple(
        Word(text=word, start_s=start_s + index, end_s=start_s + index + 0.5) for index, word in enumerate(text.split())
    )
    end_s = start_s + len(text.split())
    return Segment(start_s=start_s, end_s=end_s, text=text, speaker=speaker, words=words if with_words else ())


def page(*segments: Segment, title: str = "Þáttur", chapters: tuple[Chapter, ...] = (), peaks: tuple[float, ...] = ()):
    item = edition(1).item.model_copy(update={"title": title, "duration_s": 3725.0})
    transcript = Transcript(language="is", duration_s=3725.0, segments=segments)
    return EpisodePage(item, f"Sýningin {title}", transcript, chapters, peaks, (f"Athugasemd {title}",))


def parsed(made: EpisodePage) -> html.HtmlElement:
    return html.document_fromstring(render_page(made).decode())


def test_page_shows_who_says_what_and_when():
    made = parsed(
        page(segment(0, "Góðan dag .", "Kynnir"), segment(4, "Já .", "Kynnir"), segment(7, "Nei .", "Gestur"))
    )
    turns = made.xpath("//article")
    assert [turn.xpath("string(.//b)") for turn in turns] == ["Kynnir", "Gestur"]
    assert turns[0].xpath("string(.//p)") == "Góðan dag . Já ."
    assert [span.get("data-t") for span in turns[0].xpath(".//p/span")] == ["0.00", "1.00", "2.00", "4.00", "5.00"]
    assert turns[1].xpath("string(.//button)") == "0:07"
    assert turns[0].get("class") != turns[1].get("class")


def test_page_follows_sentences_where_no_word_has_a_time():
    made = parsed(page(segment(2, "Heil setning hér.", with_words=False)))
    assert [(span.text, span.get("data-t"), span.get("data-e")) for span in made.xpath("//article/p/span")] == [
        ("Heil setning hér.", "2.00", "5.00")
    ]


def test_page_cuts_a_monologue_where_sentences_end():
    sentence = "orð " * 40 + "loks."
    made = parsed(page(*(segment(50.0 * index, sentence, "Kynnir") for index in range(12))))
    turns = [turn.xpath("string(.//p)") for turn in made.xpath("//article")]
    assert len(turns) == 3
    assert all(turn.endswith("loks.") for turn in turns)


def test_page_sets_chapters_as_headings_and_as_buttons():
    chapters = (Chapter(title="Upphaf", start_s=0, end_s=4), Chapter(title="Lok", start_s=4, end_s=9))
    made = parsed(page(segment(0, "Fyrst .", "A"), segment(4, "Svo .", "A"), chapters=chapters))
    column = made.xpath("//main/h3 | //main/article")
    assert [element.tag for element in column] == ["h3", "article", "h3", "article"]
    buttons = made.xpath("//ol[@class='chapters']//button")
    assert [(button.get("data-t"), button.xpath("string(span)")) for button in buttons] == [
        ("0.00", "Upphaf"),
        ("4.00", "Lok"),
    ]


def test_page_links_only_to_files_beside_it():
    made = parsed(page(segment(0, "Hæ .", "A")))
    links = {*made.xpath("//@src"), *made.xpath("//@href")}
    assert links >= {"episode.mp3", "cover.jpg", "transcript.vtt", "transcript.srt", "transcript.json", "../feed.xml"}
    assert not [link for link in links if re.match(r"[a-z]+:", link) and link != "data:,"]
    assert b"http" not in re.sub(rb"http-equiv", b"", render_page(page())).replace(b'startsWith("http")', b"")


def test_page_runs_only_its_own_style_and_script():
    made = parsed(page(segment(0, "Hæ .", "A"), title=HOSTILE))
    policy = made.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    blocks = [made.xpath("//style")[0].text, made.xpath("//script[not(@type)]")[0].text]
    for block in blocks:
        assert base64.b64encode(hashlib.sha256(block.encode()).digest()).decode() in policy
    assert not made.xpath("//@style | //@onclick")


def test_page_takes_hostile_words_as_words():
    chapters = (Chapter(title=HOSTILE, start_s=0, end_s=1),)
    made = parsed(page(segment(0, HOSTILE, HOSTILE), title=HOSTILE, chapters=chapters))
    assert len(made.xpath("//script")) == 2
    assert made.xpath("string(//h1)") == HOSTILE
    assert made.xpath("string(//article//b)") == HOSTILE
    assert json.loads(made.xpath("//script[@type='application/json']")[0].text)["title"] == HOSTILE


@pytest.mark.parametrize(("peaks", "bars"), [((), 1), ((0.0, 0.5, 1.0, 7.0), 4)])
def test_page_draws_the_sound(peaks: tuple[float, ...], bars: int):
    shape = parsed(page(peaks=peaks)).xpath("//svg[@class='wave']/path/@d")[0]
    assert shape.count("M") == bars
    tops = [float(top) for top in re.findall(r"M[\d.]+ ([\d.]+)h", shape)]
    assert all(0 <= top <= 50 for top in tops)


def test_page_speaks_icelandic_and_names_its_language():
    made = parsed(page(segment(0, "Hæ .", "A")))
    assert made.get("lang") == "is"
    facts = made.xpath("string(//p[@class='facts'])")
    assert facts == "2. nóvember 2026 · 1 klst. 2 mín. · íslenska"
    assert "tölvugerðar" in made.xpath("string(//div[@class='about'])")


def test_page_of_a_silent_episode_says_so():
    assert "Ekkert tal" in parsed(page()).xpath("string(//main)")


def test_page_has_the_same_bytes_every_time():
    made = page(segment(0, "Hæ .", "A"), peaks=(0.1, 0.2))
    assert render_page(made) == render_page(made)
