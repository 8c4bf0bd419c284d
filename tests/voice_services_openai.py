"""OpenAI's speech endpoint, and the servers that speak it too (checked against: see `voice_services`)."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from voice_services_book import Json, Request
from voice_services_speech import LADDER, Encoding, Mouth, Sound, Timbre
from voice_services_vendor import Answer, Asked, Refusal

KEY = "sk-proj-tilraun-9b1f6a4ce27d4f0d8c55e1b3a7"
MAX_CHARACTERS = 4096
SPEECH_FIELDS = {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"}
FORMATS = {
    "mp3": ("audio/mpeg", Encoding("mp3", 24_000, 160)),
    "opus": ("audio/opus", Encoding("opus", 48_000, 64)),
    "aac": ("audio/aac", Encoding("aac", 24_000)),
    "flac": ("audio/flac", Encoding("flac", 24_000)),
    "wav": ("audio/wav", Encoding("wav", 24_000)),
    "pcm": ("audio/pcm", Encoding("pcm", 24_000)),
}
VOICES = {
    "alloy": LADDER[4],
    "ash": LADDER[1],
    "ballad": LADDER[3],
    "coral": LADDER[7],
    "echo": LADDER[0],
    "fable": LADDER[6],
    "onyx": Timbre("m8", -1.7, 78),
    "nova": LADDER[8],
    "sage": Timbre("f4", 0.0, 180),
    "shimmer": LADDER[9],
    "verse": Timbre("m1", 5.0, 129),
    "marin": LADDER[5],
    "cedar": LADDER[2],
}
MODELS = {
    "tts-1": "2027-01-06",
    "tts-1-hd": "2027-01-06",
    "gpt-4o-mini-tts": "2027-01-06",
    "gpt-4o-mini-tts-2025-12-15": "2027-01-06",
    "gpt-realtime-2.1": None,
    "gpt-realtime-2.1-mini": None,
}
COMPATIBLE_VOICES = {"af_heart": LADDER[9], "am_michael": LADDER[0], "bm_george": LADDER[2], "if_sara": LADDER[7]}
COMPATIBLE_MODELS = {"kokoro": None}
REFUSALS = {
    "wrong_key": (
        401,
        "invalid_request_error",
        "invalid_api_key",
        "Incorrect API key provided: {key}. You can find your API key at https://platform.openai.com/account/api-keys.",
    ),
    "busy": (
        429,
        "requests",
        "rate_limit_exceeded",
        "Rate limit reached for {model} in organization org-tilraun on "
        "requests per min (RPM): Limit 500, Used 500, Requested 1. Please try again in 120ms.",
    ),
    "quota": (
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    "broken": (500, "server_error", None, "The server had an error while processing your request. Sorry about that!"),
    "unavailable": (503, "server_error", None, "The engine is currently overloaded, please try again later."),
}
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
REFUSALS["busy_with_wait"] = REFUSALS["busy"]


def error(
    status: int, message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> Answer:
    """An answer of the shape ErrorResponse: {"error": {message, type, param, code}}."""
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Answer.of_json(body, status=status, headers={"x-request-id": f"req_{uuid.uuid4().hex}"})


def refusal(kind: str, request: Request) -> Answer:
    """OpenAI's answer to a wrong key, a full hour, an empty purse or its own trouble."""
    status, type_, code, message = REFUSALS[kind]
    return error(status, message.format(key=masked(request.key), model=request.model), kind=type_, code=code)


def as_events(sound: bytes) -> bytes:
    """SpeechAudioDeltaEvent, one after another, and SpeechAudioDoneEvent."""
    pieces = [sound[start : start + 9600] for start in range(0, len(sound), 9600)]
    events: list[Json] = [{"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()} for piece in pieces]
    usage = {"input_tokens": 0, "output_tokens": len(pieces), "total_tokens": len(pieces)}
    events.append({"type": "speech.audio.done", "usage": usage})
    return b"".join(b"data: %b\n\n" % json.dumps(event).encode() for event in events)


def masked(key: str) -> str:
    """A key as OpenAI quotes it back: its first and last characters."""
    return f"{key[:8]}{'*' * 20}{key[-4:]}"


def bearer(headers: Mapping[str, str]) -> str:
    """The key in `Authorization: Bearer …`; empty where there is none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


@dataclass
class OpenAi:
    """POST /v1/audio/speech and GET /v1/models, for OpenAI and for whoever is compatible with it."""

    mouth: Mouth
    name: str = "openai"
    key: str | None = KEY
    """None: any key is taken, and none too, as home-run servers do."""

    def __post_init__(self) -> None:
        own = self.name == "openai"
        self.voices: dict[str, Timbre] = VOICES if own else COMPATIBLE_VOICES
        self.models: Mapping[str, str | None] = MODELS if own else COMPATIBLE_MODELS

    def operation(self, asked: Asked) -> str:
        return {("POST", "/v1/audio/speech"): "speech", ("GET", "/v1/models"): "models"}.get(
            (asked.method, asked.path), ""
        )

    def answer(self, asked: Asked, request: Request) -> Answer:
        request.key = bearer(asked.headers)
        if request.operation == "speech":
            body = asked.json
            request.text, request.model = str(body.get("input", "")), str(body.get("model", ""))
            voice = body.get("voice", "")
            request.voice = str(voice.get("id", "") if isinstance(voice, dict) else voice)
        if self.key is not None and not request.key:
            raise Refusal(error(401, NO_KEY))
        if self.key is not None and request.key != self.key:
            raise Refusal(refusal("wrong_key", request))
        if request.operation == "models":
            return self._models()
        if request.operation == "speech":
            return self._speech(asked.json, request)
        raise Refusal(error(404, f"Invalid URL ({asked.method} {asked.path})"))

    def refusal(self, kind: str, request: Request) -> Answer:
        return refusal(kind, request)

    def charge(self, request: Request) -> None:
        """Nothing is counted: OpenAI tells what a key may spend nowhere in this interface."""

    def _models(self) -> Answer:
        data = [
            {"id": name, "object": "model", "created": 1_686_935_002, "owned_by": self.name, "shutdown_date": ends}
            for name, ends in self.models.items()
        ]
        return Answer.of_json({"object": "list", "data": data})

    def _speech(self, body: Json, request: Request) -> Answer:
        self._check(body)
        content_type, encoding = FORMATS[body.get("response_format", "mp3")]
        timbre = self.voices[request.voice]
        sound = Sound(self.mouth.say(request.text, timbre, rate=float(body.get("speed", 1.0))), encoding)
        headers = {"x-request-id": f"req_{uuid.uuid4().hex}"}
        if body.get("stream_format") == "sse":
            return Answer(200, "text/event-stream", headers=headers, sound=sound, wrapped=as_events)
        return Answer(200, content_type, headers=headers, sound=sound)

    def _check(self, body: Json) -> None:
        """What CreateSpeechRequest demands of a body.

        Raises: Refusal.
        """
        for name in sorted(set(body) - SPEECH_FIELDS):
            raise Refusal(error(400, f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter"))
        for name in ("model", "input", "voice"):
            if not body.get(name):
                message = f"Missing required parameter: '{name}'."
                raise Refusal(error(400, message, param=name, code="missing_required_parameter"))
        if body["model"] not in self.models or str(body["model"]).startswith("gpt-realtime"):
            message = f"The model `{body['model']}` does not exist or you do not have access to it."
            raise Refusal(error(404, message, code="model_not_found"))
        for name in ("input", "instructions"):
            if (length := len(str(body.get(name, "")))) > MAX_CHARACTERS:
                message = (
                    f"Invalid '{name}': string too long. Expected a string with maximum length {MAX_CHARACTERS}, "
                    f"but got a string with length {length} instead."
                )
                raise Refusal(error(400, message, param=name, code="string_above_max_length"))
        voice = body["voice"].get("id") if isinstance(body["voice"], dict) else body["voice"]
        formats = ("audio",) if body["model"].startswith("tts-1") else ("audio", "sse")
        _among("voice", voice, self.voices)
        _among("response_format", body.get("response_format", "mp3"), FORMATS)
        _among("stream_format", body.get("stream_format", "audio"), formats)
        speed = body.get("speed", 1.0)
        if not isinstance(speed, int | float) or not 0.25 <= speed <= 4.0:
            message = f"Invalid 'speed': expected a number from 0.25 to 4.0, got {speed!r}."
            raise Refusal(error(400, message, param="speed", code="invalid_value"))


def _among(param: str, value: object, allowed: Iterable[str]) -> None:
    names = tuple(allowed)
    if value not in names:
        message = f"Invalid value: '{value}'. Supported values are: {', '.join(map(repr, names))}."
        raise Refusal(error(400, message, param=param, code="invalid_value"))
