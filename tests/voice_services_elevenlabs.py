"""ElevenLabs' interface: speech, models, voices, the account, and voices cloned from samples."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from threading import Lock

from voice_services_book import Json, Request
from voice_services_elevenlabs_account import FORMATS, MODELS, Account, Clone, form, likest, models
from voice_services_speech import Encoding, Mouth, Sound, Timbre
from voice_services_vendor import Answer, Asked, Refusal

KEY = "sk_tilraun_4e0b7ad25c8f4f1796ab3d02"
QUOTA = (
    "This request exceeds your quota of {limit}. You have {left} credits remaining, while {needed} credits are "
    "required for this request."
)
REFUSALS = {
    "wrong_key": (401, "invalid_api_key", "Invalid API key"),
    "busy": (429, "too_many_concurrent_requests", "Too many concurrent requests: your subscription allows 5."),
    "busy_with_wait": (429, "system_busy", "The system is experiencing heavy traffic, please try again."),
    "quota": (401, "quota_exceeded", QUOTA),
    "broken": (500, "internal_server_error", "An internal server error occurred."),
    "unavailable": (503, "service_unavailable", "The service is temporarily unavailable."),
}
STEADY = (0.0, 0.5, 1.0)
"""The only stabilities that eleven_v3 takes."""


def error(status: int, code: str, message: str) -> Answer:
    """An answer of ElevenLabs' shape: {"detail": {status, message}}."""
    return Answer.of_json({"detail": {"status": code, "message": message}}, status=status)


def invalid(*where: str, message: str = "Field required", kind: str = "missing") -> Answer:
    """An answer of the shape HTTPValidationError, where `detail` is a list."""
    return Answer.of_json({"detail": [{"type": kind, "loc": list(where), "msg": message}]}, status=422)


@dataclass
class ElevenLabs:
    """The interface, for one key and its account."""

    mouth: Mouth
    name: str = "elevenlabs"
    key: str = KEY
    account: Account = field(default_factory=Account)
    counting: Lock = field(default_factory=Lock)

    @property
    def voices(self) -> dict[str, Timbre]:
        return self.account.voices

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
            case "GET", ["v2", "voices"]:
                return "voices"
            case "GET", ["v1", "models"]:
                return "models"
            case "GET", ["v1", "user", "subscription"]:
                return "subscription"
        return ""

    def answer(self, asked: Asked, request: Request) -> Answer:
        request.key = asked.headers.get("xi-api-key", "")
        if request.operation in ("speech", "voice", "delete"):
            request.voice = asked.path.strip("/").split("/")[2]
        if request.operation == "speech":
            request.text = str(asked.json.get("text", ""))
            request.model = str(asked.json.get("model_id") or "eleven_multilingual_v2")
        if not request.key:
            raise Refusal(error(401, "needs_authorization", "Neither authorization header nor xi-api-key received."))
        if request.key != self.key:
            raise Refusal(self.refusal("wrong_key", request))
        if request.voice and request.voice not in self.voices:
            raise Refusal(error(404, "voice_not_found", f"A voice with voice_id {request.voice} was not found."))
        answers = {
            "models": lambda: Answer.of_json(models()),
            "voices": lambda: self._voices(asked),
            "voice": lambda: Answer.of_json(self.account.voice(request.voice)),
            "subscription": lambda: Answer.of_json(self.account.subscription()),
            "clone": lambda: self._clone(asked, request),
            "delete": lambda: self._delete(request),
            "speech": lambda: self._speech(asked, request),
        }
        if request.operation not in answers:
            raise Refusal(Answer.of_json({"detail": "Not Found"}, status=404))
        return answers[request.operation]()

    def refusal(self, kind: str, request: Request) -> Answer:
        status, code, message = REFUSALS[kind]
        needed = _cost(request)
        return error(status, code, message.format(limit=self.account.character_limit, left=0, needed=needed))

    def charge(self, request: Request) -> None:
        if request.operation == "speech":
            with self.counting:
                self.account.character_count += _cost(request)

    def _speech(self, asked: Asked, request: Request) -> Answer:
        body = asked.json
        self._check_text(body, request)
        settings = body.get("voice_settings") or {}
        _check_settings(body, settings, request.model)
        content_type, encoding = self._format(asked.query.get("output_format", "mp3_44100_128"))
        languages = MODELS[request.model].languages
        # A language that the model does not speak is ignored, as documented, and the text read by English ears.
        language = body.get("language_code") or "is"
        samples = self.mouth.say(
            request.text,
            self.voices[request.voice],
            language=language if language in languages else "en",
            rate=float(settings.get("speed") or 1.0),
        )
        headers = {
            "request-id": uuid.uuid4().hex[:20],
            "character-cost": str(_cost(request)),
            "current-concurrent-requests": "1",
            "maximum-concurrent-requests": "5",
        }
        return Answer(200, content_type, sound=Sound(samples, encoding), headers=headers)

    def _check_text(self, body: Json, request: Request) -> None:
        """Whether the model takes this text, and the account can pay for it.

        Raises: Refusal.
        """
        if not isinstance(body.get("text"), str):
            raise Refusal(invalid("body", "text"))
        if request.model not in MODELS:
            raise Refusal(error(400, "model_not_found", f"A model with model ID {request.model} does not exist."))
        model = MODELS[request.model]
        if not model.speaks:
            message = "The selected model can not be used for text-to-speech."
            raise Refusal(error(400, "model_can_not_do_text_to_speech", message))
        if len(request.text) > model.most_characters:
            message = (
                f"This request's text has {len(request.text)} characters and exceeds the character limit of "
                f"{model.most_characters} characters for model {request.model}."
            )
            raise Refusal(error(400, "max_character_limit_exceeded", message))
        left = self.account.character_limit - self.account.character_count
        if (needed := _cost(request)) > left:
            message = QUOTA.format(limit=self.account.character_limit, left=left, needed=needed)
            raise Refusal(error(401, "quota_exceeded", message))

    def _format(self, name: str) -> tuple[str, Encoding]:
        if name not in FORMATS:
            message = f"Input should be one of {', '.join(FORMATS)}"
            raise Refusal(invalid("query", "output_format", message=message, kind="enum"))
        if needed := self.account.may_use(name):
            message = f"Output format {name} is only allowed on the {needed} tier and above."
            raise Refusal(error(403, "output_format_not_allowed", message))
        return FORMATS[name]

    def _voices(self, asked: Asked) -> Answer:
        size, start = int(asked.query.get("page_size", 10)), int(asked.query.get("next_page_token") or 0)
        if not 1 <= size <= 100:
            message = "Input should be less than or equal to 100"
            raise Refusal(invalid("query", "page_size", message=message, kind="less_than_equal"))
        wanted = asked.query.get("search", "").lower()
        found = [voice for voice in map(self.account.voice, self.voices) if wanted in voice["name"].lower()]
        more = start + size < len(found)
        page = {"voices": found[start : start + size], "has_more": more, "total_count": len(found)}
        return Answer.of_json(page | {"next_page_token": str(start + size) if more else None})

    def _clone(self, asked: Asked, request: Request) -> Answer:
        fields, files = form(asked)
        request.fields = {**fields, "files": [hashlib.sha256(data).hexdigest() for data in files]}
        for name, given in (("name", fields.get("name")), ("files", files)):
            if not given:
                raise Refusal(invalid("body", name))
        if self.account.tier == "free":
            message = "Your subscription has no access to use instant voice cloning, please upgrade."
            raise Refusal(error(403, "can_not_use_instant_voice_cloning", message))
        if (used := len(self.account.cloned)) >= self.account.voice_limit:
            message = f"You have reached your maximum amount of custom voices ({used} / {self.account.voice_limit})."
            raise Refusal(error(400, "voice_limit_reached", message))
        timbres = [likest(data) for data in files]
        if timbres[0] is None or None in timbres:
            raise Refusal(error(400, "upload_failed", "A file upload failed: it is no audio that can be read."))
        request.voice = uuid.uuid4().hex[:20]
        labels = json.loads(fields.get("labels") or "{}")
        self.account.cloned[request.voice] = Clone(fields["name"], timbres[0], {**fields, "labels": labels})
        verification = self.account.requires_verification
        return Answer.of_json({"voice_id": request.voice, "requires_verification": verification})

    def _delete(self, request: Request) -> Answer:
        if self.account.cloned.pop(request.voice, None) is None:
            raise Refusal(error(400, "voice_not_owned", "You can only delete voices that are your own."))
        return Answer.of_json({"status": "ok"})


def _cost(request: Request) -> int:
    model = MODELS.get(request.model)
    return round(len(request.text) * (model.credits_per_character if model else 1.0))


def _check_settings(body: Json, settings: Json, model: str) -> None:
    """What the documents and v3's users say of settings.

    Raises: Refusal.
    """
    speed, stability = settings.get("speed") or 1.0, settings.get("stability")
    if not 0.7 <= speed <= 1.2:
        message = (
            "Invalid setting for speed received, expected to be greater or equal to 0.7 and less or equal to 1.2, "
            f"received {speed}"
        )
        raise Refusal(error(400, "invalid_voice_settings", message))
    if model == "eleven_v3" and stability not in (None, *STEADY):
        message = f"Invalid TTD stability value. Must be one of: {', '.join(map(str, STEADY))}."
        raise Refusal(error(400, "invalid_ttd_stability", message))
    if model == "eleven_v3" and (body.get("previous_text") or body.get("next_text")):
        message = "Providing previous_text or next_text is not yet supported with the 'eleven_v3' model."
        raise Refusal(error(400, "unsupported_model", message))
    if body.get("apply_text_normalization", "auto") not in ("auto", "on", "off"):
        message = "Input should be 'auto', 'on' or 'off'"
        raise Refusal(invalid("body", "apply_text_normalization", message=message, kind="enum"))
