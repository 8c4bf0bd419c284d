"""What an ElevenLabs account holds: models, voices of the house, voices cloned from samples, and credits."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import soundfile
from voice_services_book import Json
from voice_services_speech import LADDER, Encoding, Timbre, median_pitch_hz
from voice_services_vendor import Asked

ADAM, RACHEL, GEORGE = "pNInz6obpgDQGcFmaJgB", "21m00Tcm4TlvDq8ikWAM", "JBFqnCBsd6RMkjVDRZzb"
PREMADE = {ADAM: ("Adam", LADDER[3]), RACHEL: ("Rachel", LADDER[8]), GEORGE: ("George", LADDER[4])}
TIERS = ("free", "starter", "creator", "pro", "scale", "business")
MP3 = ((22_050, 32), (24_000, 48), *((44_100, kbps) for kbps in (32, 64, 96, 128, 192)))
RATES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
FORMATS = {
    **{f"mp3_{hz}_{kbps}": ("audio/mpeg", Encoding("mp3", hz, kbps)) for hz, kbps in MP3},
    **{f"pcm_{rate}": ("audio/pcm", Encoding("pcm", rate)) for rate in RATES_HZ},
    **{f"wav_{rate}": ("audio/wav", Encoding("wav", rate)) for rate in RATES_HZ},
    **{f"opus_48000_{kbps}": ("audio/ogg", Encoding("opus", 48_000, kbps)) for kbps in (32, 64, 96, 128, 192)},
    "ulaw_8000": ("audio/basic", Encoding("mulaw", 8_000)),
    "alaw_8000": ("audio/x-alaw-basic", Encoding("alaw", 8_000)),
}
TIER_NEEDED = {"mp3_44100_192": "creator", "pcm_44100": "pro", "wav_44100": "pro"}
NAMES = {"da": "Danish", "en": "English", "fi": "Finnish", "is": "Icelandic", "no": "Norwegian", "sv": "Swedish"}


@dataclass(frozen=True)
class Model:
    """One model, as GET /v1/models tells it; the languages are those of the North alone."""

    name: str
    languages: tuple[str, ...]
    most_characters: int
    credits_per_character: float = 1.0
    speaks: bool = True


MODELS = {
    "eleven_v3": Model("Eleven v3", ("da", "en", "fi", "is", "no", "sv"), 3_000),
    "eleven_v4": Model("Eleven v4", ("da", "en", "fi", "is", "no", "sv"), 10_000),
    "eleven_v4_turbo": Model("Eleven v4 Turbo", ("da", "en", "fi", "is", "no", "sv"), 10_000, 0.5),
    "eleven_multilingual_v2": Model("Eleven Multilingual v2", ("da", "en", "fi", "sv"), 10_000),
    "eleven_flash_v2_5": Model("Eleven Flash v2.5", ("da", "en", "fi", "no", "sv"), 40_000, 0.5),
    "eleven_turbo_v2_5": Model("Eleven Turbo v2.5", ("da", "en", "fi", "no", "sv"), 40_000, 0.5),
    "eleven_english_sts_v2": Model("Eleven English v2", ("en",), 10_000, speaks=False),
}


@dataclass(frozen=True)
class Clone:
    """A voice made from samples."""

    name: str
    timbre: Timbre
    fields: Json


@dataclass
class Account:
    """What the tests may change, and what the vendor counts."""

    tier: str = "creator"
    character_limit: int = 1_000_000
    character_count: int = 0
    voice_limit: int = 30
    requires_verification: bool = False
    """What the answer to a new clone says: the vendor wants to hear the person first."""
    cloned: dict[str, Clone] = field(default_factory=dict)
    """Until they are deleted."""

    @property
    def voices(self) -> dict[str, Timbre]:
        """Every voice that can speak now."""
        clones = {id_: clone.timbre for id_, clone in self.cloned.items()}
        return {id_: timbre for id_, (_, timbre) in PREMADE.items()} | clones

    def may_use(self, output_format: str) -> str:
        """The tier that a format needs; empty where this account's is enough."""
        needed = TIER_NEEDED.get(output_format, "free")
        return needed if TIERS.index(self.tier) < TIERS.index(needed) else ""

    def subscription(self) -> Json:
        """ExtendedSubscriptionResponseModel."""
        return {
            "tier": self.tier,
            "character_count": self.character_count,
            "character_limit": self.character_limit,
            "max_character_limit_extension": None,
            "can_extend_character_limit": False,
            "allowed_to_extend_character_limit": False,
            "voice_slots_used": len(self.cloned),
            "professional_voice_slots_used": 0,
            "voice_limit": self.voice_limit,
            "voice_add_edit_counter": len(self.cloned),
            "professional_voice_limit": 0,
            "can_extend_voice_limit": False,
            "can_use_instant_voice_cloning": self.tier != "free",
            "can_use_professional_voice_cloning": False,
            "status": "active",
            "has_open_invoices": False,
        }

    def voice(self, id_: str) -> Json:
        """VoiceResponseModel."""
        clone = self.cloned.get(id_)
        fields = clone.fields if clone else {}
        return {
            "voice_id": id_,
            "name": clone.name if clone else PREMADE[id_][0],
            "category": "cloned" if clone else "premade",
            "labels": fields.get("labels", {}),
            "description": fields.get("description"),
            "available_for_tiers": [],
            "high_quality_base_model_ids": [name for name, model in MODELS.items() if model.speaks],
            "is_owner": clone is not None,
        }


def models() -> list[Json]:
    """ModelResponseModel, of every model."""
    return [
        {
            "model_id": id_,
            "name": model.name,
            "can_be_finetuned": False,
            "can_do_text_to_speech": model.speaks,
            "can_do_voice_conversion": not model.speaks,
            "can_use_style": True,
            "can_use_speaker_boost": True,
            "serves_pro_voices": False,
            "token_cost_factor": model.credits_per_character,
            "description": model.name,
            "requires_alpha_access": False,
            "max_characters_request_free_user": model.most_characters // 2,
            "max_characters_request_subscribed_user": model.most_characters,
            "maximum_text_length_per_request": model.most_characters,
            "languages": [{"language_id": code, "name": NAMES[code]} for code in model.languages],
            "model_rates": {"character_cost_multiplier": model.credits_per_character},
            "concurrency_group": "turbo" if "flash" in id_ else "standard",
        }
        for id_, model in MODELS.items()
    ]


def form(asked: Asked) -> tuple[dict[str, str], list[bytes]]:
    """The fields of a multipart form, and what its `files` hold."""
    head = f"Content-Type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
    message: Any = BytesParser(policy=HTTP).parsebytes(head + asked.body)
    fields: dict[str, str] = {}
    files: list[bytes] = []
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if part.get_filename() is None:
            fields[name] = content.decode()
        elif name in ("files", "files[]"):
            files.append(content)
    return fields, files


def likest(sample: bytes) -> Timbre | None:
    """The timbre that is nearest to the voice on a recording, as a clone should be; None when it is no recording."""
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(sample), always_2d=True)
    except soundfile.SoundFileError:
        return None
    hz = median_pitch_hz(samples.T, rate_hz)
    return min(LADDER, key=lambda timbre: abs(timbre.hz - hz))
