"""The values that authors may give to the elements of SSML: checked, and brought to one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

BREAK_S = {"none": 0.0, "x-weak": 0.25, "weak": 0.5, "medium": 0.75, "strong": 1.0, "x-strong": 1.25}
"""How long a break of this strength lasts, in seconds. SSML 1.1 leaves it open.

Source: Azure AI Speech, "Document structure and events with SSML", table of the break element.
"""
LONGEST_BREAK_S = 10.0
"""Source: Amazon Polly, "Adding a pause": at most 10 s; Azure takes 20 s."""
RATES = ("x-slow", "slow", "medium", "fast", "x-fast")
PITCHES = ("x-low", "low", "medium", "high", "x-high")
VOLUMES = ("silent", "x-soft", "soft", "medium", "loud", "x-loud")
LEVELS = ("reduced", "none", "moderate", "strong")
READINGS = ("characters", "digits", "cardinal", "ordinal", "date", "time", "telephone")
DATE_ORDERS = ("dmy", "mdy", "ymd")

_SYNONYMS = {"spell-out": "characters", "verbatim": "characters", "number": "cardinal"}
_TIME = re.compile(r"\+?(?P<count>\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})(?P<unit>ms|s)")
_SHARE = re.compile(r"(?P<sign>[+-]?)(?P<count>\d{1,4}(?:\.\d{1,3})?)%")
_SEMITONES = re.compile(r"(?P<count>[+-]?\d{1,3}(?:\.\d{1,3})?)st")
_DECIBELS = re.compile(r"(?P<count>[+-]?\d{1,3}(?:\.\d{1,3})?)dB")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_NAME = re.compile(r"[\w.:-]{1,64}")
_PRESET = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_IPA = re.compile(r"[0-9A-Z<>&\"'/\[\]{}()\\_,;]")


def canonical(element: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """The settings of a mark: known names, values in range and in one form.

    Raises: ValueError that says what to write instead.
    """
    known = _VALUES[element]
    settings: dict[str, str] = {}
    for name, value in attributes.items():
        if name not in known:
            raise ValueError(f"<{element}> takes no {name}; it takes {' and '.join(known)}")
        try:
            settings[name] = known[name](value.strip())
        except ValueError as error:
            raise ValueError(f'{name}="{value[:40]}" in <{element}>: {error}') from None
    return _COMPLETED[element](settings)


def _one_of(*words: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        value = _SYNONYMS.get(value, value)
        if value not in words:
            raise ValueError(f"write {', '.join(words[:-1])} or {words[-1]}")
        return value

    return checked


def _matching(pattern: re.Pattern[str], longest: int, advice: str) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if len(value) > longest or not pattern.fullmatch(value):
            raise ValueError(advice)
        return value

    return checked


def _time(value: str) -> str:
    match = _TIME.fullmatch(value)
    count_s = float(match["count"]) / (1000 if match["unit"] == "ms" else 1) if match else -1.0
    if not 0 <= count_s <= LONGEST_BREAK_S:
        raise ValueError(f"write a time from 0s to {LONGEST_BREAK_S:g}s, such as 500ms or 1.5s")
    return f"{count_s:g}s"


def _rate(value: str) -> str:
    """A word, or percent of the voice's own rate: +20% and 120% are the same."""
    if value in RATES or value == "default":
        return value
    match = _SHARE.fullmatch(value)
    share = float(match["count"]) if match else 0.0
    if match and match["sign"]:
        share = 100 + share if match["sign"] == "+" else 100 - share
    if not 50 <= share <= 200:
        raise ValueError(f"write {', '.join(RATES)}, or from 50% to 200%, where 100% is the voice's own rate")
    return f"{share:g}%"


def _pitch(value: str) -> str:
    if value in PITCHES or value == "default":
        return value
    if (match := _SEMITONES.fullmatch(value)) and abs(float(match["count"])) <= 12:
        return f"{float(match['count']):+g}st"
    match = _SHARE.fullmatch(value)
    if match and match["sign"] and float(match["count"]) <= 50:
        return f"{float(match['sign'] + match['count']):+g}%"
    raise ValueError(f"write {', '.join(PITCHES)}, semitones from -12st to +12st, or from -50% to +50%")


def _volume(value: str) -> str:
    if value in VOLUMES or value == "default":
        return value
    match = _DECIBELS.fullmatch(value)
    if not match or not -24 <= float(match["count"]) <= 12:
        raise ValueError(f"write {', '.join(VOLUMES)}, or from -24dB to +12dB")
    return f"{float(match['count']):+g}dB"


def _language(value: str) -> str:
    if not _LANGUAGE.fullmatch(value):
        raise ValueError("write a language's code, such as en or en-GB")
    primary, *rest = value.split("-")
    return "-".join([primary.lower(), *(part.upper() if len(part) == 2 else part for part in rest)])


def _alias(value: str) -> str:
    value = " ".join(value.split())
    if not any(character.isalnum() for character in value) or len(value) > 1000:
        raise ValueError("write the words to say, up to 1000 characters")
    return value


def _ipa(value: str) -> str:
    if not value or len(value) > 500 or _NOT_IPA.search(value):
        raise ValueError("write signs of the International Phonetic Alphabet, such as ˈsaːɣa, without brackets")
    return value


def _break(settings: dict[str, str]) -> dict[str, str]:
    # SSML 1.1, 3.2.3: a time goes before a strength, and without either the strength is medium
    return {"time": settings.get("time") or f"{BREAK_S[settings.get('strength', 'medium')]:g}s"}


def _prosody(settings: dict[str, str]) -> dict[str, str]:
    if not settings:
        raise ValueError('<prosody> changes nothing; write for example <prosody rate="slow">')
    return {name: value for name, value in settings.items() if value != "default"}


def _needing(element: str, name: str, example: str) -> Callable[[dict[str, str]], dict[str, str]]:
    def completed(settings: dict[str, str]) -> dict[str, str]:
        if name not in settings:
            raise ValueError(f'<{element}> needs {name}; write for example <{element} {name}="{example}">')
        return settings

    return completed


def _say_as(settings: dict[str, str]) -> dict[str, str]:
    _needing("say-as", "interpret-as", "digits")(settings)
    if "format" in settings and settings["interpret-as"] != "date":
        raise ValueError(f'<say-as interpret-as="{settings["interpret-as"]}"> takes no format; only date does')
    return settings


def _phoneme(settings: dict[str, str]) -> dict[str, str]:
    return _needing("phoneme", "ph", "ˈsaːɣa")({**settings, "alphabet": "ipa"})


_VALUES: dict[str, dict[str, Callable[[str], str]]] = {
    "break": {"time": _time, "strength": _one_of(*BREAK_S)},
    "emphasis": {"level": _one_of(*LEVELS)},
    "prosody": {"rate": _rate, "pitch": _pitch, "volume": _volume},
    "say-as": {"interpret-as": _one_of(*READINGS), "format": _one_of(*DATE_ORDERS)},
    "sub": {"alias": _alias},
    "phoneme": {"alphabet": _matching(re.compile("ipa"), 3, "write ipa"), "ph": _ipa},
    "lang": {"xml:lang": _language},
    "mark": {"name": _matching(_NAME, 64, "write a name of letters, digits, dashes and full stops")},
    "voice": {"name": _matching(_PRESET, 60, "write the name of a voice preset: small letters, digits, dashes")},
}
_COMPLETED: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "break": _break,
    "emphasis": lambda settings: {"level": settings.get("level", "moderate")},
    "prosody": _prosody,
    "say-as": _say_as,
    "sub": _needing("sub", "alias", "það sem sagt er"),
    "phoneme": _phoneme,
    "lang": _needing("lang", "xml:lang", "en"),
    "mark": _needing("mark", "name", "hlé"),
    "voice": _needing("voice", "name", "gestur"),
}
