"""Amazon Polly over REST: signed requests in JSON, sound as a stream, errors by their type."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import voice_services_ssml as ssml
from voice_services_book import Json, Request
from voice_services_speech import LADDER, Encoding, Mouth, Sound, Timbre
from voice_services_vendor import Answer, Asked, Refusal

KEY_ID, SECRET = "AKIATILRAUN0HLADVARP", "tilraun/Qm9rZmVsbF3Hw5Zt0aY8uJ2LrVx1KpE6"
MOST_CHARACTERS, MOST_BILLED = 6000, 3000
CLOCK_SKEW = timedelta(minutes=5)
VOICES = {
    "Dora": ("Dóra", "Female", "is-IS", "Icelandic", ("standard",), LADDER[6]),
    "Karl": ("Karl", "Male", "is-IS", "Icelandic", ("standard",), LADDER[0]),
    "Joanna": ("Joanna", "Female", "en-US", "US English", ("standard", "neural"), LADDER[7]),
    "Matthew": ("Matthew", "Male", "en-US", "US English", ("standard", "neural"), LADDER[2]),
    "Amy": ("Amy", "Female", "en-GB", "British English", ("standard", "neural"), LADDER[5]),
}
COMPRESSED_HZ = ("8000", "16000", "22050", "24000", "44100", "48000")
FORMATS = {
    # Kind, content type, rates, the rate when none is asked for.
    "mp3": ("mp3", "audio/mpeg", COMPRESSED_HZ, "22050"),
    "ogg_vorbis": ("vorbis", "audio/ogg", COMPRESSED_HZ, "22050"),
    "ogg_opus": ("opus", "audio/ogg", ("48000",), "48000"),
    "pcm": ("pcm", "audio/pcm", ("8000", "16000"), "16000"),
    "mulaw": ("mulaw", "audio/mulaw", ("8000",), "8000"),
    "alaw": ("alaw", "audio/alaw", ("8000",), "8000"),
}
REFUSALS = {
    "wrong_key": (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
    "busy": (400, "ThrottlingException", "Rate exceeded"),
    "busy_with_wait": (400, "ThrottlingException", "Rate exceeded"),
    "quota": (402, "ServiceQuotaExceededException", "You have exceeded your service quota for this operation."),
    "broken": (500, "ServiceFailureException", "An unknown condition has caused a service failure."),
    "unavailable": (503, "ServiceUnavailableException", "The service is temporarily unavailable."),
}


def error(status: int, kind: str, message: str, **members: str) -> Answer:
    """An answer of rest-json's shape: the type in a header, the members in the body."""
    headers = {"x-amzn-ErrorType": kind, "x-amzn-RequestId": str(uuid.uuid4())}
    return Answer.of_json({"message": message, **members}, status=status, headers=headers)


@dataclass
class Polly:
    """SynthesizeSpeech and DescribeVoices, for one signing key."""

    mouth: Mouth
    name: str = "polly"
    key: str = KEY_ID
    secret: str = SECRET

    @property
    def voices(self) -> dict[str, Timbre]:
        return {name: voice[5] for name, voice in VOICES.items()}

    def operation(self, asked: Asked) -> str:
        return {("POST", "/v1/speech"): "speech", ("GET", "/v1/voices"): "voices"}.get((asked.method, asked.path), "")

    def answer(self, asked: Asked, request: Request) -> Answer:
        signature = re.search(r"Credential=([^/]+)/", asked.headers.get("authorization", ""))
        request.key = signature[1] if signature else ""
        body = asked.json
        if request.operation == "speech":
            request.voice, request.model = str(body.get("VoiceId", "")), str(body.get("Engine", "standard"))
            request.text = str(body.get("Text", ""))
        self._authenticate(asked, request.key)
        if request.operation == "voices":
            return self._voices(asked)
        if request.operation != "speech":
            raise Refusal(error(404, "UnknownOperationException", "The requested operation is not recognized."))
        return self._speech(body, request)

    def refusal(self, kind: str, request: Request) -> Answer:
        status, name, message = REFUSALS[kind]
        codes = {"quotaCode": "input-stream-timeout", "serviceCode": "polly"} if kind == "quota" else {}
        return error(status, name, message, **codes)

    def charge(self, request: Request) -> None:
        """Amazon bills by the month and tells nothing here."""

    def _authenticate(self, asked: Asked, key: str) -> None:
        if not key:
            raise Refusal(error(403, "MissingAuthenticationTokenException", "Missing Authentication Token"))
        if key != self.key:
            raise Refusal(self.refusal("wrong_key", Request("polly", "", "", "", {}, 0.0)))
        sent = re.search(r"Signature=([0-9a-f]{64})", asked.headers["authorization"])
        stamp = datetime.strptime(asked.headers.get("x-amz-date", "19700101T000000Z"), "%Y%m%dT%H%M%SZ")
        if abs(datetime.now(UTC) - stamp.replace(tzinfo=UTC)) > CLOCK_SKEW:
            raise Refusal(error(403, "InvalidSignatureException", f"Signature expired: {stamp:%Y%m%dT%H%M%SZ}"))
        if sent is None or not hmac.compare_digest(sent[1], signature_of(asked, self.secret)):
            message = (
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
                "Access Key and signing method. Consult the service documentation for details."
            )
            raise Refusal(error(403, "InvalidSignatureException", message))

    def _speech(self, body: Json, request: Request) -> Answer:
        for member, names in (("VoiceId", VOICES), ("OutputFormat", FORMATS), ("TextType", ("text", "ssml"))):
            given = body.get(member, "text" if member == "TextType" else None)
            if given not in names:
                message = (
                    f"1 validation error detected: Value '{given}' at '{member[0].lower()}{member[1:]}' failed to "
                    f"satisfy constraint: Member must satisfy enum value set: [{', '.join(names)}]"
                )
                raise Refusal(error(400, "ValidationException", message, reason="fieldValidationFailed"))
        items = self._items(body, request)
        if len(str(body.get("Text", ""))) > MOST_CHARACTERS or len(request.text) > MOST_BILLED:
            raise Refusal(error(400, "TextLengthExceededException", "Maximum text length has been exceeded"))
        if request.model not in VOICES[request.voice][4]:
            message = f"This voice does not support the selected engine: {request.model}"
            raise Refusal(error(400, "EngineNotSupportedException", message))
        kind, content_type, rates, plain = FORMATS[body["OutputFormat"]]
        rate = str(body.get("SampleRate", plain))
        if rate not in rates:
            message = f"Invalid sample rate: {rate} for output format: {body['OutputFormat']}"
            raise Refusal(error(400, "InvalidSampleRateException", message))
        language = VOICES[request.voice][2]
        items = [ssml.Run(i.text, _in(i.style, language)) if isinstance(i, ssml.Run) else i for i in items]
        samples = ssml.say(items, self.mouth, self.voices)
        headers = {"x-amzn-RequestCharacters": str(len(request.text)), "x-amzn-RequestId": str(uuid.uuid4())}
        return Answer(200, content_type, sound=Sound(samples, Encoding(kind, int(rate))), headers=headers)

    def _items(self, body: Json, request: Request) -> list[ssml.Run | ssml.Pause]:
        text = str(body.get("Text", ""))
        if body.get("TextType", "text") == "text":
            return [ssml.Run(text, ssml.Style(request.voice))] if text.strip() else []
        # Amazon's own elements come without a declaration of their prefix.
        declared = text if "xmlns:amazon" in text else text.replace("<speak", '<speak xmlns:amazon="urn:amazon"', 1)
        try:
            items = ssml.parse(declared, ssml.POLLY, request.voice)
        except ssml.BadSsml as wrong:
            raise Refusal(error(400, "InvalidSsmlException", f"Invalid SSML request: {wrong}")) from wrong
        request.text = ssml.text_of(items)
        return items

    def _voices(self, asked: Asked) -> Answer:
        engine, language = asked.query.get("Engine"), asked.query.get("LanguageCode")
        listed = [
            {
                "Id": id_,
                "Name": name,
                "Gender": gender,
                "LanguageCode": code,
                "LanguageName": spoken,
                "SupportedEngines": list(engines),
            }
            for id_, (name, gender, code, spoken, engines, _) in VOICES.items()
            if engine in (None, *engines) and language in (None, code)
        ]
        return Answer.of_json({"Voices": listed}, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def _in(style: ssml.Style, language: str) -> ssml.Style:
    return ssml.Style(style.voice, style.rate, style.pitch_st, style.gain, style.language or language)


def signature_of(asked: Asked, secret: str) -> str:
    """The signature that this request must carry, made anew from what arrived.

    Source: AWS Signature Version 4, "Create a signed AWS API request" (IAM User Guide).
    """
    authorization = asked.headers["authorization"]
    _, date, region, service, end = re.search(r"Credential=([^,\s]+)", authorization)[1].split("/")  # type: ignore[index]
    names = re.search(r"SignedHeaders=([^,\s]+)", authorization)[1].split(";")  # type: ignore[index]
    parts = urlsplit(asked.target)
    query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
        for name, value in sorted(parse_qsl(parts.query, keep_blank_values=True))
    )
    canonical = "\n".join(
        (
            asked.method,
            quote(parts.path, safe="/-_.~"),
            query,
            *(f"{name}:{' '.join(asked.headers.get(name, '').split())}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(asked.body).hexdigest(),
        )
    )
    scope = f"{date}/{region}/{service}/{end}"
    to_sign = "\n".join(
        ("AWS4-HMAC-SHA256", asked.headers.get("x-amz-date", ""), scope, hashlib.sha256(canonical.encode()).hexdigest())
    )
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, end):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()
