"""The page of an episode's quality: three pictures, and every number that was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from string import Template
from urllib.parse import quote

from tasks.feed.page.render import asset, policy
from tasks.schemas.gate import RoundTrip
from tasks.schemas.quality import QualityReport, SoundQuality

Reader = Callable[[SoundQuality], "str | None"]


@dataclass(frozen=True)
class QualityPage:
    """What the page shows. Addresses are file names beside it."""

    title: str
    show_title: str
    report: QualityReport
    json: str
    pictures: tuple[tuple[str, str], ...]
    """File name and caption."""


def render_quality_page(page: QualityPage) -> bytes:
    """Give the page as one HTML file; the same report always gives the same bytes."""
    style = f"{asset('page.css')}\n{asset('quality.css')}"
    report = page.report
    heads = ("Þátturinn", "Upptakan") if report.source else ("Þátturinn",)
    text = Template(asset("quality.html")).substitute(
        policy=escape(policy(style, "")),
        style=style,
        title=escape(page.title),
        show=escape(page.show_title),
        json=quote(page.json),
        pictures="".join(_figure(name, caption) for name, caption in page.pictures),
        columns="".join(f'<th scope="col">{head}</th>' for head in heads),
        rows="\n".join(_rows(report)),
        more=_voices(report.round_trip) if report.round_trip else "",
        notes=_notes(report.notes),
    )
    return text.encode()


def _figure(name: str, caption: str) -> str:
    caption = escape(caption)
    return f'<figure><figcaption>{caption}</figcaption><img src="{quote(name)}" alt="{caption}"></figure>\n'


def _rows(report: QualityReport) -> Iterator[str]:
    sounds = (report.episode, *((report.source,) if report.source else ()))
    for label, read in _MEASURES.items():
        cells = "".join(f"<td>{read(sound) or '–'}</td>" for sound in sounds)
        yield f'<tr><th scope="row">{label}</th>{cells}</tr>'
    if report.words_per_minute:
        pad = "<td></td>" * (len(sounds) - 1)
        yield f'<tr><th scope="row">Talhraði</th><td>{_said(report.words_per_minute, 0, "orð á mínútu")}</td>{pad}</tr>'


def _voices(trip: RoundTrip) -> str:
    """What was heard of the voices; and which lines were not heard again, and why."""
    if not trip.lines:
        return _notes(trip.not_measured, before="Raddirnar voru ekki heyrðar aftur: ")
    mean, worst = (_said(100 * (rate or 0.0), 0, "%") for rate in (trip.mean_error_rate, trip.worst_error_rate))
    told = (
        "<h2>Raddirnar heyrðar aftur</h2>"
        f"<p>{trip.lines} línur voru skrifaðar upp af vél og bornar saman við handritið: {mean} stafa "
        f"heyrðust öðruvísi að meðaltali, {worst} í verstu línunni. Endurteknar línur: {trip.retaken}.</p>"
    )
    rows = "".join(
        f"<tr><td>{one.line}</td><td>{escape(one.speaker)}</td><td>{one.takes}</td>"
        f"<td>{_said(100 * one.error_rate, 0, '%')}</td><td>{escape(one.said)}</td><td>{escape(one.heard)}</td></tr>"
        for one in (*trip.failed, *trip.mended)
    )
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Lína", "Hver", "Tökur", "Villur", "Sagt", "Heyrt"))
    table = f'<table class="lines"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>' if rows else ""
    return told + table + _notes(trip.not_measured)


def _notes(said: Iterable[str], *, before: str = "") -> str:
    """What stages said, marked as English, so that a screen reader does not read it as Icelandic."""
    return "".join(f'<p class="notes">{before}<span lang="en">{escape(words)}</span></p>' for words in said)


def _said(value: float | None, digits: int, unit: str = "") -> str | None:
    """A number as it is written in Icelandic; None where there is none."""
    if value is None or value in (float("inf"), float("-inf")):
        return None
    return f"{value:.{digits}f} {unit}".replace(".", ",", 1).replace("-", "−", 1).strip()


_MEASURES: dict[str, Reader] = {
    "Hljóðstyrkur": lambda sound: _said(sound.loudness.integrated_lufs, 1, "LUFS"),
    "Mestur styrkur á 3 s": lambda sound: _said(sound.loudness.short_term_max_lufs, 1, "LUFS"),
    "Mestur styrkur á 0,4 s": lambda sound: _said(sound.loudness.momentary_max_lufs, 1, "LUFS"),
    "Styrksvið": lambda sound: _said(sound.loudness.range_lu, 1, "LU"),
    "Hæsti toppur (true peak)": lambda sound: _said(sound.loudness.true_peak_dbtp, 1, "dBTP"),
    "Klipptir toppar": lambda sound: f"{sound.clipped_runs} ({sound.clipped_samples} sýni)",
    "Jafnspennuhliðrun": lambda sound: " / ".join(_said(mean, 5) or "" for mean in sound.dc),
    "Styrkur tals": lambda sound: _said(sound.speech_dbfs, 1, "dBFS"),
    "Suð í þögnum": lambda sound: _said(sound.noise_dbfs, 1, "dBFS"),
    "Tal yfir suði": lambda sound: _said(sound.snr_db, 1, "dB"),
    "Hlutfall þagnar": lambda sound: _said(100 * sound.silence_ratio, 1, "%"),
    "Lengsta þögn": lambda sound: _said(sound.longest_silence_s, 1, "s"),
    "Bandbreidd": lambda sound: _said(sound.bandwidth_hz / 1000, 1, "kHz"),
    "Fylgni vinstri og hægri": lambda sound: _said(sound.correlation, 2),
    "Áætluð gæði": lambda sound: _said(sound.predicted.overall, 1, "af 5") if sound.predicted else None,
    "– röddin sjálf": lambda sound: _said(sound.predicted.speech, 1) if sound.predicted else None,
    "– bakgrunnur": lambda sound: _said(sound.predicted.background, 1) if sound.predicted else None,
    "– í heild (P.808)": lambda sound: _said(sound.predicted.p808, 1) if sound.predicted else None,
}
