"""ElevenLabs over HTTP. Written after its published interface and tried against a stand-in; it has not met the vendor.

The text around a line is not sent along (`previous_text`, `next_text`), though it would smooth the intonation: an edit
would then change its neighbours too, and each would have to be bought again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import structlog

from tasks.errors import ConsentMissing, InvalidPreset, LanguageNotAllowed, RequestRefused, TextTooLong, UnknownVoice
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.elevenlabs.account import VOICE_ID, service
from tasks.tts.elevenlabs.models import DEFAULT_MODEL, MODELS, Model, model_name, model_of
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.vendors.http import STALL_S, Question
from tasks.tts.vendors.refusal import asked_for
from tasks.tts.vendors.sound_answer import letters_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset
    from tasks.tts.vendors.sound_answer import SoundAnswer

log = structlog.get_logger(__name__)

# Uncompressed, so that listeners get one lossy encoding only; 44.1 kHz needs the vendor's Pro plan, this none.
SAMPLE_RATE_HZ = 24_000
SLOWEST, FASTEST = 0.7, 1.2  # of voice_settings.speed
NOT_SAID = str.maketrans({"[": "(", "]": ")", "<": " ", ">": " "})
"""Brackets would be acted (`[whispers]`) or obeyed (`<break/>`), and not read."""


class ElevenLabs(TtsEngine):
    """ElevenLabs with one account; safe to call from several threads, and after a fork."""

    version = f"elevenlabs {DEFAULT_MODEL}, pcm {SAMPLE_RATE_HZ}, shape {SHAPE_VERSION}"

    def __init__(self, access: EngineAccess, *, patience_s: float = STALL_S) -> None:
        """Nothing is asked yet. patience_s: how long the vendor may be silent."""
        self._service = service(access, patience_s=patience_s)
        self._lock = Lock()
        self._models: dict[str, Any] = {}
        self._confirmed: set[tuple[str, str, str, int, bool]] = set()

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """What the voice's model can do.

        Raises: UnknownVoice.
        """
        model = model_of(voice)
        return TtsCapabilities(
            languages=model.languages,
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=model.max_characters,
            settings=model.settings,
            streaming=True,
            cloning=True,
            leaves_this_machine=True,
            usd_per_million_characters=model.usd_per_million_characters,
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse what the vendor would refuse, as far as its pages tell.

        Raises: EngineDenied, UnknownVoice, LanguageNotAllowed; InvalidPreset for a value that the model does not take.
        """
        self._service.check()
        model, name = model_of(voice), model_name(voice)
        if not VOICE_ID.fullmatch(voice.voice):
            raise UnknownVoice(
                f"voice preset {voice.name!r}: {voice.voice!r} is no voice id of ElevenLabs; "
                "its page there shows one, such as 21m00Tcm4TlvDq8ikWAM"
            )
        if language not in model.languages:
            able = ", ".join(other for other, row in MODELS.items() if language in row.languages)
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: ElevenLabs' {name} does not speak {language!r}; "
                + (f"set its model to one of {able}" if able else "cast another voice")
            )
        if "rate" in model.settings and not SLOWEST <= voice.rate <= FASTEST:
            raise InvalidPreset(
                f"voice preset {voice.name!r}: ElevenLabs takes a rate from {SLOWEST} to {FASTEST}, not {voice.rate}"
            )
        if model.steady and voice.stability not in (None, *model.steady):
            raise InvalidPreset(
                f"voice preset {voice.name!r}: {name} takes a stability of 0 (lively), 0.5 or 1 (even), "
                f"not {voice.stability}"
            )

    def confirm(self, voice: VoicePreset, language: str) -> None:
        """Ask once whether the account has this model, for this language and length, and this voice.

        A key that may speak and nothing else can't be asked: then the vendor's answer to the first line tells.
        Raises: as `check`; ConsentMissing where the voice is cloned and the preset names no consent; UnknownVoice,
        LanguageNotAllowed, TextTooLong, QuotaExceeded, EngineUnreachable, EngineBusy.
        """
        self.check(voice, language)
        asked = (model_name(voice), voice.voice, language, voice.max_characters, bool(voice.consent))
        with self._lock:
            if asked in self._confirmed:
                return
            try:
                self._confirm_model(voice, language)
                found = self._service.document(
                    Question(f"/v1/voices/{voice.voice}", f"asked for voice {voice.voice!r}", method="GET")
                )
                if isinstance(found, dict) and found.get("category") == "cloned" and not voice.consent:
                    raise ConsentMissing(
                        f"voice preset {voice.name!r}: the voice {voice.voice!r} is cloned from a person, and the "
                        "preset names no consent; save the person's consent as a block, and name it in the preset"
                    )
            except RequestRefused as refusal:
                log.warning("voice.unconfirmed", preset=voice.name, reason=str(refusal))
            self._confirmed.add(asked)

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; one with nothing to say gives a short silence, and is not asked for.

        Raises: as `check`; QuotaExceeded, TextTooLong, RequestRefused, EngineBusy, EngineUnreachable, AnswerUnfinished.
        """
        self.check(voice, language)
        if not is_speakable(text):
            return silence(SAMPLE_RATE_HZ)
        with self._service.sound(_question(text, voice, language)) as answer:
            samples = answer.whole(sample_rate_hz=SAMPLE_RATE_HZ, characters=letters_in(text))
            billed = _billed(answer, model_of(voice))
        return replace(shaped(samples, SAMPLE_RATE_HZ, text=text, starts=[]), billed_characters=billed)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, piece by piece as it comes: float32, shape (n_samples,), 24 kHz.

        Raises: as `synthesize`, at any piece.
        """
        self.check(voice, language)
        if not is_speakable(text):
            yield silence(SAMPLE_RATE_HZ).samples[0]
            return
        with self._service.sound(_question(text, voice, language)) as answer:
            yield from answer.pieces(sample_rate_hz=SAMPLE_RATE_HZ, characters=letters_in(text))

    def _confirm_model(self, voice: VoicePreset, language: str) -> None:
        name, model = model_name(voice), model_of(voice)
        if not self._models:
            listed = self._service.document(Question("/v1/models", "asked for its models", method="GET"))
            rows = listed if isinstance(listed, list) else []
            self._models = {str(row.get("model_id")): row for row in rows if isinstance(row, dict)}
        found = self._models.get(name)
        if found is None or found.get("can_do_text_to_speech") is False:
            able = ", ".join(sorted(other for other, row in self._models.items() if row.get("can_do_text_to_speech")))
            raise UnknownVoice(f"voice preset {voice.name!r}: this ElevenLabs account speaks with {able}, not {name!r}")
        spoken = {str(row.get("language_id", "")).lower().split("-")[0] for row in found.get("languages") or ()}
        if spoken and not any(code.startswith(language) for code in spoken):  # `is` may be written `isl` there
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: this ElevenLabs account's {name} does not list {language!r}; "
                "set another model, or cast another voice"
            )
        asked, longest = min(voice.max_characters or model.max_characters, model.max_characters), _longest(found)
        if longest and longest < asked:
            raise TextTooLong(
                f"voice preset {voice.name!r}: this ElevenLabs account takes {longest} characters at once with {name}, "
                f"not {asked}; set `max_characters` of the preset to {longest}"
            )


def _longest(found: Mapping[str, Any]) -> int:
    longest = found.get("maximum_text_length_per_request")
    return longest if isinstance(longest, int) else 0


def _question(text: str, voice: VoicePreset, language: str) -> Question:
    """The words and how to say them; what the preset leaves open is left to the voice's own settings."""
    model = model_of(voice)
    settings = {"stability": voice.stability, "similarity_boost": voice.similarity}
    if "rate" in model.settings and voice.rate != 1.0:
        settings["speed"] = voice.rate
    body = {
        "text": speakable(text)[0].translate(NOT_SAID),
        "model_id": model_name(voice),
        "language_code": language if model.takes_language else None,
        "voice_settings": {name: value for name, value in settings.items() if value is not None} or None,
        "seed": voice.seed,
        "apply_text_normalization": "off",  # numbers are words already, in the right gender and case
    }
    return Question(
        f"/v1/text-to-speech/{voice.voice}/stream",
        asked_for(text, voice.voice),
        params={"output_format": f"pcm_{SAMPLE_RATE_HZ}"},
        json={name: value for name, value in body.items() if value is not None},
    )


def _billed(answer: SoundAnswer, model: Model) -> int:
    """The header counts credits, and a fast model asks half of one for a character."""
    counted = answer.response.headers.get("character-cost", "")
    credits = int(counted) if counted.isascii() and counted.isdigit() and len(counted) < 10 else 0
    return round(credits / model.credits_per_character)
