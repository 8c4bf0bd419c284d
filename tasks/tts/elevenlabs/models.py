"""ElevenLabs' models as data: what each one speaks, takes and costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.errors import UnknownVoice

if TYPE_CHECKING:
    from tasks.schemas import VoicePreset


def _codes(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_V2 = _codes("ar bg cs da de el en es fi fr hi hr id it ja ko ms nl pl pt ro ru sk sv ta tr uk zh")
_V2_5 = _V2 | _codes("hu no vi")
_V3 = _V2_5 | _codes(
    "af as az be bn bs ca cy et fa ga gl gu ha he hy is jv ka kk kn ky lb ln lt lv mk ml mr ne ny pa ps sd sl so sr sw "
    "te th ur"
)


@dataclass(frozen=True)
class Model:
    """One of the vendor's models. Source: elevenlabs.io/docs/overview/models, help.elevenlabs.io (17883183930129)."""

    languages: frozenset[str]
    """Without Filipino and Cebuano, which have no code in ISO 639-1."""
    usd_per_million_characters: float
    """List price in November 2026, as the gateways that sell it quote it; an account's plan may hold another."""
    settings: frozenset[str] = frozenset({"rate", "stability", "similarity", "seed"})
    steady: tuple[float, ...] = ()
    """The only stabilities that it takes; empty: any from 0 to 1."""
    takes_language: bool = True
    credits_per_character: float = 1.0
    max_characters: int = 5_000
    """Half of what most of them take: a longer text is read no better, and costs more to ask for again."""


_V4_SETTINGS = frozenset({"stability", "similarity", "seed"})  # neither speed nor style, as its users report
MODELS: Mapping[str, Model] = {
    # It took 3,000 characters in 2025 and takes 5,000 now. Any other stability is refused (invalid_ttd_stability).
    "eleven_v3": Model(_V3, 80.0, steady=(0.0, 0.5, 1.0), max_characters=3_000),
    # Said to speak more than ninety languages, which no page lists: v3's are taken to be among them; `confirm` asks.
    "eleven_v4": Model(_V3, 80.0, settings=_V4_SETTINGS),
    "eleven_v4_turbo": Model(_V3, 40.0, settings=_V4_SETTINGS, credits_per_character=0.5),
    "eleven_multilingual_v2": Model(_V2, 80.0, takes_language=False),
    "eleven_turbo_v2_5": Model(_V2_5, 40.0, credits_per_character=0.5),
    "eleven_flash_v2_5": Model(_V2_5, 40.0, credits_per_character=0.5),
}
DEFAULT_MODEL = "eleven_v3"


def model_name(voice: VoicePreset) -> str:
    """The vendor's name for the model that a preset speaks with."""
    return voice.model or DEFAULT_MODEL


def model_of(voice: VoicePreset) -> Model:
    """The model that a preset speaks with.

    Raises: UnknownVoice.
    """
    try:
        return MODELS[model_name(voice)]
    except KeyError:
        raise UnknownVoice(
            f"voice preset {voice.name!r}: ElevenLabs has no model {voice.model!r} that hladvarp knows; "
            f"choose one of {', '.join(MODELS)}, or leave it empty for {DEFAULT_MODEL}"
        ) from None
