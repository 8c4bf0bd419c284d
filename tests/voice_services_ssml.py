"""SSML as Azure and Amazon read it: what is said, by whom, how fast and how high, and where it is silent."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import numpy as np
from lxml import etree
from voice_services_speech import Mouth, Samples, Timbre, pause

SSML = "http://www.w3.org/2001/10/synthesis"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class BadSsml(ValueError):
    """The vendor does not read this document; the text says why."""


@dataclass(frozen=True)
class Style:
    """How a run of text is spoken."""

    voice: str
    rate: float = 1.0
    pitch_st: float = 0.0
    gain: float = 1.0
    language: str = ""


@dataclass(frozen=True)
class Run:
    """Text in one style."""

    text: str
    style: Style


@dataclass(frozen=True)
class Pause:
    """A silence that the author asked for."""

    duration_s: float


@dataclass(frozen=True)
class Dialect:
    """What one vendor takes, and what its words mean."""

    elements: frozenset[str]
    pauses_s: dict[str, float]
    longest_pause_s: float
    rates: dict[str, float]
    pitches: dict[str, float]
    """As a factor."""
    volumes: dict[str, float]
    percent_is_change: bool
    """`rate="50%"`: half as fast again (Azure), or half as fast (Amazon)."""
    slowest: float
    fastest: float
    voices: bool
    """Whether the text stands in <voice> elements."""


def parse(document: str | bytes, dialect: Dialect, voice: str = "") -> list[Run | Pause]:
    """The runs and pauses of a document.

    Raises: BadSsml.
    """
    data = document.encode() if isinstance(document, str) else document
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadSsml(f"SSML parsing error: {error}") from error
    if b"<!DOCTYPE" in data.upper():
        raise BadSsml("SSML parsing error: a document type is not allowed")
    if _name(root) != "speak":
        raise BadSsml("the root element must be <speak>")
    reader = _Reader(dialect)
    reader.walk(root, Style(voice), inside=not dialect.voices)
    if dialect.voices and root.get(XML_LANG) is None:
        raise BadSsml("<speak> needs xml:lang")
    return reader.items


def text_of(items: list[Run | Pause]) -> str:
    """What is heard, as one line."""
    return " ".join(" ".join(item.text for item in items if isinstance(item, Run)).split())


def say(items: list[Run | Pause], mouth: Mouth, timbres: dict[str, Timbre]) -> Samples:
    """The sound of runs and pauses; `timbres` has one for every voice among them."""
    parts = [pause(0.0)]
    for item in items:
        if isinstance(item, Pause):
            parts.append(pause(item.duration_s))
            continue
        style = item.style
        language = (style.language or style.voice or "is").split("-")[0]
        samples = mouth.say(
            item.text, timbres[style.voice], language=language, rate=style.rate, pitch_st=style.pitch_st
        )
        parts.append(samples * np.float32(style.gain))
    return np.concatenate(parts)


def _name(element: etree._Element) -> str:
    """The element's name; with its prefix where it is not SSML's own."""
    tag: object = element.tag  # a function, for comments
    if not isinstance(tag, str):
        return ""
    name = etree.QName(tag)
    return name.localname if name.namespace in (None, SSML) else f"{element.prefix}:{name.localname}"


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.items: list[Run | Pause] = []
        self._joins = False

    def walk(self, element: etree._Element, style: Style, *, inside: bool) -> None:
        self._text(element.text, style, inside)
        for child in element:
            name = _name(child)
            if name and name not in self.dialect.elements:
                raise BadSsml(f"<{name}> is not supported")
            if name:
                self._child(child, name, style, inside=inside)
            self._text(child.tail, style, inside)

    def _child(self, child: etree._Element, name: str, style: Style, *, inside: bool) -> None:
        if name == "voice":
            if not (voice := child.get("name")):
                raise BadSsml("<voice> needs a name")
            style, inside = replace(style, voice=voice), True
        if name == "break":
            self._pause(self._break_s(child))
        elif name in ("mstts:silence", "mark", "bookmark"):
            return
        elif name == "sub":
            if not (alias := child.get("alias")):
                raise BadSsml("<sub> needs an alias")
            self._text(alias, style, inside)
        else:
            if name in ("p", "s", "prosody", "voice"):
                self._joins = False
            self.walk(child, self._styled(child, name, style), inside=inside)
            if name in ("p", "s"):
                self._joins = False

    def _text(self, text: str | None, style: Style, inside: bool) -> None:
        if not text or not text.strip():
            return
        if not inside:
            raise BadSsml("text must stand in a <voice> element")
        last = self.items[-1] if self.items else None
        if self._joins and isinstance(last, Run) and last.style == style:
            self.items[-1] = replace(last, text=last.text + text)
        else:
            self.items.append(Run(text, style))
        self._joins = True

    def _pause(self, duration_s: float) -> None:
        self.items.append(Pause(duration_s))
        self._joins = False

    def _break_s(self, element: etree._Element) -> float:
        if (time := element.get("time")) is not None:
            found = re.fullmatch(r"\+?(\d+(?:\.\d+)?)(ms|s)", time.strip())
            if found is None:
                raise BadSsml(f"<break time={time!r}> is no duration")
            duration_s = float(found[1]) / (1000 if found[2] == "ms" else 1)
            return min(duration_s, self.dialect.longest_pause_s)
        strength = element.get("strength", "medium")
        if strength not in self.dialect.pauses_s:
            raise BadSsml(f"<break strength={strength!r}> is unknown")
        return self.dialect.pauses_s[strength]

    def _styled(self, element: etree._Element, name: str, style: Style) -> Style:
        if name == "lang":
            return replace(style, language=element.get(XML_LANG, ""))
        if name != "prosody":
            return style
        rate = style.rate * self._rate(element.get("rate", "medium"))
        return replace(
            style,
            rate=min(max(rate, self.dialect.slowest), self.dialect.fastest),
            pitch_st=style.pitch_st + self._pitch_st(element.get("pitch", "medium")),
            gain=style.gain * self._gain(element.get("volume", "default")),
        )

    def _rate(self, value: str) -> float:
        if value in self.dialect.rates:
            return self.dialect.rates[value]
        if found := re.fullmatch(r"([+-]?)(\d+(?:\.\d+)?)%", value):
            amount = float(found[1] + found[2]) / 100
            return 1 + amount if self.dialect.percent_is_change else amount
        if self.dialect.percent_is_change and re.fullmatch(r"\d+(?:\.\d+)?", value):
            return float(value)
        raise BadSsml(f"<prosody rate={value!r}> is unknown")

    def _pitch_st(self, value: str) -> float:
        if value in self.dialect.pitches:
            return 12 * math.log2(self.dialect.pitches[value])
        if found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)st", value):
            return float(found[1])
        if found := re.fullmatch(r"([+-]?\d+(?:\.\d+)?)%", value):
            return 12 * math.log2(max(0.5, 1 + float(found[1]) / 100))
        raise BadSsml(f"<prosody pitch={value!r}> is unknown")

    def _gain(self, value: str) -> float:
        if value in self.dialect.volumes:
            return self.dialect.volumes[value]
        if found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)dB", value):
            return float(10 ** (float(found[1]) / 20))
        if found := re.fullmatch(r"([+-]\d+(?:\.\d+)?)%?|(\d+(?:\.\d+)?)%", value):
            return min(1.0, max(0.0, 1 + float(found[1] or found[2]) / 100))
        if re.fullmatch(r"\d+(?:\.\d+)?", value):
            return min(1.0, float(value) / 100)
        raise BadSsml(f"<prosody volume={value!r}> is unknown")


BLOCKS = frozenset({"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub"})
AZURE = Dialect(
    elements=BLOCKS | {"voice", "bookmark", "mstts:silence", "mstts:express-as", "mstts:viseme"},
    pauses_s={"x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25},
    longest_pause_s=20.0,
    rates={"x-slow": 0.5, "slow": 0.64, "medium": 1.0, "default": 1.0, "fast": 1.55, "x-fast": 2.0},
    pitches={"x-low": 0.55, "low": 0.8, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.45},
    volumes={"silent": 0, "x-soft": 0.2, "soft": 0.4, "medium": 0.6, "loud": 0.8, "x-loud": 1, "default": 1},
    percent_is_change=True,
    slowest=0.5,
    fastest=2.0,
    voices=True,
)
POLLY = Dialect(
    elements=BLOCKS | {"mark", "w", "amazon:effect", "amazon:auto-breaths", "amazon:breath"},
    # Amazon measures its pauses by punctuation; these are eSpeak's own after a comma, a sentence and a paragraph.
    pauses_s={"none": 0, "x-weak": 0, "weak": 0.2, "medium": 0.2, "strong": 0.4, "x-strong": 0.8},
    longest_pause_s=10.0,
    rates={"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.75},
    pitches={"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.4},
    volumes={"silent": 0, "x-soft": 0.25, "soft": 0.5, "medium": 1, "loud": 1.4, "x-loud": 2, "default": 1},
    percent_is_change=False,
    slowest=0.2,
    fastest=2.0,
    voices=False,
)
