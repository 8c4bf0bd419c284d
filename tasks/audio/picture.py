"""Pictures: a waveform to look at, and a cover for a show that has none."""

from __future__ import annotations

import colorsys
import hashlib
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

from tasks.audio.pcm import info, read_blocks
from tasks.errors import InvalidSettings
from tasks.schemas import Chapter

COVER_PX = range(1400, 3001)  # Source: Apple Podcasts, "Show cover requirements"
_WAVE_RGBA, _BODY_RGBA, _MARK_RGBA = (86, 140, 214, 255), (37, 92, 168, 255), (226, 120, 64, 255)
# Geist, weight 650, cut down to Latin letters (SIL Open Font License 1.1): the font in Pillow has no ð, þ or æ.
_FONT = Path(__file__).with_name("cover.ttf")
_JPEG_QUALITY = 88
_SIDE, _EDGE = 1400, 110
_MAX_PIXELS = 40_000_000


def waveform_png(path: Path, width: int, height: int, *, chapters: Iterable[Chapter] = ()) -> bytes:
    """Peaks, loudness within them and the starts of chapters, on transparent ground, for light and dark pages.

    Raises: UnreadableSource.
    """
    highest, levels = _columns(path, width)
    picture = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    middle = (height - 1) / 2
    # The loudest column fills the height; a square root lets quiet passages be seen.
    scale = middle / np.sqrt(max(highest.max(initial=0.0), 1e-6))
    for x in range(width):
        for values, colour in ((highest, _WAVE_RGBA), (levels, _BODY_RGBA)):
            reach = float(np.sqrt(values[x]) * scale)
            draw.line([(x, middle - reach), (x, middle + reach)], fill=colour)
    total_s = info(path).duration_s or 1.0
    for chapter in chapters:
        x = min(width - 1, round(chapter.start_s / total_s * width))
        draw.line([(x, 0), (x, height)], fill=_MARK_RGBA, width=2)
    return _png(picture)


def peaks(path: Path, count: int) -> tuple[float, ...]:
    """How loud the sound is along its length: `count` peaks, 1.0 for the loudest of them.

    Raises: UnreadableSource.
    """
    columns, _ = _columns(path, count)
    loudest = max(float(columns.max()), 1e-9)
    return tuple(round(float(column) / loudest, 3) for column in columns)


def cover_jpeg(title: str, subtitle: str = "") -> bytes:
    """A square cover of 1400 pixels in colours of the title's own.

    Equal words, equal bytes.
    """
    hue = hashlib.sha256(title.encode()).digest()[0] / 256
    dark, light = _rgb(hue, 0.62, 0.26), _rgb(hue + 0.08, 0.55, 0.60)
    ramp = np.linspace(0, 1, _SIDE)[:, None, None] * 0.75 + np.linspace(0, 0.25, _SIDE)[None, :, None]
    ground = np.array(dark) * ramp + np.array(light) * (1 - ramp)
    picture = Image.fromarray(ground.astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(picture)
    _draw_bars(draw, title)
    lines, font = _fitting(draw, title.strip() or "Hlaðvarp", box=(_SIDE - 2 * _EDGE, 560))
    draw.multiline_text((_EDGE, _EDGE), "\n".join(lines), font=font, fill="white", spacing=font.size * 0.2)
    if subtitle.strip():
        lines, font = _fitting(draw, subtitle, box=(_SIDE - 2 * _EDGE, 130), largest_px=60)
        draw.multiline_text((_EDGE, _SIDE - _EDGE), "\n".join(lines), font=font, fill=(255, 255, 255), anchor="ld")
    return _jpeg(picture)


def own_cover(picture: bytes) -> bytes:
    """A show's own cover as a JPEG; one that is a JPEG already, as it is.

    Raises: InvalidSettings unless it is a square JPEG or PNG of 1400 to 3000 pixels, in RGB.
    """
    try:
        with Image.open(io.BytesIO(picture), formats=("JPEG", "PNG")) as opened:
            kind, size, mode = opened.format, opened.size, opened.mode
            if size[0] * size[1] <= _MAX_PIXELS:
                opened.load()
            converted = opened if kind == "JPEG" else opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidSettings(f"the cover is no JPEG or PNG that can be read: {error}") from error
    if size[0] != size[1] or size[0] not in COVER_PX:
        raise InvalidSettings(
            f"the cover is {size[0]} x {size[1]} pixels; podcast apps want a square of {COVER_PX[0]} to {COVER_PX[-1]}"
        )
    if mode not in ("RGB", "RGBA", "L", "P"):
        raise InvalidSettings(f"the cover ({kind}) is in {mode}; save it in RGB, which podcast apps show")
    return picture if kind == "JPEG" else _jpeg(converted)


def _columns(path: Path, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Peak and root mean square of the sound under each column."""
    n_samples = max(1, info(path).n_samples)
    highest, squares, counts = np.zeros(width), np.zeros(width), np.zeros(width)
    position = 0
    for block in read_blocks(path):
        loud = np.abs(block).max(axis=0)
        column = (np.arange(position, position + len(loud)) * width) // n_samples
        starts = np.flatnonzero(np.diff(column, prepend=-1))
        np.maximum.at(highest, column[starts], np.maximum.reduceat(loud, starts))
        np.add.at(squares, column[starts], np.add.reduceat(loud.astype(np.float64) ** 2, starts))
        np.add.at(counts, column[starts], np.diff(starts, append=len(loud)))
        position += len(loud)
    return highest, np.sqrt(squares / np.maximum(counts, 1))


def _draw_bars(draw: ImageDraw.ImageDraw, title: str) -> None:
    """A row of bars like a voice, of the title's own heights."""
    seed = int.from_bytes(hashlib.sha256(title.encode()).digest()[:8])
    heights = np.random.Generator(np.random.PCG64(seed)).uniform(0.1, 1.0, 33) * np.hanning(35)[1:-1]
    step = (_SIDE - 2 * _EDGE) / len(heights)
    for number, share in enumerate(heights):
        left, reach = _EDGE + number * step, 30 + 170 * share
        draw.rounded_rectangle((left, 950 - reach, left + step * 0.55, 950 + reach), radius=step * 0.27, fill="white")


def _fitting(
    draw: ImageDraw.ImageDraw, text: str, *, box: tuple[int, int], largest_px: int = 190
) -> tuple[list[str], ImageFont.FreeTypeFont]:
    """The text's lines, and the largest font in which they fit; cut short where even the smallest does not."""
    for size in range(largest_px, 35, -6):
        font = _font(size)
        lines = _wrapped(draw, text, font, box[0])
        fits_across = all(draw.textlength(line, font=font) <= box[0] for line in lines)
        if fits_across and len(lines) * size * 1.3 <= box[1]:
            return lines, font
    n_lines = max(1, int(box[1] / (size * 1.3)))
    cut = [
        line if draw.textlength(line, font=font) <= box[0] else _shortened(draw, line, font, box[0])
        for line in lines[:n_lines]
    ]
    return cut, font


def _shortened(draw: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while line and draw.textlength(line + "…", font=font) > width:
        line = line[:-1]
    return line + "…"


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FONT, size, layout_engine=ImageFont.Layout.BASIC)


def _rgb(hue: float, saturation: float, value: float) -> tuple[float, ...]:
    return tuple(255 * part for part in colorsys.hsv_to_rgb(hue % 1, saturation, value))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.quantize(16).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    return buffer.getvalue()
