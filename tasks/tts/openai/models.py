"""OpenAI's Realtime models as data: voices, languages, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.errors import UnknownVoice

if TYPE_CHECKING:
    from tasks.schemas import VoicePreset

VOICES = ("alloy", "ash", "ballad", "cedar", "coral", "echo", "marin", "sage", "shimmer", "verse")
_LISTED = (
    "af ar az be bg bs ca cs cy da de el en es et fa fi fr gl he hi hr hu hy id is it ja kk kn ko lt lv mi mk mr ms ne "
    "nl no pl pt ro ru sk sl sr sv sw ta th tl tr uk ur vi zh"
)
LANGUAGES = frozenset(_LISTED.split())
"""Those that the vendor lists for its voices, which it calls optimized for English (guide "Text to speech")."""

# The vendor's "Managing costs": a token for 50 ms of what the model says. The pace is eSpeak's at its plain rate; two
# characters to a token of text is what long Icelandic words can come to.
AUDIO_TOKENS_PER_S, CHARACTERS_PER_S, CHARACTERS_PER_TOKEN = 20.0, 12.5, 2.0
INSTRUCTION_TOKENS_PER_CHARACTER = 0.75  # some 150 for a line of 200 characters


@dataclass(frozen=True)
class Model:
    """One model, by its prices in USD for a million tokens (developers.openai.com, November 2026)."""

    text_in_usd: float
    text_out_usd: float
    audio_out_usd: float

    @property
    def usd_per_million_characters(self) -> float:
        """About what a million characters cost: reckoned, and rather too high, since only tokens have a price."""
        text = 1 / CHARACTERS_PER_TOKEN
        told = (text + INSTRUCTION_TOKENS_PER_CHARACTER) * self.text_in_usd + text * self.text_out_usd
        return round(told + AUDIO_TOKENS_PER_S / CHARACTERS_PER_S * self.audio_out_usd)

    def characters(self, usage: Mapping[str, Any]) -> int:
        """The tokens that the vendor counts, as that many characters at the price above."""
        heard, said = (usage.get(f"{way}_token_details") or {} for way in ("input", "output"))
        counted = (
            (heard.get("text_tokens"), self.text_in_usd),
            (said.get("text_tokens"), self.text_out_usd),
            (said.get("audio_tokens"), self.audio_out_usd),
        )
        micro_usd = sum(tokens * usd for tokens, usd in counted if isinstance(tokens, int))
        return round(micro_usd / self.usd_per_million_characters)


MODELS: Mapping[str, Model] = {
    "gpt-realtime-2.1-mini": Model(text_in_usd=0.60, text_out_usd=2.40, audio_out_usd=20.0),
    "gpt-realtime-2.1": Model(text_in_usd=4.0, text_out_usd=24.0, audio_out_usd=64.0),
}
DEFAULT_MODEL = "gpt-realtime-2.1-mini"


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
            f"voice preset {voice.name!r}: OpenAI has no Realtime model {voice.model!r} that hladvarp knows; "
            f"choose one of {', '.join(MODELS)}, or leave it empty for {DEFAULT_MODEL}"
        ) from None
