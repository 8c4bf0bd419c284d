"""What Kokoro reads: its own alphabet of phonemes and punctuation, made of eSpeak NG's IPA.

English, Spanish, French, Hindi, Italian and Portuguese are written as the model was trained to read them, by the rules
of hexgrad/misaki (espeak.py). Icelandic it has never heard: eSpeak's phonemes are brought near to sounds that it knows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasks.errors import InvalidRequest
from tasks.schemas import Mark
from tasks.tts.clip_shape import is_speakable, speakable

MAPPING_VERSION = 1
"""Raise it when the same text becomes other phonemes."""

# Symbol by symbol from hexgrad/Kokoro-82M, config.json.
VOCABULARY = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15,
    " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23, "A": 24, "I": 25, "O": 31, "Q": 33,
    "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43, "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50,
    "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62,
    "u": 63, "v": 64, "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90, "ɡ": 92, "ɥ": 99,
    "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113, "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118,
    "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126, "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133,
    "ʊ": 135, "ʋ": 136, "ʌ": 138, "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157,
    "ː": 158, "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
PUNCTUATION = str.maketrans({"„": "“", "«": "“", "»": "”", "–": "—", "‚": ",", "[": "(", "]": ")"})
_PAUSES = re.compile(r'([;:,.!?—…"()“”]+)')

Rules = tuple[tuple[str, str], ...]
"""Regular expressions and what they become, one after the other."""

_AFFRICATES: Rules = (("d\\^ʒ", "ʤ"), ("t\\^ʃ", "ʧ"), ("t\\^s", "ʦ"), ("d\\^z", "ʣ"))
_DIPHTHONGS: Rules = (("a\\^ɪ", "I"), ("a\\^ʊ", "W"), ("e\\^ɪ", "A"), ("o\\^ʊ", "O"), ("ə\\^ʊ", "Q"), ("ɔ\\^ɪ", "Y"))
_ENGLISH: Rules = (
    ("ʔˌ?n\u0329?", "tᵊn"), ("ə\\^l", "ᵊl"), (r"(\S)\u0329", r"ᵊ\1"), ("ʲ(?=[OQ])", "j"), ("ʲ|\u0303", ""),
    ("e", "A"), ("r", "ɹ"), ("[xç]", "k"), ("ɐ", "ə"), ("ɚ", "əɹ"), ("ɬ", "l"), ("ʔ", "t"),
)  # fmt: skip
_AMERICAN: Rules = (("ɜːɹ?", "ɜɹ"), ("ɪə", "iə"), ("ː", ""))
_BRITISH: Rules = (("e\\^ə", "ɛː"), ("iə", "ɪə"))
# Of the letters of ten sentences by bm_george, Whisper base hears 0.31 wrongly as eSpeak writes them, and 0.30 so
# (tests/benchmarks/test_preview.py); it is a poor judge, and no native speaker has listened yet.
_ICELANDIC: Rules = (
    ("ə", ""),                                                   # eSpeak puts one into fr-, dr-: Icelandic has none
    (r"(?<!\S)([lrn])#", r"h\1"), ("h?bhn#", "hpn"), ("h?dhn#", "htn"), ("#", ""),    # voiceless
    ("r+", "ɾ"),
    (r"(?<=[^\sˈˌ])b|(?<=\S[ˈˌ])b", "p"),                        # unaspirated, where English would voice it
    (r"(?<=[^\sˈˌ])d|(?<=\S[ˈˌ])d", "t"),
    (r"(?<=[^\sˈˌ])ɡ|(?<=\S[ˈˌ])ɡ", "k"),
    ("[yʏ]", "ʊ"),
)  # fmt: skip
# What people write in IPA, and the vocabulary calls otherwise: dots, ties and rings below are left out.
_WRITTEN: Rules = (
    ("[.\u0361\u035c\u203f\u0325\u030a]", ""),
    ("g", "ɡ"),
    ("ʏ", "ʊ"),
    ("ʉ", "u"),
    ("ɵ", "ø"),
    ("ɫ", "l"),
    ("ˑ", "ː"),
)


@dataclass(frozen=True)
class Accent:
    """How a language is written for Kokoro."""

    language: str
    espeak_voice: str
    rules: Rules
    pace: float = 1.0
    """How fast it is spoken at the voice's own rate."""

    def spell(self, ipa: str) -> str:
        """Kokoro's alphabet for eSpeak's, which has `^` between the letters of one sound; what it lacks is left out."""
        ipa = re.sub(r"\([^)]*\)", "", _decomposed(ipa))  # (en): a word of another language begins
        return "".join(symbol for symbol in _applied(self.rules, ipa) if symbol in VOCABULARY)


_OTHERS = (*_AFFRICATES, *_DIPHTHONGS)
ICELANDIC = Accent("is", "is", (*_DIPHTHONGS, *_ICELANDIC), pace=0.9)
ACCENTS = {
    "a": Accent("en", "en-us", (*_OTHERS, *_ENGLISH, *_AMERICAN)),
    "b": Accent("en", "en", (*_OTHERS, *_BRITISH, *_ENGLISH)),
    "e": Accent("es", "es", _OTHERS),
    "f": Accent("fr", "fr", _OTHERS),
    "h": Accent("hi", "hi", _OTHERS),
    "i": Accent("it", "it", _OTHERS),
    "p": Accent("pt", "pt-BR", _OTHERS),
}
"""By the first letter of a voice's name. Japanese (j) and Chinese (z) need readers that eSpeak does not replace."""


def phonemes_of(
    text: str, marks: Iterable[Mark], accent: Accent, transcribe: Callable[[Sequence[str], str], Sequence[str]]
) -> str:
    """`text` in Kokoro's alphabet, with its punctuation, which Kokoro reads as pauses and tunes.

    marks: those of phonemes, whose IPA stands instead of the words. transcribe: eSpeak's IPA of texts by a voice.
    Raises: InvalidRequest when a mark's IPA is none.
    """
    pieces = list(_pieces(text, marks))
    words = [piece for piece, is_ipa in pieces if not is_ipa and is_speakable(piece)]
    spelled = iter([accent.spell(ipa) for ipa in transcribe(words, accent.espeak_voice)])
    said = []
    for piece, is_ipa in pieces:
        if is_ipa or not is_speakable(piece):
            said.append(piece)
        else:
            said.append(f"{piece[:1].isspace() * ' '}{next(spelled)}{piece[-1:].isspace() * ' '}")
    kept = "".join(symbol for symbol in "".join(said) if symbol in VOCABULARY)
    return re.sub(" +", " ", kept).strip()


def _pieces(text: str, marks: Iterable[Mark]) -> Iterator[tuple[str, bool]]:
    """Runs of words, runs of punctuation, and the phonemes of marks, each with whether it is such."""
    last = 0
    for mark in sorted(marks, key=lambda mark: mark.start):
        if mark.kind == "phoneme" and last <= mark.start < mark.end:
            yield from ((piece, False) for piece in _PAUSES.split(_plain(text[last : mark.start])) if piece)
            yield _ipa(mark, text), True
            last = mark.end
    yield from ((piece, False) for piece in _PAUSES.split(_plain(text[last:])) if piece)


def _plain(text: str) -> str:
    return re.sub(r"(?<=\S)“", "”", speakable(text)[0]).translate(
        PUNCTUATION
    )  # what opens in English, closes elsewhere


def _ipa(mark: Mark, text: str) -> str:
    written = mark.settings.get("ph", "")
    ipa = _applied(_WRITTEN, _decomposed(written)).strip()
    unknown = sorted(set(ipa) - set(VOCABULARY))
    if unknown or not ipa or mark.settings.get("alphabet", "ipa") != "ipa":
        raise InvalidRequest(
            f"{text[mark.start : mark.end]!r} as /{written}/: Kokoro reads IPA, "
            + (f"and has no {' '.join(unknown)}; " if unknown else "and this is none; ")
            + "mend it in the lexicon or the script, or give an alias"
        )
    return ipa


def _decomposed(ipa: str) -> str:
    """A nasal vowel is two symbols to Kokoro, ç is one."""
    return unicodedata.normalize("NFD", ipa).replace("c\u0327", "ç")


def _applied(rules: Rules, ipa: str) -> str:
    for pattern, replacement in rules:
        ipa = re.sub(pattern, replacement, ipa)
    return ipa
