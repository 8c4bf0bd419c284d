"""Azure Speech over REST: SSML in, sound out; tokens of ten minutes; the list of voices."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import voice_services_ssml as ssml
from voice_services_book import Json, Request
from voice_services_openai import bearer
from voice_services_speech import LADDER, SPOKEN_HZ, Encoding, Mouth, Sound, Timbre
from voice_services_vendor import Answer, Asked, Refusal

KEY = "b7f1c0tilraun4d6e9a2f5b8c3e7d0a1f"
TOKEN_LIFE_S = 600
LONGEST_S = 600
MOST_VOICES = 50
VOICES = {
    "is-IS-GudrunNeural": ("Guðrún", "Female", "Icelandic (Iceland)", LADDER[7]),
    "is-IS-GunnarNeural": ("Gunnar", "Male", "Icelandic (Iceland)", LADDER[1]),
    "en-US-JennyNeural": ("Jenny", "Female", "English (United States)", LADDER[6]),
    "en-US-GuyNeural": ("Guy", "Male", "English (United States)", LADDER[2]),
    "en-GB-SoniaNeural": ("Sonia", "Female", "English (United Kingdom)", LADDER[5]),
}
PCM = {"8khz": 8_000, "16khz": 16_000, "22050hz": 22_050, "24khz": 24_000, "44100hz": 44_100, "48khz": 48_000}
FORMATS = {
    **{f"raw-{name}-16bit-mono-pcm": ("audio/pcm", Encoding("pcm", rate)) for name, rate in PCM.items()},
    **{
        f"riff-{name}-16bit-mono-pcm": ("audio/x-wav", Encoding("wav", rate))
        for name, rate in PCM.items()
        if name != "16khz"
    },
    **{
        f"audio-{khz}khz-{kbps}kbitrate-mono-mp3": ("audio/mpeg", Encoding("mp3", khz * 1000, kbps))
        for khz, kbps in ((16, 32), (16, 64), (16, 128), (24, 48), (24, 96), (24, 160), (48, 96), (48, 192))
    },
    **{
        f"ogg-{khz}khz-16bit-mono-opus": (
            "audio/ogg; codecs=opus; rate=" + str(khz * 1000),
            Encoding("opus", khz * 1000, 64),
        )
        for khz in (16, 24, 48)
    },
}
GATEWAY = {
    "wrong_key": (
        401,
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a "
        "valid key for an active subscription and use a correct regional API endpoint for your resource.",
    ),
    "quota": (
        403,
        "Out of call volume quota for Speech F0 pricing tier. Please retry after 7 days. To increase your "
        "call volume switch to a paid tier.",
    ),
    "broken": (500, "Internal server error."),
}
PLAIN = {
    "busy": (429, "Too many requests"),
    "busy_with_wait": (429, "Too many requests"),
    "unavailable": (503, "Service Unavailable"),
}


def plain(status: int, message: str) -> Answer:
    """The service's own errors: a status, and at most a line of text that nobody may count on."""
    return Answer(status, "text/plain", message.encode(), {"x-requestid": str(uuid.uuid4())})


def gateway(kind: str) -> Answer:
    """The errors of the gateway before it: {"error": {code, message}}."""
    status, message = GATEWAY[kind]
    return Answer.of_json({"error": {"code": str(status), "message": message}}, status=status)


@dataclass
class Azure:
    """One Speech resource."""

    mouth: Mouth
    name: str = "azure"
    key: str = KEY
    tokens: dict[str, float] = field(default_factory=dict)
    """Tokens given out, and the second at which each ends."""

    @property
    def voices(self) -> dict[str, Timbre]:
        return {name: voice[3] for name, voice in VOICES.items()}

    def expire_tokens(self) -> None:
        """Let ten minutes pass for every token given out."""
        self.tokens = dict.fromkeys(self.tokens, 0.0)

    def operation(self, asked: Asked) -> str:
        return {
            ("POST", "/cognitiveservices/v1"): "speech",
            ("POST", "/sts/v1.0/issueToken"): "token",
            ("GET", "/cognitiveservices/voices/list"): "voices",
        }.get((asked.method, asked.path), "")

    def answer(self, asked: Asked, request: Request) -> Answer:
        items = self._read(asked, request) if request.operation == "speech" else None
        request.key = asked.headers.get("ocp-apim-subscription-key", "")
        token = bearer(asked.headers) if request.operation != "token" else ""
        request.key = request.key or token
        if request.key != self.key and self.tokens.get(token, 0.0) < time.time():
            raise Refusal(gateway("wrong_key"))
        if request.operation == "token":
            return Answer(200, "application/jwt; charset=us-ascii", self._token().encode())
        if request.operation == "voices":
            return Answer.of_json([_listed(name) for name in VOICES])
        if request.operation != "speech":
            body = {"error": {"code": "404", "message": "Resource not found"}}
            raise Refusal(Answer.of_json(body, status=404))
        return self._speech(asked, items or [])

    def refusal(self, kind: str, request: Request) -> Answer:
        return gateway(kind) if kind in GATEWAY else plain(*PLAIN[kind])

    def charge(self, request: Request) -> None:
        """Azure bills by the month and tells nothing here."""

    def _read(self, asked: Asked, request: Request) -> list[ssml.Run | ssml.Pause] | None:
        try:
            items = ssml.parse(asked.body, ssml.AZURE)
        except ssml.BadSsml:
            return None
        voices = [item.style.voice for item in items if isinstance(item, ssml.Run)]
        request.text, request.voice = ssml.text_of(items), ",".join(dict.fromkeys(voices))
        request.fields = {"ssml": asked.body.decode(errors="replace")}
        return items

    def _speech(self, asked: Asked, items: list[ssml.Run | ssml.Pause]) -> Answer:
        agent = asked.headers.get("user-agent", "")
        if not 0 < len(agent) < 255:
            raise Refusal(plain(400, "User-Agent is required and must be shorter than 255 characters"))
        if not asked.headers.get("content-type", "").startswith("application/ssml+xml"):
            raise Refusal(plain(415, "Content-Type must be application/ssml+xml"))
        format_ = asked.headers.get("x-microsoft-outputformat", "")
        if format_ not in FORMATS:
            raise Refusal(plain(400, f"Unsupported output format {format_!r}"))
        try:
            items = items or ssml.parse(asked.body, ssml.AZURE)
        except ssml.BadSsml as error:
            raise Refusal(plain(400, str(error))) from error
        voices = [item.style.voice for item in items if isinstance(item, ssml.Run)]
        if not voices or set(voices) - set(VOICES) or len(voices) > MOST_VOICES:
            raise Refusal(plain(400, f"Unsupported voice {', '.join(sorted(set(voices) - set(VOICES)))}"))
        content_type, encoding = FORMATS[format_]
        # What is longer than ten minutes is cut there, without a word.
        samples = ssml.say(items, self.mouth, self.voices)[: LONGEST_S * SPOKEN_HZ]
        return Answer(200, content_type, sound=Sound(samples, encoding), headers={"x-requestid": str(uuid.uuid4())})

    def _token(self) -> str:
        ends_s = time.time() + TOKEN_LIFE_S
        parts: tuple[Mapping[str, object], ...] = (
            {"alg": "ES256", "typ": "JWT"},
            {"region": "northeurope", "scope": "speechservices", "exp": int(ends_s), "jti": uuid.uuid4().hex},
        )
        token = ".".join([*map(_base64, parts), _base64({"signature": uuid.uuid4().hex})])
        self.tokens[token] = ends_s
        return token


def _base64(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _listed(name: str) -> Json:
    local, gender, language, _ = VOICES[name]
    locale = "-".join(name.split("-")[:2])
    display = re.sub(r"^\w+-\w+-(\w+)Neural$", r"\1", name)
    return {
        "Name": f"Microsoft Server Speech Text to Speech Voice ({locale}, {display}Neural)",
        "DisplayName": display,
        "LocalName": local,
        "ShortName": name,
        "Gender": gender,
        "Locale": locale,
        "LocaleName": language,
        "SampleRateHertz": "48000",
        "VoiceType": "Neural",
        "Status": "GA",
        "WordsPerMinute": "150",
    }
