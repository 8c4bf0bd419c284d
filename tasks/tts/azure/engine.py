"""Azure Speech: Guðrún and Gunnar, and its voices of other languages, over REST. No real account has been met yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.errors import (
    AnswerUnfinished,
    EngineDenied,
    EngineError,
    InvalidPreset,
    LanguageNotAllowed,
    QuotaExceeded,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.azure.voices import (
    HD_USD_PER_MILLION,
    HIGHEST_ST,
    USD_PER_MILLION,
    AzureVoice,
    address_of,
    billed_characters,
)
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.ssml import SSML_VERSION, locale_of
from tasks.tts.vendors.http import STALL_S, Question, VoiceService
from tasks.tts.vendors.refusal import Refusal, asked_for
from tasks.tts.vendors.sound_answer import letters_in

SAMPLE_RATE_HZ = 48_000
OUTPUT_FORMAT = "raw-48khz-16bit-mono-pcm"
# An answer ends after ten minutes without a word (reference/tts.md, 2.3). Icelandic is read at some 14 characters a
# second; Azure reads at half that at the slowest, whatever is asked for; so these take six minutes at the most.
MAX_CHARACTERS, CUT_AT_S = 2500, 600.0


class Azure(TtsEngine):
    """One Speech resource; safe to use from several threads."""

    version = f"azure rest v1, {OUTPUT_FORMAT}, ssml {SSML_VERSION}, shape {SHAPE_VERSION}"

    def __init__(self, access: EngineAccess | None = None, *, stall_s: float = STALL_S) -> None:
        """Nothing is asked yet. stall_s: how long Azure may be silent."""
        self._access = access or EngineAccess()
        self._region = self._access.region.strip().lower()
        self._service = VoiceService(
            "Azure",
            self._access.model_copy(update={"base_url": address_of(self._access)}),
            address="",
            key_header="Ocp-Apim-Subscription-Key",
            translate=_kind_of,
            stall_s=stall_s,
        )
        self._listing = Lock()
        self._listed: Mapping[str, Mapping[str, Any]] = {}

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """By the voice's name, which begins with its language. Raises: UnknownVoice."""
        named = AzureVoice.of(voice)
        return TtsCapabilities(
            languages=named.languages,
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=MAX_CHARACTERS,
            settings=named.settings,
            markup=named.markup,
            lexicon="ipa" if "phoneme" in named.markup else "alias",
            streaming=True,
            leaves_this_machine=True,
            usd_per_million_characters=HD_USD_PER_MILLION if named.is_hd else USD_PER_MILLION,
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse what can't be, without asking anybody.

        Raises: UnknownVoice, LanguageNotAllowed, InvalidPreset; EngineDenied when key, region or address is missing.
        """
        languages = AzureVoice.of(voice).languages
        if language not in languages:
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: Azure's {voice.voice} speaks {', '.join(sorted(languages))}, "
                f"not {language!r}; choose a voice whose name begins with {locale_of(language)}"
            )
        if voice.pitch > HIGHEST_ST:
            raise InvalidPreset(
                f"voice preset {voice.name!r}: pitch {voice.pitch:+g} is too high; Azure raises a voice by at most "
                f"{HIGHEST_ST:.1f} semitones"
            )
        if not self._access.base_url and not re.fullmatch(r"[a-z0-9]+", self._region):
            raise EngineDenied(
                f"Azure needs a key and the region of its resource, such as northeurope, and the region is "
                f"{self._region!r}; write both into {self._access.source or 'its account'}"
            )
        self._service.check()

    def confirm(self, voice: VoicePreset, language: str) -> None:
        """Look the voice up among those of the account's region, which are asked for once.

        Raises: what `check` raises, InvalidPreset for a style that the voice does not have, and what
        `VoiceService.document` raises.
        """
        self.check(voice, language)
        voices = self._voices()
        found = voices.get(voice.voice)
        if found is None:
            spoken = sorted(name for name, each in voices.items() if _speaks(each, language))
            raise UnknownVoice(
                f"voice preset {voice.name!r}: there is no {voice.voice!r} among Azure's voices in the region of "
                f"{self._access.source or 'this account'}; those for {language!r} are {', '.join(spoken) or 'none'}"
            )
        if not _speaks(found, language):
            raise LanguageNotAllowed(f"voice preset {voice.name!r}: {voice.voice} does not speak {language!r}")
        styles = found.get("StyleList") or []
        if voice.style and "style" in AzureVoice.of(voice).settings and voice.style not in styles:
            raise InvalidPreset(
                f"voice preset {voice.name!r}: {voice.voice} has no style {voice.style!r}; it has "
                f"{', '.join(map(str, styles)) or 'none'}"
            )

    def bills(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> int:
        """The tags that say how to read count as well."""
        return billed_characters(AzureVoice.of(voice).content(text, voice, language, marks))

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text` in one request.

        Raises: what `check` raises; TextTooLong, QuotaExceeded, EngineBusy, EngineUnreachable, AnswerUnfinished,
        RequestRefused.
        """
        said = np.concatenate(list(self.stream(text, voice, language, marks)))
        billed = self.bills(text, voice, language, marks)
        return shaped(said, SAMPLE_RATE_HZ, hisses=True, billed_characters=billed)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, piece by piece as it comes. Raises: as `synthesize`, at any piece."""
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise TextTooLong(
                f"Azure takes {MAX_CHARACTERS} characters at once, not the {len(text)} of {text[:40]!r} …; break it"
            )
        if not is_speakable(text):
            yield silence(SAMPLE_RATE_HZ).samples[0]
            return
        named = AzureVoice.of(voice)
        question = Question(
            "/cognitiveservices/v1",
            asked_for(text, voice.voice),
            headers={"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": OUTPUT_FORMAT},
            content=named.document(named.content(text, voice, language, marks)).encode(),
        )
        n_samples = 0
        with self._service.sound(question) as answer:
            for piece in answer.pieces(sample_rate_hz=SAMPLE_RATE_HZ, characters=letters_in(text)):
                n_samples += piece.size
                yield piece
        if n_samples >= CUT_AT_S * SAMPLE_RATE_HZ:
            raise TextTooLong(
                f"Azure, {question.asked}: it stops after {CUT_AT_S:.0f} s; break the text, or read faster"
            )

    def _voices(self) -> Mapping[str, Mapping[str, Any]]:
        with self._listing:
            if not self._listed:
                question = Question("/cognitiveservices/voices/list", "asked for its voices", method="GET")
                listed = self._service.document(question)
                entries = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
                if not entries:
                    raise AnswerUnfinished("Azure, asked for its voices: the answer names none; try again")
                self._listed = {str(each.get("ShortName")): each for each in entries}
            return self._listed


def _speaks(listed: Mapping[str, Any], language: str) -> bool:
    locales = [listed.get("Locale"), *(listed.get("SecondaryLocaleList") or [])]
    return any(str(locale).split("-")[0] in {language, locale_of(language).split("-")[0]} for locale in locales)


def _kind_of(refusal: Refusal) -> type[EngineError] | None:
    said = refusal.said.lower()
    if refusal.status in (403, 429) and "quota" in said:  # "out of call volume quota"; "call rate limit" is no quota
        return QuotaExceeded
    if refusal.status == 400 and "voice" in said:
        return UnknownVoice
    return None
