from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from signals import babble, silence, tone, write

from tasks.audio.picture import cover_jpeg, own_cover, peaks, waveform_png
from tasks.errors import InvalidSettings
from tasks.schemas import Chapter


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def test_waveform_is_high_where_the_sound_is_loud(tmp_path: Path):
    samples = np.concatenate([silence(5), tone(5, -30), tone(5, -6)], axis=1)
    png = waveform_png(write(tmp_path / "a.flac", samples), 900, 120)
    heights = (pixels(png)[..., 3] > 0).sum(axis=0)
    assert pixels(png).shape == (120, 900, 4)
    assert heights[:295].max() <= 1
    assert 10 < heights[310:590].max() < 60
    assert heights[610:890].min() > 110


def test_waveform_marks_chapters(tmp_path: Path):
    source = write(tmp_path / "a.flac", babble(10))
    marked = pixels(waveform_png(source, 1000, 100, chapters=[Chapter(title="Ö", start_s=5, end_s=10)]))
    red, _, blue, alpha = (marked[:, 500, band].astype(int) for band in range(4))
    assert ((red > blue) & (alpha > 0)).all()


def test_waveform_stays_small(tmp_path: Path):
    assert len(waveform_png(write(tmp_path / "a.flac", babble(30)), 1600, 240)) < 60_000


def test_peaks_follow_the_sound(tmp_path: Path):
    samples = np.concatenate([silence(1), tone(1, -6), tone(1, -20)], axis=1)
    assert peaks(write(tmp_path / "a.flac", samples), 3) == pytest.approx((0.0, 1.0, 0.2), abs=0.005)


@pytest.mark.parametrize("n_samples", [1, 3, 100])
def test_waveform_of_less_sound_than_columns_can_be_drawn(tmp_path: Path, n_samples: int):
    source = write(tmp_path / "a.wav", tone(1)[:, 10 : 10 + n_samples])
    assert pixels(waveform_png(source, 300, 50)).shape == (50, 300, 4)


@pytest.mark.parametrize(
    "title", ["Þættir úr sögu Æsustaða og Öræfajökuls", "", "Orð" * 60, "a " * 400, "Żółć — „naïve“ ævi", "日本語 🎙"]
)
def test_cover_of_any_title_is_one_that_is_accepted(title: str):
    cover = cover_jpeg(title, title)
    own_cover(cover)
    assert len(cover) < 500_000
    assert cover == cover_jpeg(title, title)


def test_cover_draws_icelandic_letters_and_not_the_box_of_a_missing_one():
    missing = cover_jpeg("\U00012345")
    covers = {letter: cover_jpeg(letter) for letter in "ðþæöáéíóúýÐÞÆÖ"}
    areas = {letter: white_above(cover) for letter, cover in covers.items()}
    assert white_above(missing) not in areas.values()
    assert len(set(areas.values())) == len(areas)


def white_above(cover: bytes) -> int:
    return int((np.asarray(Image.open(io.BytesIO(cover)).convert("L"))[:700] > 245).sum())


def image(width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height)).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(("side", "kind"), [(1400, "JPEG"), (3000, "PNG")])
def test_own_cover_accepts_what_podcast_apps_accept(side: int, kind: str):
    cover = own_cover(image(side, side, kind))
    assert cover.startswith(b"\xff\xd8"), "what is published as cover.jpg is a JPEG"


@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        (image(1399, 1399), "1399"),
        (image(3001, 3001), "3001"),
        (image(1400, 1600), "1400 x 1600"),
        (image(1400, 1400, mode="CMYK"), "CMYK"),
        (image(1400, 1400, "GIF", "P"), "no JPEG or PNG"),
        (image(1400, 1400)[:5000], "no JPEG or PNG"),
        (b"<svg/>", "no JPEG or PNG"),
        (b"", "no JPEG or PNG"),
    ],
)
def test_own_cover_says_what_is_wrong(picture: bytes, complaint: str):
    with pytest.raises(InvalidSettings, match=complaint):
        own_cover(picture)
