"""Servers that speak OpenAI's `/v1/audio/speech`: the studio's own, or a vendor's. Tried against a stand-in of them.

OpenAI's own ends on 2027-01-06; the engine `openai` is what it names instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np
import soxr
import structlog

from tasks.errors import AnswerUnfinished, EngineDenied, LanguageNotAllowed, RequestRefused, UnknownVoice
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.openai.account import address_of, service
from tasks.tts.vendors.http import STALL_S, Question
from tasks.tts.vendors.refusal import asked_for
from tasks.tts.vendors.sound_answer import letters_in, pcm_pieces
from tasks.tts.vendors.wav_stream import plain_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset

log = structlog.get_logger(__name__)

SAMPLE_RATE_HZ = 24_000  # of `pcm`, as OpenAI documents it; a server that sends a WAV file instead says its own
# OpenAI takes 4,096 characters, its newest model 2,000 tokens, and a letter of Icelandic can be one.
MAX_CHARACTERS = 2_000
DEFAULT_MODEL = "tts-1"  # the name that most of these servers take for whatever they have
OPENAI_HOST, OPENAI_ENDS = "api.openai.com", "2027-01-06"
OPENAI_USD: Mapping[str, float] = {
    "tts-1": 15.0,
    "tts-1-hd": 30.0,
    # Priced by tokens, about 0.015 USD a minute as OpenAI reckons: 1,333 minutes at 12.5 characters a second.
    "gpt-4o-mini-tts": 20.0,
    "gpt-4o-mini-tts-2025-12-15": 20.0,
}
"""USD for a million characters, of OpenAI's own endpoint (developers.openai.com, November 2026)."""

_ISO_639_1 = (
    "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja "
    "jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb "
    "nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq "
    "sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
LANGUAGES = frozenset(_ISO_639_1.split())
"""All of them: the interface has no word for a language, and nobody checks what a server's voice makes of one."""


class OpenAiCompatible(TtsEngine):
    """One such server; safe to call from several threads, and after a fork."""

    def __init__(self, access: EngineAccess, *, patience_s: float = STALL_S) -> None:
        """Nothing is asked yet. patience_s: how long the server may be silent."""
        self._source, self._key = access.source or "the engine's account", access.api_key
        self._service = service("the voice server", access, needs_key=False, patience_s=patience_s)
        self._host, where = _host_and_place(address_of(access.base_url))
        # One server's `kokoro` is not another's, so that its address is part of what is heard.
        self.version = f"openai-compatible {where}, {DEFAULT_MODEL}, shape {SHAPE_VERSION}"
        self._lock = Lock()
        self._has_warned = self._is_confirmed = False

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """The same for every voice, but for what it costs and whether it takes instructions."""
        return TtsCapabilities(
            languages=LANGUAGES,
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate", "instructions"} if _takes_instructions(voice) else {"rate"}),
            streaming=True,
            leaves_this_machine=not _is_here(self._host),
            usd_per_million_characters=self._price(voice),
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse an address or a voice that is missing, and what is no language; the rest is the server's to say.

        Raises: EngineDenied, UnknownVoice, LanguageNotAllowed.
        """
        if not self._host:
            # No default: words that are meant for a studio's own server must not go to a vendor.
            raise EngineDenied(f"a voice server needs an address, and there is none; write it into {self._source}")
        self._service.check()
        if not voice.voice:
            raise UnknownVoice(
                f"voice preset {voice.name!r}: it names no voice of the server at {self._host}; "
                "alloy or af_heart would be one"
            )
        if language not in LANGUAGES:
            raise LanguageNotAllowed(f"{language!r} is no language: a code of ISO 639-1, such as is or en, is one")
        if self._host == OPENAI_HOST and not self._has_warned:
            self._has_warned = True
            log.warning("endpoint.ends", host=OPENAI_HOST, on=OPENAI_ENDS, instead="the engine openai")

    def confirm(self, voice: VoicePreset, language: str) -> None:
        """Ask once whether somebody is there who takes the key; a server that lists no models is fine.

        Raises: as `check`; EngineDenied, QuotaExceeded, EngineUnreachable, EngineBusy.
        """
        self.check(voice, language)
        with self._lock:
            if self._is_confirmed:
                return
            try:
                self._service.document(Question("/models", "asked for its models", method="GET"))
            except (RequestRefused, AnswerUnfinished) as refusal:
                log.info("server.unconfirmed", host=self._host, reason=str(refusal))
            self._is_confirmed = True

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; one with nothing to say gives a short silence, and is not asked for.

        Raises: as `check`; QuotaExceeded, TextTooLong, RequestRefused, EngineBusy, EngineUnreachable, AnswerUnfinished.
        """
        self.check(voice, language)
        if not is_speakable(text):
            return silence(SAMPLE_RATE_HZ)
        with self._service.sound(_question(text, voice)) as answer:
            rate_hz, chunks = plain_samples(answer.chunks(), asked=answer.asked, sample_rate_hz=SAMPLE_RATE_HZ)
            pieces = pcm_pieces(chunks, asked=answer.asked, sample_rate_hz=rate_hz, characters=letters_in(text))
            samples = np.concatenate(list(pieces))
        return shaped(samples, rate_hz, text=text, starts=[])

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, piece by piece as it comes: float32, shape (n_samples,), 24 kHz whatever the server's rate.

        Raises: as `synthesize`, at any piece.
        """
        self.check(voice, language)
        if not is_speakable(text):
            yield silence(SAMPLE_RATE_HZ).samples[0]
            return
        with self._service.sound(_question(text, voice)) as answer:
            rate_hz, chunks = plain_samples(answer.chunks(), asked=answer.asked, sample_rate_hz=SAMPLE_RATE_HZ)
            pieces = pcm_pieces(chunks, asked=answer.asked, sample_rate_hz=rate_hz, characters=letters_in(text))
            yield from pieces if rate_hz == SAMPLE_RATE_HZ else _resampled(pieces, rate_hz)

    def _price(self, voice: VoicePreset) -> float | None:
        """A server that asks for no key asks for no money; what another than OpenAI asks for is not known here."""
        if self._host == OPENAI_HOST:
            return OPENAI_USD.get(_model_name(voice))
        return None if self._key.get_secret_value() else 0.0


def _model_name(voice: VoicePreset) -> str:
    return voice.model or DEFAULT_MODEL


def _takes_instructions(voice: VoicePreset) -> bool:
    return not _model_name(voice).startswith("tts-1")


def _question(text: str, voice: VoicePreset) -> Question:
    body: dict[str, object] = {
        "model": _model_name(voice),
        "input": speakable(text)[0],
        "voice": {"id": voice.voice} if voice.voice.startswith("voice_") else voice.voice,
        "response_format": "pcm",
    }
    if voice.rate != 1.0:
        body["speed"] = voice.rate
    if voice.instructions and _takes_instructions(voice):
        body["instructions"] = voice.instructions
    return Question("/audio/speech", asked_for(text, voice.voice), json=body)


def _resampled(pieces: Iterator[NDArray[np.float32]], rate_hz: int) -> Iterator[NDArray[np.float32]]:
    resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
    for piece in pieces:
        yield resampler.resample_chunk(piece)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _host_and_place(address: str) -> tuple[str, str]:
    """The host, and where on it, without a name and a password that may stand before it; empty for no address."""
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.netloc.rpartition("@")[2] + parts.path
    except ValueError:
        return "", ""


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
