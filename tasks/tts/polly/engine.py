"""Amazon Polly: Dóra and Karl, and its standard voices of other languages. No real account has been met yet.

Botocore signs and sends, and retries nothing: Amazon names no wait that a transport could wait out, so that the task
around us is the one layer that tries again. Speech marks, which would tell each word's time, are not asked for: they
would be a second request for the same text, billed like the first.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

from tasks.errors import AnswerUnfinished, EngineDenied, InvalidPreset, LanguageNotAllowed, TextTooLong, UnknownVoice
from tasks.schemas import EngineAccess
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.polly.failures import broken_off, may_not_list, translated
from tasks.tts.polly.voices import HIGHEST_ST, LOCALE_OF, document, languages_of, locale_of_voice
from tasks.tts.polly.vorbis import vorbis_pieces
from tasks.tts.ssml import SSML_VERSION
from tasks.tts.vendors.http import CONNECT_S, STALL_S
from tasks.tts.vendors.refusal import asked_for, one_line
from tasks.tts.vendors.sound_answer import letters_in, whole_sound
from tasks.tts.vendors.web_address import is_web_address

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tasks.schemas import Mark, VoicePreset

# PCM ends at 16 kHz, and with it all above 8 kHz, where s, f and þ are: measured on eSpeak's Icelandic, the spectrum up
# to 11 kHz is then 6 to 8 dB off, with Vorbis of some 50 kbit/s 2 dB. 22 050 Hz is the standard voices' own rate.
OUTPUT_FORMAT, SAMPLE_RATE_HZ = "ogg_vorbis", 22_050
CHUNK_BYTES = 2048
MAX_CHARACTERS, MAX_SSML_CHARACTERS = 2500, 6000  # "Quotas in Amazon Polly": 3000 billed, 6000 with tags, ten minutes
USD_PER_MILLION = 4.0  # "Standard voices", aws.amazon.com/polly/pricing, as of 2026-10-07; tags are not billed
_FAILURES = (BotoCoreError, ClientError, ResponseParserError, ValueError)  # ValueError: an address that is none


class Polly(TtsEngine):
    """One AWS account in one region; safe to use from several threads, and after a fork."""

    version = f"polly standard, {OUTPUT_FORMAT} {SAMPLE_RATE_HZ}, ssml {SSML_VERSION}, shape {SHAPE_VERSION}"

    def __init__(self, access: EngineAccess | None = None, *, stall_s: float = STALL_S) -> None:
        """Nothing is asked yet. stall_s: how long Amazon may be silent."""
        self._access, self._stall_s = access or EngineAccess(), stall_s
        self._source = self._access.source or "the account of Polly"
        self._secret = self._access.api_key.get_secret_value().strip()
        self._making, self._asking = Lock(), Lock()
        self._made: Any = None
        self._listed: dict[str, str] | None = None
        os.register_at_fork(after_in_child=self._reset)

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """By the voice's locale. Raises: UnknownVoice."""
        return TtsCapabilities(
            languages=languages_of(locale_of_voice(voice)),
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate", "pitch"}),
            markup=frozenset({"emphasis", "lang", "phoneme", "prosody"}),
            lexicon="ipa",
            streaming=True,
            leaves_this_machine=True,
            usd_per_million_characters=USD_PER_MILLION,
        )

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse what can't be, without asking anybody; keys may also come from the machine's own role.

        Raises: UnknownVoice, LanguageNotAllowed, InvalidPreset; EngineDenied when half a pair of keys is missing,
        or the address is none.
        """
        languages = self.capabilities(voice).languages
        if language not in languages:
            spoken = sorted(name for name, locale in LOCALE_OF.items() if locale.startswith(f"{language}-"))
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: Polly's {voice.voice} does not speak {language!r}; "
                f"voices that do: {', '.join(spoken) or 'none'}"
            )
        if voice.pitch > HIGHEST_ST:
            raise InvalidPreset(
                f"voice preset {voice.name!r}: pitch {voice.pitch:+g} is too high; Polly raises a voice by at most "
                f"{HIGHEST_ST:.1f} semitones"
            )
        if bool(self._access.access_key_id.strip()) != bool(self._secret):
            raise EngineDenied(
                f"Polly needs both parts of a key, or none where the machine has a role; mend {self._source}"
            )
        if self._access.base_url.strip() and not is_web_address(self._access.base_url.strip()):
            raise EngineDenied(f"the address of Polly is none; write https://… into {self._source}, or leave it empty")

    def confirm(self, voice: VoicePreset, language: str) -> None:
        """Ask once whether the account's region has the voice, where the key may ask that.

        Raises: what `check` raises, UnknownVoice, EngineBusy, EngineUnreachable.
        """
        self.check(voice, language)
        with self._asking:
            if self._listed is None:
                self._listed = self._describe()
        if self._listed and voice.voice not in self._listed:
            spoken = sorted(name for name, locale in self._listed.items() if locale.startswith(f"{language}-"))
            raise UnknownVoice(
                f"voice preset {voice.name!r}: there is no {voice.voice!r} among Polly's standard voices in the region "
                f"of {self._source}; those for {language!r} are {', '.join(spoken) or 'none'}"
            )

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text` in one request.

        Raises: what `check` raises; TextTooLong, QuotaExceeded, EngineBusy, EngineUnreachable, AnswerUnfinished,
        RequestRefused.
        """
        if not is_speakable(text):
            self.check(voice, language)
            return silence(SAMPLE_RATE_HZ)
        asked, answer = self._ask(text, voice, language, marks)
        said = np.concatenate(list(self._heard(answer, asked, letters_in(text))))
        billed = int(answer.get("RequestCharacters") or 0)
        return shaped(said, SAMPLE_RATE_HZ, hisses=True, billed_characters=billed)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, piece by piece as it comes. Raises: as `synthesize`, at any piece."""
        if not is_speakable(text):
            self.check(voice, language)
            yield silence(SAMPLE_RATE_HZ).samples[0]
            return
        asked, answer = self._ask(text, voice, language, marks)
        yield from self._heard(answer, asked, letters_in(text))

    def _ask(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...]) -> tuple[str, dict[str, Any]]:
        self.check(voice, language)
        ssml = document(text, voice, marks)
        if len(text) > MAX_CHARACTERS or len(ssml) > MAX_SSML_CHARACTERS:
            raise TextTooLong(
                f"Polly takes {MAX_CHARACTERS} characters at once, {MAX_SSML_CHARACTERS} with their markup, not the "
                f"{len(text)} ({len(ssml)}) of {text[:40]!r} …; break it"
            )
        asked = f"Polly, {asked_for(text, voice.voice)}"
        try:
            answer: dict[str, Any] = self._client().synthesize_speech(
                Engine="standard",
                OutputFormat=OUTPUT_FORMAT,
                SampleRate=str(SAMPLE_RATE_HZ),
                Text=ssml,
                TextType="ssml",
                VoiceId=voice.voice,
            )
        except _FAILURES as error:
            raise translated(error, asked=asked, source=self._source, secret=self._secret) from error
        return asked, answer

    def _heard(self, answer: dict[str, Any], asked: str, characters: int) -> Iterator[NDArray[np.float32]]:
        kind = str(answer.get("ContentType", ""))
        body = answer["AudioStream"]
        try:
            if not kind.startswith(("audio/ogg", "application/ogg")):
                began = one_line(body.read(300).decode(errors="replace"), secrets=(self._secret,))
                raise AnswerUnfinished(f"{asked}: what came is {kind or 'unnamed'}, no Ogg: {began!r}; try again")
            pieces = vorbis_pieces(body.iter_chunks(CHUNK_BYTES), asked=asked, sample_rate_hz=SAMPLE_RATE_HZ)
            yield from whole_sound(pieces, asked=asked, sample_rate_hz=SAMPLE_RATE_HZ, characters=characters)
        except BotoCoreError as error:
            raise broken_off(error, asked=asked, secret=self._secret) from error
        finally:
            body.close()

    def _describe(self) -> dict[str, str]:
        try:
            voices = self._client().describe_voices(Engine="standard")["Voices"]
        except _FAILURES as error:
            if may_not_list(error):
                return {}
            raise translated(
                error, asked="Polly, asked for its voices", source=self._source, secret=self._secret
            ) from error
        return {str(each.get("Id")): str(each.get("LanguageCode")) for each in voices}

    def _client(self) -> Any:
        """Botocore's client, made once: it is safe among threads, and its making is not."""
        with self._making:
            if self._made is None:
                self._made = Session().create_client(
                    "polly",
                    region_name=self._access.region.strip() or None,
                    endpoint_url=self._access.base_url.strip() or None,
                    aws_access_key_id=self._access.access_key_id.strip() or None,
                    aws_secret_access_key=self._secret or None,
                    config=Config(
                        connect_timeout=CONNECT_S,
                        read_timeout=self._stall_s,
                        retries={"total_max_attempts": 1},
                        max_pool_connections=32,
                        user_agent_extra="hladvarp",
                    ),
                )
            return self._made

    def _reset(self) -> None:
        # A forked child shares its parent's connections: it must leave them to the parent.
        self._making, self._asking = Lock(), Lock()
        self._made = None
