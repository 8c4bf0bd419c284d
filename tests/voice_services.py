"""A stand-in for the vendors of voices: their documented protocols on 127.0.0.1, and real eSpeak speech.

Each vendor listens on a port of its own, because their paths collide (`GET /v1/models` is OpenAI's and ElevenLabs',
`/v1/voices` is Amazon's and ElevenLabs'), and because a connection can only be refused by a port.

    with VoiceServices() as services:
        services.url("azure")                            # http://127.0.0.1:40123
        services.fail("azure", "stall", times=2)         # the next two
        services.asked("azure")                          # what it was asked to say, and what became of it

Base URLs: `url(vendor)`, to which `/v1` belongs for `openai` and `compatible`; `websocket_url` + `/v1/realtime`.
Keys: KEYS, and SECRET for Amazon's signatures; `compatible` takes any key, and none.

Checked against:
- openai, compatible, realtime: openai/openai-openapi, OpenAPI 2.3.0 of 2026-08-21 (CreateSpeechRequest, Model,
  ErrorResponse, RealtimeServerEvent…, RealtimeClientEvent…, RealtimeResponse)
- elevenlabs: elevenlabs/elevenlabs-docs, openapi.json and error-messages.mdx of 2025-08-25, and elevenlabs-python
  2.59.0 of 2026-07-23 (output formats, tiers, language_code)
- azure: MicrosoftDocs/azure-ai-docs, rest-text-to-speech (2025-10-21), rest-auth (2026-05-21),
  speech-synthesis-markup-structure (2024-09-24) and -voice (2025-07-09)
- polly: botocore's polly/2016-06-10/service-2.json; Amazon Polly Developer Guide, "Supported SSML tags" and "Common
  errors"; IAM User Guide, "Create a signed AWS API request"

Known by report alone, as no vendor documents it: OpenAI lets a wrong key into the WebSocket, sends `error` and closes
with 3000 (without any key it answers 401); what Azure writes beside a status; the codes beside ElevenLabs' documented
six. What ElevenLabs' models cost and take is the account's to say: clients read it, and must not know it beforehand.
"""

from __future__ import annotations

from types import TracebackType

from voice_services_azure import KEY as AZURE_KEY
from voice_services_azure import Azure
from voice_services_book import DELIVERIES, FAULTS, REFUSALS, SPOKEN, Book, Fault, Request
from voice_services_elevenlabs import KEY as ELEVENLABS_KEY
from voice_services_elevenlabs import ElevenLabs
from voice_services_elevenlabs_account import ADAM, GEORGE, RACHEL, Account
from voice_services_openai import KEY as OPENAI_KEY
from voice_services_openai import OpenAi
from voice_services_polly import KEY_ID, SECRET, Polly
from voice_services_realtime import Realtime
from voice_services_speech import Mouth, median_pitch_hz
from voice_services_wire import Listener

__all__ = [
    "ADAM",
    "DELIVERIES",
    "FAULTS",
    "GEORGE",
    "KEYS",
    "RACHEL",
    "REFUSALS",
    "SECRET",
    "SPOKEN",
    "Request",
    "VoiceServices",
    "median_pitch_hz",
]

KEYS = {
    "openai": OPENAI_KEY,
    "realtime": OPENAI_KEY,
    "compatible": "",
    "elevenlabs": ELEVENLABS_KEY,
    "azure": AZURE_KEY,
    "polly": KEY_ID,
}
AT_THE_DOOR = frozenset({"wrong_key", "busy", "busy_with_wait", "unavailable"})


class VoiceServices:
    """All vendors, started; `close` ends them, and so does leaving the `with` block."""

    def __init__(self) -> None:
        self._mouth = Mouth()
        self._book = Book()
        self.openai = OpenAi(self._mouth)
        self.compatible = OpenAi(self._mouth, name="compatible", key=None)
        self.elevenlabs = ElevenLabs(self._mouth)
        self.azure = Azure(self._mouth)
        self.polly = Polly(self._mouth)
        self.realtime = Realtime(self._mouth, self._book)
        self._listeners = {
            "openai": Listener(self.openai, self._book, self.realtime.serve),
            **{v.name: Listener(v, self._book) for v in (self.compatible, self.elevenlabs, self.azure, self.polly)},
        }
        self._listeners["realtime"] = self._listeners["openai"]

    def __enter__(self) -> VoiceServices:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on everybody."""
        self._book.stopped.set()
        for listener in set(self._listeners.values()):
            listener.close()
        self._mouth.close()

    def url(self, vendor: str) -> str:
        """Where the vendor is, without a path; OpenAI's own base URL ends in `/v1`."""
        return f"http://127.0.0.1:{self._listeners[vendor].port}"

    @property
    def websocket_url(self) -> str:
        """Where `/v1/realtime` is."""
        return self.url("realtime").replace("http", "ws", 1)

    @property
    def requests(self) -> list[Request]:
        """Every request since the start or `clear`, in the order in which they came."""
        return self._book.requests

    def asked(self, vendor: str | None = None, operation: str = "speech") -> list[Request]:
        """Those of one operation, of one vendor or of all."""
        return [r for r in self.requests if r.operation == operation and vendor in (None, r.vendor)]

    def most_at_once(self, vendor: str, operation: str = "speech") -> int:
        """How many requests this vendor was answering at the same moment, at the most."""
        began_and_ended = [
            moment for request in self.asked(vendor, operation) for moment in ((request.at_s, 1), (request.until_s, -1))
        ]
        now, most = 0, 0
        for _, change in sorted(began_and_ended):
            now += change
            most = max(most, now)
        return most

    def clear(self) -> None:
        """Forget the requests; faults stay switched on."""
        self._book.clear()

    def reset(self) -> None:
        """As after the start: no requests, no faults, no cloned voices, no credits used, no tokens given."""
        self.recover()
        self.clear()
        self.pace_s = 0.0
        self.elevenlabs.account = Account()
        self.azure.tokens.clear()

    @property
    def pace_s(self) -> float:
        """How long to wait after each piece of sound (4 kB; of Realtime 0.2 s), for whoever tests streaming."""
        return self._book.pace_s

    @pace_s.setter
    def pace_s(self, seconds: float) -> None:
        self._book.pace_s = seconds

    def fail(
        self, vendor: str, fault: str, *, times: int | None = 1, after: int = 0, on: str = "speech", wait_s: float = 1.0
    ) -> None:
        """Make one of FAULTS happen to the next requests of a vendor, in the order in which faults were switched on.

        times: how many requests; None: until `recover`. after: how many to let through first. on: an operation, or
        `any`. wait_s: what `busy_with_wait` asks for in Retry-After. `refused` counts nothing, as nobody sees those
        who knock: it lasts until `recover`. Of Realtime, AT_THE_DOOR meets the handshake, all else the speech.
        Raises: ValueError for a fault that this vendor can't have.
        """
        if fault not in FAULTS or vendor not in self._listeners or (fault in SPOKEN and vendor != "realtime"):
            raise ValueError(f"there is no fault {fault!r} for {vendor!r}")
        if fault == "refused":
            self._listeners[vendor].refuse()
            return
        if vendor == "realtime":
            on = "handshake" if fault in AT_THE_DOOR else "speech"
        self._book.add(Fault(vendor, fault, times, after, on, wait_s))

    def recover(self, vendor: str | None = None) -> None:
        """Switch a vendor's faults off, or everybody's; the stalled are let go."""
        self._book.forget(vendor)
        for name, listener in self._listeners.items():
            if vendor in (None, name):
                listener.listen()

    def pitch_hz(self, vendor: str, voice: str) -> float:
        """The median pitch at which a voice speaks Icelandic, within a semitone; compare with `median_pitch_hz`."""
        voices = self.realtime.voices if vendor == "realtime" else self._listeners[vendor].vendor.voices
        return voices[voice].hz
