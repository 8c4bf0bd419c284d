"""Short ways to ask the stand-in vendors what their documents let one ask; what comes back is not looked at here."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import av
import botocore.session
import httpx
import numpy as np
import soundfile
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from numpy.typing import NDArray
from voice_services import ADAM, KEYS, SECRET, VoiceServices
from websockets.sync.client import connect
from websockets.sync.connection import Connection

SENTENCE = "Halló, þetta er dæmi um íslenska rödd sem les fréttir dagsins."
SHORT = "Já, einmitt."
SPEAK = '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="is-IS">'
OPENAI = {"Authorization": f"Bearer {KEYS['openai']}"}
ELEVENLABS = {"xi-api-key": KEYS["elevenlabs"]}
AZURE_KEY = {"Ocp-Apim-Subscription-Key": KEYS["azure"]}
AZURE = AZURE_KEY | {
    "Content-Type": "application/ssml+xml",
    "X-Microsoft-OutputFormat": "raw-24khz-16bit-mono-pcm",
}
HTTP = httpx.Client(timeout=20.0)
AWS = botocore.session.get_session()


def openai(services: VoiceServices, vendor: str = "openai", **changes: Any) -> httpx.Response:
    """POST /v1/audio/speech: PCM at 24 kHz."""
    model, voice = {"openai": ("gpt-4o-mini-tts", "marin"), "compatible": ("kokoro", "af_heart")}[vendor]
    body = {"model": model, "input": SENTENCE, "voice": voice, "response_format": "pcm"} | changes
    return HTTP.post(services.url(vendor) + "/v1/audio/speech", headers=OPENAI, json=body)


def elevenlabs(services: VoiceServices, voice: str = ADAM, output: str = "pcm_24000", **changes: Any) -> httpx.Response:
    """POST /v1/text-to-speech/{voice}/stream with eleven_v3."""
    body = {"text": SENTENCE, "model_id": "eleven_v3", "language_code": "is"} | changes
    url = f"{services.url('elevenlabs')}/v1/text-to-speech/{voice}/stream"
    return HTTP.post(url, params={"output_format": output}, headers=ELEVENLABS, json=body)


def clone(services: VoiceServices, *samples: bytes, **fields: str) -> httpx.Response:
    """POST /v1/voices/add."""
    files: Any = [("files", (f"{at}.wav", sample, "audio/wav")) for at, sample in enumerate(samples)]
    url = services.url("elevenlabs") + "/v1/voices/add"
    return HTTP.post(url, headers=ELEVENLABS, data={"name": "Anna"} | fields, files=files or {"none": b""})


def azure(services: VoiceServices, inner: str, *, voice: str = "is-IS-GudrunNeural", **headers: str) -> httpx.Response:
    """POST /cognitiveservices/v1: what stands inside one voice; PCM at 24 kHz."""
    return azure_document(services, f'{SPEAK}<voice name="{voice}">{inner}</voice></speak>', **headers)


def azure_document(services: VoiceServices, document: str, **headers: str) -> httpx.Response:
    """The same with a whole document; `X_Y` is the header `X-Y`."""
    changed = AZURE | {name.replace("_", "-"): value for name, value in headers.items()}
    return HTTP.post(services.url("azure") + "/cognitiveservices/v1", headers=changed, content=document.encode())


def polly(services: VoiceServices, *, key: str = KEYS["polly"], secret: str = SECRET) -> Any:
    """botocore's own client, which does not try twice."""
    return AWS.create_client(
        "polly",
        region_name="eu-west-1",
        endpoint_url=services.url("polly"),
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}, read_timeout=20),
    )


def polly_signed(services: VoiceServices, text: str) -> httpx.Response:
    """POST /v1/speech without botocore's client: Karl, PCM at 16 kHz."""
    body = json.dumps({"Text": text, "VoiceId": "Karl", "OutputFormat": "pcm"})
    url = services.url("polly") + "/v1/speech"
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(KEYS["polly"], SECRET), "polly", "eu-west-1").add_auth(request)
    return HTTP.post(url, headers=dict(request.headers), content=body)


@contextmanager
def realtime(
    services: VoiceServices, *, model: str = "gpt-realtime-2.1-mini", key: str = KEYS["realtime"]
) -> Iterator[Connection]:
    """A session of /v1/realtime."""
    url = f"{services.websocket_url}/v1/realtime?model={model}"
    with connect(url, additional_headers={"Authorization": f"Bearer {key}"} if key else {}) as websocket:
        yield websocket


def tell(websocket: Connection, kind: str, **members: Any) -> None:
    """Send an event."""
    websocket.send(json.dumps({"type": kind, **members}))


def read_out(text: str, **params: Any) -> dict[str, Any]:
    """The `response` of a response.create that has a text read."""
    message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    return {"conversation": "none", "output_modalities": ["audio"], "input": [message]} | params


def events_until(websocket: Connection, kind: str) -> list[dict[str, Any]]:
    """What comes up to an event of this kind, that one included."""
    events: list[dict[str, Any]] = []
    while not events or events[-1]["type"] != kind:
        events.append(json.loads(websocket.recv(20)))
    return events


def sound_of(events: list[dict[str, Any]]) -> NDArray[np.float32]:
    """The sound in events."""
    deltas = (event["delta"] for event in events if event["type"] == "response.output_audio.delta")
    return pcm(b"".join(map(base64.b64decode, deltas)))


def pcm(content: bytes) -> NDArray[np.float32]:
    """Samples of 16-bit PCM; full scale 1.0."""
    return np.frombuffer(content, "<i2").astype(np.float32) / np.float32(32_768)


def wav(samples: NDArray[np.float32]) -> bytes:
    """A WAV file of samples at 24 kHz."""
    file = io.BytesIO()
    soundfile.write(file, samples, 24_000, format="WAV")
    return file.getvalue()


def seconds(content: bytes) -> float:
    """How long a file of any format plays."""
    with av.open(io.BytesIO(content), "r") as container:
        return sum((frame.samples / frame.sample_rate for frame in container.decode(audio=0)), 0.0)
