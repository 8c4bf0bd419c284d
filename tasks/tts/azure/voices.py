"""What the name of an Azure voice tells of it, and the SSML that it is asked with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from tasks.errors import UnknownVoice
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.prosody import Prosody
from tasks.tts.ssml import LOCALES, element, locale_of, render

# "Neural … per 1M characters" of Azure's price calculator, as LiteLLM's table of October 2026 quotes it; HD voices: 30.
USD_PER_MILLION, HD_USD_PER_MILLION = 15.0, 30.0

# "Customize voice and sound with SSML", learn.microsoft.com: emphasis works in these voices only, rate changes reach
# from 0.5 to 2 times, pitch changes from 0.5 to 1.5 times, volume changes from 0 to 1.5 times the voice's own.
EMPHATIC = frozenset({"en-US-GuyNeural", "en-US-DavisNeural", "en-US-JaneNeural"})
RATES, PITCHES, VOLUMES = (0.5, 2.0), (0.5, 1.5), (0.0, 1.5)
HIGHEST_ST = 12 * math.log2(PITCHES[1])
PHONEMIC = frozenset({"de", "en", "es", "fr"})  # the vendor's table of voices excepts is-IS in a footnote
STYLELESS = frozenset({"is"})

_NAME = re.compile(r"(?P<locale>(?P<language>[a-z]{2,3})(?:-[A-Za-z]{2,20}){1,2})-[\w:]{2,80}")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class AzureVoice:
    """A voice such as is-IS-GudrunNeural."""

    name: str
    locale: str
    language: str

    @classmethod
    def of(cls, preset: VoicePreset) -> AzureVoice:
        """The voice that a preset names.

        Raises: UnknownVoice when it can't be one, or a model is named beside it.
        """
        found = _NAME.fullmatch(preset.voice)
        if found is None:
            raise UnknownVoice(
                f"voice preset {preset.name!r}: {preset.voice!r} is no name of an Azure voice; write for example "
                "is-IS-GudrunNeural or is-IS-GunnarNeural"
            )
        if preset.model:
            raise UnknownVoice(
                f"voice preset {preset.name!r}: Azure has no models to choose; leave {preset.model!r} out"
            )
        return cls(preset.voice, found["locale"], found["language"])

    @property
    def is_hd(self) -> bool:
        """Whether it is one of those that read by a language model, at another price."""
        return "DragonHD" in self.name

    @property
    def is_multilingual(self) -> bool:
        """Whether it speaks other languages than its name begins with."""
        return self.is_hd or "Multilingual" in self.name

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1 codes; of a multilingual voice those that this project has a name for."""
        return self.own_languages | LOCALES.keys() if self.is_multilingual else self.own_languages

    @property
    def own_languages(self) -> frozenset[str]:
        """What its name begins with, by every code that means it: `nb` and `no`."""
        codes = (code for code, locale in LOCALES.items() if locale.split("-")[0] == self.language)
        return frozenset({self.language, *codes})

    @property
    def settings(self) -> frozenset[str]:
        """The fields of a preset that it obeys."""
        return frozenset({"rate", "pitch"} if self.language in STYLELESS else {"rate", "pitch", "style"})

    @property
    def markup(self) -> frozenset[str]:
        """The kinds of mark that it takes inside a text."""
        kinds = {"prosody"}
        if self.name in EMPHATIC:
            kinds.add("emphasis")
        if self.language in PHONEMIC:
            kinds.add("phoneme")
        if self.is_multilingual:
            kinds.add("lang")
        return frozenset(kinds)

    def content(self, text: str, preset: VoicePreset, language: str, marks: tuple[Mark, ...]) -> str:
        """What stands inside `<voice>`."""
        own = Prosody(rate=preset.rate, pitch=2 ** (preset.pitch / 12))
        content = render(text, marks, own=own, prosody=_changes)
        if preset.style and "style" in self.settings:
            content = element("mstts:express-as", {"style": preset.style}, content)
        if language not in self.own_languages:
            content = element("lang", {"xml:lang": locale_of(language)}, content)
        return content

    def document(self, content: str) -> str:
        """The whole document around what stands inside `<voice>`."""
        namespaces = {
            "version": "1.0",
            "xmlns": "http://www.w3.org/2001/10/synthesis",
            "xmlns:mstts": "https://www.w3.org/2001/mstts",
            "xml:lang": self.locale,
        }
        return element("speak", namespaces, element("voice", {"name": self.name}, content))


def address_of(access: EngineAccess) -> str:
    """Where speech is made: the region's own host, which the portal does not name, or a container's address as it is.

    The portal shows the endpoint of all cognitive services (`northeurope.api.cognitive.microsoft.com`), where there is
    no speech, or a custom domain, where speech stands below `/tts` ("Text to speech REST API", learn.microsoft.com).
    """
    address = access.base_url.strip().rstrip("/")
    if found := re.fullmatch(r"https://([a-z0-9]+)\.api\.cognitive\.microsoft\.com", address):
        return f"https://{found[1]}.tts.speech.microsoft.com"
    if re.fullmatch(r"https://[\w-]+\.cognitiveservices\.azure\.com", address):
        return f"{address}/tts"
    return address or f"https://{access.region.strip().lower()}.tts.speech.microsoft.com"


def billed_characters(content: str) -> int:
    """What Azure bills of the inside of `<voice>`: each code point, tags among them, and each Chinese one twice.

    Source: "What is text to speech?", billable characters, learn.microsoft.com.
    """
    return len(content) + len(_HAN.findall(content))


def _changes(prosody: Prosody) -> dict[str, str]:
    """Factors as Azure takes them: changes in percent, where it takes them; none where nothing changes."""
    changes = {
        "rate": np.clip(prosody.rate, *RATES) - 1,
        "pitch": np.clip(prosody.pitch, *PITCHES) - 1,
        "volume": np.clip(prosody.volume, *VOLUMES) - 1,
    }
    return {name: f"{100 * change:+.3g}%" for name, change in changes.items() if abs(change) >= 0.005}
