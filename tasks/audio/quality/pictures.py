"""Loudness over time and the spectrogram, drawn for a page that is light or dark."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tasks.schemas import Chapter

_FONT = Path(__file__).parents[1] / "cover.ttf"
_TEXT, _GRID = (128, 128, 128, 255), (128, 128, 128, 90)
_LINE, _TARGET, _MARK = (37, 92, 168, 255), (64, 150, 90, 255), (226, 120, 64, 255)
_LOUDEST, _QUIETEST = -5.0, -45.0  # LUFS, of the picture
_DEEPEST_DB = -90.0
# Dark to bright through violet and orange, evenly in brightness, so that it can be read in grey as well.
_INKS = np.array([(8, 6, 28), (66, 15, 110), (148, 38, 103), (221, 81, 58), (252, 165, 10), (252, 255, 164)], float)
_HERTZ = (1_000, 4_000, 8_000, 16_000, 20_000)


def loudness_png(
    short_term_lufs: NDArray[np.float64],
    width: int,
    height: int,
    *,
    target_lufs: float | None = None,
    chapters: Iterable[Chapter] = (),
) -> bytes:
    """Short-term loudness over time, with the target as a line and the starts of chapters.

    short_term_lufs: one value for each 0.1 s, from the third second on.
    """
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(_FONT, 12)
    total_s = len(short_term_lufs) / 10 + 3.0

    for chapter in chapters:
        x = min(width - 1, round(chapter.start_s / total_s * width))
        draw.line([(x, 0), (x, height)], fill=_MARK, width=2)
    for level in range(-40, -5, 10):
        draw.line([(0, _y(level, height)), (width, _y(level, height))], fill=_GRID)
        draw.text((4, _y(level, height) - 15), f"{level} LUFS", font=font, fill=_TEXT)
    if target_lufs is not None:
        draw.line([(0, _y(target_lufs, height)), (width, _y(target_lufs, height))], fill=_TARGET, width=2)
    draw.line(_curve(short_term_lufs, width, height, total_s), fill=_LINE, width=2, joint="curve")
    return _png(picture, 16)


def spectrogram_png(spectrogram_db: NDArray[np.float64], width: int, height: int, *, sample_rate_hz: int) -> bytes:
    """Frequency over time, the strongest brightest, with lines at some frequencies.

    spectrogram_db: shape (n_rows, n_columns), low frequencies first, 0 dB for the strongest.
    """
    strength = np.clip(1 - spectrogram_db[::-1] / _DEEPEST_DB, 0, 1) * (len(_INKS) - 1)
    inks = np.stack([np.interp(strength, np.arange(len(_INKS)), _INKS[:, band]) for band in range(3)], axis=-1)
    picture = Image.fromarray(inks.astype(np.uint8), "RGB").resize((width, height), Image.Resampling.BILINEAR)
    draw, font = ImageDraw.Draw(picture, "RGBA"), ImageFont.truetype(_FONT, 12)
    for hertz in _HERTZ:
        y = height * (1 - hertz / (sample_rate_hz / 2))
        if y > 0:
            draw.line([(0, y), (width, y)], fill=(255, 255, 255, 70))
            draw.text((4, y), f"{hertz // 1000} kHz", font=font, fill=(255, 255, 255, 200))
    return _png(picture, 48)


def _y(lufs: float, height: int) -> float:
    return float(np.clip((_LOUDEST - lufs) / (_LOUDEST - _QUIETEST), 0, 1) * (height - 1))


def _curve(lufs: NDArray[np.float64], width: int, height: int, total_s: float) -> list[tuple[float, float]]:
    """A point for each column: the loudest in it, so that a long episode's loud moments are not averaged away."""
    columns = ((np.arange(len(lufs)) / 10 + 3.0) / total_s * width).astype(int)
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    loudest = np.maximum.reduceat(lufs, starts) if len(starts) else lufs
    return [(float(columns[start]), _y(level, height)) for start, level in zip(starts, loudest, strict=True)]


def _png(picture: Image.Image, colours: int) -> bytes:
    buffer = io.BytesIO()
    picture.quantize(colours).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
