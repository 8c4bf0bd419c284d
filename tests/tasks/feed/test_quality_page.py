from __future__ import annotations

import json

import numpy as np
from lxml import html
from signals import RATE_HZ, Samples, babble, silence

from tasks.audio.quality import analyze
from tasks.feed.contents import quality_json, quality_page
from tasks.schemas import QualityReport, SoundQuality
from tasks.schemas.gate import RoundTrip

HOSTILE = "<script>alert(1)</script> & $title"


def sound(samples: Samples) -> SoundQuality:
    return analyze([samples], sample_rate_hz=RATE_HZ, channels=1, duration_s=samples.shape[1] / RATE_HZ).sound


def parsed(report: QualityReport, title: str = "Þáttur") -> html.HtmlElement:
    return html.document_fromstring(quality_page(title, "Sýningin", report).decode())


def cells(page: html.HtmlElement) -> dict[str, list[str]]:
    return {
        row.xpath("string(th)"): [cell.text_content() for cell in row.xpath("td")]
        for row in page.xpath("//table[@class='measures']/tbody/tr")
    }


def test_page_shows_episode_and_source_side_by_side_in_icelandic_numbers():
    episode, source = sound(babble(4)), sound(babble(4, -40))

    page = parsed(QualityReport(episode=episode, source=source, words_per_minute=142.4, notes=("Athugið þetta.",)))

    rows = cells(page)
    expected = [f"−{-one.loudness.integrated_lufs:.1f} LUFS".replace(".", ",") for one in (episode, source)]
    assert rows["Hljóðstyrkur"] == expected
    assert rows["Talhraði"][0] == "142 orð á mínútu"
    assert [image.get("src") for image in page.xpath("//img")] == ["waveform.png", "loudness.png", "spectrogram.png"]
    assert "ekki stillt fyrir íslensku" in page.text_content()
    assert "Athugið þetta." in page.text_content()


def test_page_marks_what_stages_say_as_english():
    trip = RoundTrip(not_measured=("20 lines: espeak reads by rule",))

    page = parsed(QualityReport(episode=sound(babble(4)), round_trip=trip))

    assert page.xpath("//span[@lang='en']/text()") == ["20 lines: espeak reads by rule"]
    assert page.get("lang") == "is"


def test_page_leaves_out_what_silence_does_not_have():
    report = QualityReport(episode=sound(silence(1)))

    rows = cells(parsed(report))

    assert rows["Hljóðstyrkur"] == rows["Tal yfir suði"] == rows["Áætluð gæði"] == ["–"]
    assert json.loads(quality_json(report))["episode"]["loudness"]["integrated_lufs"] is None


def test_page_shows_a_hostile_title_as_text():
    page = parsed(QualityReport(episode=sound(np.zeros((1, 100), np.float32)), notes=(HOSTILE,)), HOSTILE)

    assert page.xpath("string(//h1)") == HOSTILE
    assert not page.xpath("//script")
