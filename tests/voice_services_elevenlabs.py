"""ElevenLabs: speech, models, voices, the account, and voices cloned from samples."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP

import soundfile
from voice_services_book import Json, Request
from voice_services_speech import LADDER, Encoding, Mouth, Sound, Timbre, median_pitch_hz
from voice_services_wire import Answer, Asked, Refusal

KEY = "sk_tilraun_4e0b7ad25c8f4f1796ab3d02"
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
TIER_NEEDED = {
    "mp3_44100_192": "creator",
    "pcm_44100": "pro",
    "wav_44100": "pro",
}
NORDIC = {"da": "Danish", "en": "English", "fi": "Finnish", "no": "Norwegian", "sv": "Swedish"}
MODELS: dict[str, tuple[str, Mapping[str, str], int, float, bool]] = {
    # Name, languages, characters in one request, credits for a character, whether it speaks.
    "eleven_v3": ("Eleven v3", NORDIC | {"is": "Icelandic"}, 5_000, 1.0, True),
    "eleven_multilingual_v2": ("Eleven Multilingual v2", NORDIC, 10_000, 1.0, True),
    "eleven_flash_v2_5": ("Eleven Flash v2.5", NORDIC, 40_000, 0.5, True),
    "eleven_english_sts_v2": ("Eleven English v2", {"en": "English"}, 5_000, 1.0, False),
}
REFUSALS = {
    "wrong_key": (401, "invalid_api_key", "Invalid API key"),
    "busy": (429, "too_many_concurrent_requests", "Too many concurrent requests. Your current subscription is "
             "associated with a maximum of 5 concurrent requests (running in parallel)."),
    "busy_with_wait": (429, "system_busy", "The system is experiencing heavy traffic, please try again."),
    "quota": (401, "quota_exceeded", "This request exceeds your quota of {limit}. You have {left} credits remaining, "
              "while {needed} credits are required for this request."),
    "broken": (500, "internal_server_error", "An internal server error occurred."),
    "unavailable": (503, "service_unavailable", "The service is temporarily unavailable."),
}  # fmt: skip


def error(status: int, code: str, message: str) -> Answer:
    """An answer of ElevenLabs' shape: {"detail": {status, message}}."""
    return Answer.of_json({"detail": {"status": code, "message": message}}, status=status)


def invalid(*where: str, message: str = "Field required", kind: str = "missing") -> Answer:
    """An answer of the shape HTTPValidationError, where `detail` is a list."""
    return Answer.of_json({"detail": [{"type": kind, "loc": list(where), "msg": message}]}, status=422)


@dataclass
class ElevenLabs:
    """The account of one key: its tier, its credits, its voices."""

    mouth: Mouth
    name: str = "elevenlabs"
    key: str = KEY
    tier: str = "creator"
    character_limit: int = 1_000_000
    character_count: int = 0
    cloned: dict[str, tuple[str, Timbre, Json]] = field(default_factory=dict)
    """Voices made from samples, until they are deleted: name, timbre, and what was said about them."""

    @property
    def voices(self) -> dict[str, Timbre]:
        return {id_: timbre for id_, (_, timbre) in PREMADE.items()} | {
            id_: timbre for id_, (_, timbre, _) in self.cloned.items()
        }

    def operation(self, asked: Asked) -> str:
        match asked.method, asked.path.strip("/").split("/"):
            case "POST", ["v1", "text-to-speech", _] | ["v1", "text-to-speech", _, "stream"]:
                return "speech"
            case "POST", ["v1", "voices", "add"]:
                return "clone"
            case "DELETE", ["v1", "voices", _]:
                return "delete"
            case "GET", ["v1", "voices", _]:
                return "voice"
            case "GET", ["v2", "voices"] | ["v1", "voices"]:
                return "voices"
            case "GET", ["v1", "models"]:
                return "models"
            case "GET", ["v1", "user", "subscription"]:
                return "subscription"
        return ""

    def answer(self, asked: Asked, request: Request) -> Answer:
        request.key = asked.headers.get("xi-api-key", "")
        parts = asked.path.strip("/").split("/")
        if request.operation in ("speech", "voice", "delete"):
            request.voice = parts[2]
        if request.operation == "speech":
            body = asked.json
            request.text, request.model = str(body.get("text", "")), body.get("model_id") or "eleven_multilingual_v2"
        if request.key != self.key:
            message = "Invalid API key" if request.key else "Neither authorization header nor xi-api-key received"
            raise Refusal(error(401, "invalid_api_key" if request.key else "needs_authorization", message))
        if request.voice and request.voice not in self.voices:
            raise Refusal(error(404, "voice_not_found", f"A voice with voice_id {request.voice} was not found."))
        answers = {
            "models": self._models,
            "voices": lambda: self._voices(asked),
            "voice": lambda: Answer.of_json(self._voice(request.voice)),
            "subscription": self._subscription,
            "clone": lambda: self._clone(asked, request),
            "delete": lambda: self._delete(request),
            "speech": lambda: self._speech(asked, request),
        }
        if request.operation not in answers:
            raise Refusal(Answer.of_json({"detail": "Not Found"}, status=404))
        return answers[request.operation]()

    def refusal(self, kind: str, request: Request) -> Answer:
        status, code, message = REFUSALS[kind]
        needed = self._cost(request)
        return error(status, code, message.format(limit=self.character_limit, left=min(3, needed - 1), needed=needed))

    def charge(self, request: Request) -> None:
        if request.operation == "speech":
            self.character_count += self._cost(request)

    def _cost(self, request: Request) -> int:
        return round(len(request.text) * (MODELS[request.model][3] if request.model in MODELS else 1.0))

    def _speech(self, asked: Asked, request: Request) -> Answer:
        body = asked.json
        if not isinstance(body.get("text"), str):
            raise Refusal(invalid("body", "text"))
        if request.model not in MODELS:
            raise Refusal(error(400, "model_not_found", f"A model with model ID {request.model} does not exist."))
        _, languages, longest, _, speaks = MODELS[request.model]
        if not speaks:
            raise Refusal(error(400, "model_can_not_do_text_to_speech", "The selected model can not be used for "
                                "text-to-speech."))  # fmt: skip
        if len(request.text) > longest:
            message = (
                f"This request's text has {len(request.text)} characters and exceeds the character limit of "
                f"{longest} characters for the model {request.model}."
            )
            raise Refusal(error(400, "max_character_limit_exceeded", message))
        if (needed := self._cost(request)) > (left := self.character_limit - self.character_count):
            message = REFUSALS["quota"][2].format(limit=self.character_limit, left=left, needed=needed)
            raise Refusal(error(401, "quota_exceeded", message))
        content_type, encoding = self._format(asked.query.get("output_format", "mp3_44100_128"))
        speed = float((body.get("voice_settings") or {}).get("speed") or 1.0)
        if not 0.7 <= speed <= 1.2:
            raise Refusal(error(400, "invalid_voice_settings", "Invalid setting for speed received, expected to be "
                                f"greater or equal to 0.7 and less or equal to 1.2, received {speed}"))  # fmt: skip
        # A language that the model does not speak is ignored, as documented: an English accent reads it.
        language = body.get("language_code") if body.get("language_code") in languages else "en"
        if not body.get("language_code") and "is" in languages:
            language = "is"
        samples = self.mouth.say(request.text, self.voices[request.voice], language=language or "en", rate=speed)
        headers = {
            "request-id": uuid.uuid4().hex[:20],
            "character-cost": str(needed),
            "current-concurrent-requests": "1",
            "maximum-concurrent-requests": "5",
        }
        return Answer(200, content_type, sound=Sound(samples, encoding), headers=headers)

    def _format(self, name: str) -> tuple[str, Encoding]:
        if name not in FORMATS:
            raise Refusal(invalid("query", "output_format", message=f"Input should be one of {', '.join(FORMATS)}",
                                  kind="enum"))  # fmt: skip
        if TIERS.index(self.tier) < TIERS.index(needed := TIER_NEEDED.get(name, "free")):
            message = f"Output format {name} is only allowed on the {needed} tier and above."
            raise Refusal(error(403, "output_format_not_allowed", message))
        return FORMATS[name]

    def _models(self) -> Answer:
        return Answer.of_json([
            {
                "model_id": id_,
                "name": name,
                "can_be_finetuned": False,
                "can_do_text_to_speech": speaks,
                "can_do_voice_conversion": not speaks,
                "can_use_style": True,
                "can_use_speaker_boost": True,
                "serves_pro_voices": False,
                "token_cost_factor": cost,
                "description": name,
                "requires_alpha_access": False,
                "max_characters_request_free_user": longest // 2,
                "max_characters_request_subscribed_user": longest,
                "maximum_text_length_per_request": longest,
                "languages": [{"language_id": code, "name": language} for code, language in languages.items()],
                "model_rates": {"character_cost_multiplier": cost},
                "concurrency_group": "turbo" if "flash" in id_ else "standard",
            }
            for id_, (name, languages, longest, cost, speaks) in MODELS.items()
        ])  # fmt: skip

    def _voice(self, id_: str) -> Json:
        name, labels = (PREMADE[id_][0], {}) if id_ in PREMADE else (self.cloned[id_][0], self.cloned[id_][2])
        return {
            "voice_id": id_,
            "name": name,
            "category": "premade" if id_ in PREMADE else "cloned",
            "labels": labels.get("labels", {}),
            "description": labels.get("description"),
            "available_for_tiers": [],
            "high_quality_base_model_ids": list(MODELS),
            "is_owner": id_ not in PREMADE,
        }

    def _voices(self, asked: Asked) -> Answer:
        size, start = int(asked.query.get("page_size", 10)), int(asked.query.get("next_page_token") or 0)
        wanted = asked.query.get("search", "").lower()
        found = [voice for voice in map(self._voice, self.voices) if wanted in voice["name"].lower()]
        more = start + size < len(found)
        return Answer.of_json({
            "voices": found[start : start + size],
            "has_more": more,
            "total_count": len(found),
            "next_page_token": str(start + size) if more else None,
        })  # fmt: skip

    def _subscription(self) -> Answer:
        return Answer.of_json({
            "tier": self.tier,
            "character_count": self.character_count,
            "character_limit": self.character_limit,
            "max_character_limit_extension": None,
            "can_extend_character_limit": False,
            "allowed_to_extend_character_limit": False,
            "voice_slots_used": len(self.cloned),
            "professional_voice_slots_used": 0,
            "voice_limit": 30,
            "voice_add_edit_counter": len(self.cloned),
            "professional_voice_limit": 0,
            "can_extend_voice_limit": False,
            "can_use_instant_voice_cloning": self.tier != "free",
            "can_use_professional_voice_cloning": False,
            "status": "active",
            "has_open_invoices": False,
        })  # fmt: skip

    def _clone(self, asked: Asked, request: Request) -> Answer:
        fields, files = form(asked)
        request.fields = {**fields, "files": [hashlib.sha256(data).hexdigest() for data in files]}
        for name, given in (("name", fields.get("name")), ("files", files)):
            if not given:
                raise Refusal(invalid("body", name))
        if self.tier == "free":
            raise Refusal(error(403, "can_not_use_instant_voice_cloning", "Your subscription has no access to use "
                                "instant voice cloning, please upgrade."))  # fmt: skip
        request.voice = uuid.uuid4().hex[:20]
        self.cloned[request.voice] = (fields["name"], likest(files), fields)
        return Answer.of_json({"voice_id": request.voice, "requires_verification": False})

    def _delete(self, request: Request) -> Answer:
        if self.cloned.pop(request.voice, None) is None:
            raise Refusal(error(400, "voice_not_owned", "You can only delete voices that are your own."))
        return Answer.of_json({"status": "ok"})


def form(asked: Asked) -> tuple[dict[str, str], list[bytes]]:
    """The fields of a multipart form, and what its `files` hold."""
    head = f"Content-Type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
    fields, files = {}, []
    for part in BytesParser(policy=HTTP).parsebytes(head + asked.body).iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if part.get_filename():
            files += [content] if name in ("files", "files[]") else []
        else:
            fields[str(name)] = content.decode()
    return fields, files


def likest(files: list[bytes]) -> Timbre:
    """The timbre that is nearest to the voice on a sample, as a clone should be.

    Raises: Refusal when a sample is no recording.
    """
    try:
        samples, rate_hz = soundfile.read(io.BytesIO(files[0]), always_2d=True)
    except soundfile.SoundFileError as error_:
        message = "A file upload failed. Reason: the file is no audio that can be read."
        raise Refusal(error(400, "upload_failed", message)) from error_
    hz = median_pitch_hz(samples.T, rate_hz)
    return min(LADDER, key=lambda timbre: abs(timbre.hz - hz))
