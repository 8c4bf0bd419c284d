"""Polly's standard voices, and the SSML that they are asked with."""

from __future__ import annotations

import math

import numpy as np

from tasks.errors import UnknownVoice
from tasks.schemas import Mark, VoicePreset
from tasks.tts.prosody import Prosody
from tasks.tts.ssml import LOCALES, element, render

# "Controlling volume, speaking rate, and pitch", Amazon Polly Developer Guide: rates from 20 % to 200 %, and pitch at
# most 50 % higher. At 20 % a long text would not end within the ten minutes after which Polly stops, so 50 % here.
RATES, PITCHES, VOLUMES_DB = (0.5, 2.0), (0.5, 1.5), (-24.0, 6.0)
HIGHEST_ST = 12 * math.log2(PITCHES[1])

VOICES = {
    "da-DK": "Mads Naja", "de-DE": "Hans Marlene Vicki", "en-AU": "Nicole Russell", "en-GB": "Amy Brian Emma",
    "en-US": "Ivy Joanna Joey Justin Kendra Kimberly Matthew Salli", "es-ES": "Conchita Enrique Lucia",
    "fr-FR": "Celine Lea Mathieu", "is-IS": "Dora Karl", "it-IT": "Bianca Carla Giorgio", "nb-NO": "Liv",
    "nl-NL": "Lotte Ruben", "pl-PL": "Ewa Jacek Jan Maja", "pt-PT": "Cristiano Ines", "sv-SE": "Astrid",
}  # fmt: skip
"""Standard voices by locale ("Available voices", Amazon Polly Developer Guide)."""

LOCALE_OF = {name: locale for locale, names in VOICES.items() for name in names.split()}


def locale_of_voice(preset: VoicePreset) -> str:
    """Where the voice that a preset names comes from, such as is-IS.

    Raises: UnknownVoice, also when another engine of Polly is named, none of which speaks Icelandic.
    """
    locale = LOCALE_OF.get(preset.voice)
    if locale is None:
        raise UnknownVoice(
            f"voice preset {preset.name!r}: Polly has no standard voice {preset.voice!r}; for Icelandic write Dora or "
            f"Karl; others are {', '.join(sorted(LOCALE_OF.keys() - {'Dora', 'Karl'}))}"
        )
    if preset.model not in {"", "standard"}:
        raise UnknownVoice(
            f"voice preset {preset.name!r}: of Polly only the engine 'standard' is asked, which alone speaks "
            f"Icelandic; leave {preset.model!r} out"
        )
    return locale


def languages_of(locale: str) -> frozenset[str]:
    """ISO 639-1 codes that a voice of this locale speaks: `nb` and `no`."""
    primary = locale.split("-")[0]
    return frozenset({primary, *(code for code, each in LOCALES.items() if each.split("-")[0] == primary)})


def document(text: str, preset: VoicePreset, marks: tuple[Mark, ...]) -> str:
    """What Polly is asked to read."""
    own = Prosody(rate=preset.rate, pitch=2 ** (preset.pitch / 12))
    return element("speak", {}, render(text, marks, own=own, prosody=_changes))


def _changes(prosody: Prosody) -> dict[str, str]:
    """Factors as Polly takes them, where it takes them; none where nothing changes."""
    rate, pitch = float(np.clip(prosody.rate, *RATES)), float(np.clip(prosody.pitch, *PITCHES))
    volume_db = 20 * math.log10(max(prosody.volume, 1e-3))
    changes = {}
    if abs(rate - 1) >= 0.005:
        changes["rate"] = f"{100 * rate:.0f}%"
    if abs(pitch - 1) >= 0.005:
        changes["pitch"] = f"{100 * (pitch - 1):+.0f}%"
    if abs(volume_db) >= 0.05:
        changes["volume"] = "silent" if prosody.volume == 0 else f"{np.clip(volume_db, *VOLUMES_DB):+.1f}dB"
    return changes
