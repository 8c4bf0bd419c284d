"""Piper: voices of one ONNX file each, on this machine; the best Icelandic that needs no network (GPL-3)."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from piper import PiperConfig, PiperVoice, SynthesisConfig
from piper.config import PhonemeType

from tasks.errors import InvalidRequest, LanguageNotAllowed, ModelDamaged, ModelNotFound, TextTooLong, UnknownVoice
from tasks.models.cache import MODELS
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.model_files import fingerprint, model_file
from tasks.tts.onnx_model import onnx_need, open_model, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset

MAX_CHARACTERS = 2000
MAX_PHONEMES = 600  # of a sentence: half a minute, and half a gigabyte; memory grows faster than the text (measured)
INPUTS = frozenset({"input", "input_lengths", "scales"})


class Piper(TtsEngine):
    """Piper. A preset's voice is the path of a `.onnx` file, or its name in the engine's folder.

    The file's `.json` lies beside it. Of a voice with several speakers the first one speaks. It chooses its sound anew
    each time: the same text never gives the same samples twice.
    """

    def __init__(self, access: EngineAccess) -> None:
        """Load nothing yet; the folder is `access.folder`."""
        self._access = access
        self.version = f"piper {version('piper-tts')}, shape {SHAPE_VERSION}"

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """What the voice's own `.json` says.

        Raises: ModelNotFound, ModelDamaged, UnknownVoice.
        """
        config, language = self._config(voice)
        return TtsCapabilities(
            languages=frozenset({language}),
            sample_rate_hz=config.sample_rate,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate"}),
            lexicon="ipa" if config.phoneme_type == PhonemeType.ESPEAK else "alias",
            streaming=True,
        )

    def revision(self, voice: VoicePreset) -> str:
        """Of the model and its `.json`.

        Raises: ModelNotFound.
        """
        path = self._path(voice)
        return f"{path.stem}:{fingerprint(path)}:{fingerprint(_settings_beside(path))}"

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse a voice whose files are not there, or that speaks another language.

        Raises: ModelNotFound, ModelDamaged, UnknownVoice, LanguageNotAllowed.
        """
        spoken = self._config(voice)[1]
        if language != spoken:
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: {self._path(voice).name} speaks {spoken!r}, not {language!r}"
            )

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; a text with nothing to say gives a short silence. Piper tells no times of words.

        Raises: what `check` raises; TextTooLong, EngineFailed; InvalidRequest when a phoneme is not the voice's.
        """
        pieces = list(self.stream(text, voice, language, marks))
        return shaped(np.concatenate(pieces), self._config(voice)[0].sample_rate, hisses=True)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, sentence by sentence.

        Raises: as `synthesize`, but for EngineFailed at the call.
        """
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise TextTooLong(
                f"Piper takes {MAX_CHARACTERS} characters at once, not the {len(text)} of {text[:40]!r} …"
            )
        config = self._config(voice)[0]
        if not is_speakable(text):
            return iter([silence(config.sample_rate).samples[0]])
        said = _with_phonemes(text, marks, config)
        path = self._path(voice)
        return _sentences(_loaded(path, self.revision(voice)), said, rate=voice.rate)

    def _path(self, voice: VoicePreset) -> Path:
        return model_file(voice.voice, self._access, suffix=".onnx", what=f"voice preset {voice.name!r}, voice")

    def _config(self, voice: VoicePreset) -> tuple[PiperConfig, str]:
        path = self._path(voice)
        return _read_config(path, fingerprint(_settings_beside(path)))


def _sentences(piper: PiperVoice, text: str, *, rate: float) -> Iterator[NDArray[np.float32]]:
    # Not `synthesize`: it knows no longest sentence, and its default brings each one to the same peak, which puts them
    # up to 7 LU apart (reference/tts.md, 1.2).
    how = SynthesisConfig(normalize_audio=False, length_scale=piper.config.length_scale / rate)
    spoke = False
    with running(f"Piper at {text[:60]!r}"):
        for phonemes in (part for sentence in piper.phonemize(text) for part in _cut(sentence)):
            spoke = True
            samples = piper.phoneme_ids_to_audio(piper.phonemes_to_ids(phonemes), how)
            yield np.clip(np.asarray(samples, dtype=np.float32).reshape(-1), -1.0, 1.0)
    if not spoke:  # letters that its eSpeak has no sound for
        yield silence(piper.config.sample_rate).samples[0]


def _cut(phonemes: list[str]) -> Iterator[list[str]]:
    """A sentence that is too long in several parts, between words where it can be."""
    while len(phonemes) > MAX_PHONEMES:
        spaces = [index for index, phoneme in enumerate(phonemes[:MAX_PHONEMES]) if phoneme == " "]
        at = spaces[-1] + 1 if spaces else MAX_PHONEMES
        yield phonemes[:at]
        phonemes = phonemes[at:]
    if phonemes:
        yield phonemes


def _with_phonemes(text: str, marks: tuple[Mark, ...], config: PiperConfig) -> str:
    """`text` as Piper reads it: raw phonemes stand in [[ ]] where a mark asks for them, and nowhere else.

    Raises: InvalidRequest.
    """
    pieces, last = [], 0
    for mark in sorted(marks, key=lambda mark: mark.start):
        if mark.kind != "phoneme" or mark.start < last or mark.end <= mark.start:
            continue
        pieces += [_plain(text[last : mark.start]), f"[[{_phonemes(mark, text, config)}]]"]
        last = mark.end
    return "".join([*pieces, _plain(text[last:])])


def _plain(text: str) -> str:
    return re.sub(r"\[(?=\[)", "[ ", speakable(text)[0])


def _phonemes(mark: Mark, text: str, config: PiperConfig) -> str:
    written = mark.settings.get("ph", "")
    phonemes = re.sub(r"[.͜͡‿]", "", unicodedata.normalize("NFD", written).replace("g", "ɡ")).strip()
    unknown = sorted(set(phonemes) - set(config.phoneme_id_map))
    if unknown or not phonemes or mark.settings.get("alphabet", "ipa") != "ipa":
        raise InvalidRequest(
            f"{text[mark.start : mark.end]!r} as /{written}/: this Piper voice reads IPA, "
            + (f"and has no {' '.join(unknown)}; " if unknown else "and this is none; ")
            + "mend it in the lexicon or the script, or give an alias"
        )
    return phonemes


def _settings_beside(path: Path) -> Path:
    beside = path.with_name(f"{path.name}.json")
    if not beside.is_file():
        raise ModelNotFound(f"{path.name} lies in {path.parent} without its {beside.name}; put it there")
    return beside


@lru_cache(maxsize=64)
def _read_config(path: Path, revision: str) -> tuple[PiperConfig, str]:
    """The settings beside a model, and the language that it speaks."""
    beside = _settings_beside(path)
    try:
        written = json.loads(beside.read_text(encoding="utf-8"))
        config = PiperConfig.from_dict(written)
        named = written.get("language", {}).get("code") or config.espeak_voice
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{beside} is not the description of a Piper voice: {error!r}") from error
    if config.phoneme_type not in (PhonemeType.ESPEAK, PhonemeType.TEXT):
        raise UnknownVoice(f"{path}: voices with {config.phoneme_type.value} phonemes are not spoken here")
    return config, str(named)[:2].lower()


def _loaded(path: Path, revision: str) -> PiperVoice:
    return MODELS.get(("piper", path, revision), lambda: onnx_need(path, "the Piper voice"), lambda: _load(path))


def _load(path: Path) -> PiperVoice:
    config, _ = _read_config(path, fingerprint(_settings_beside(path)))
    return PiperVoice(session=open_model(path, inputs=INPUTS), config=config)
