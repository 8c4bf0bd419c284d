"""Kokoro-82M: good English and some other languages on this machine, and Icelandic as a fluent foreigner speaks it."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tasks.errors import LanguageNotAllowed, ModelDamaged, TextTooLong, UnknownVoice
from tasks.models.cache import MODELS
from tasks.tts.clip_shape import is_speakable, shaped, silence
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine, load_engine
from tasks.tts.espeak.engine import Espeak
from tasks.tts.kokoro.phonemes import ACCENTS, ICELANDIC, MAPPING_VERSION, VOCABULARY, phonemes_of
from tasks.tts.model_files import fingerprint, model_file
from tasks.tts.onnx_model import onnx_need, open_model, running
from tasks.tts.sentences import ends_a_sentence, sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnxruntime
    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset
    from tasks.tts.kokoro.phonemes import Accent

MODEL = "kokoro-v1.0.int8.onnx"
PLAIN_VOICE = "af_heart"
SAMPLE_RATE_HZ = 24_000
MAX_CHARACTERS = 2000
MAX_SYMBOLS, STYLES = 510, (510, 256)  # a voice is a style for each length; the model takes no longer text
SHORT_SYMBOLS = 30  # alone, so short a sentence is hurried and swallowed
SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.27, 0.04  # with the edges that a piece keeps: 0.35 and 0.12 (reference/tts.md, 4)
INPUTS = frozenset({"tokens", "style", "speed"})


class Kokoro(TtsEngine):
    """Kokoro-82M as one ONNX file, and a folder `voices` with a file for each voice.

    A preset's voice is a name such as af_heart, or several joined by `+`, which gives their mean; its first letter is
    its language. Every voice also reads Icelandic, which the model was never taught: for drafts, not for publication.
    """

    def __init__(self, access: EngineAccess) -> None:
        """Load no model yet; the folder is `access.folder`."""
        espeak = load_engine("espeak")
        assert isinstance(espeak, Espeak)
        self._access, self._espeak = access, espeak
        self.version = f"kokoro, phonemes {MAPPING_VERSION}, onnxruntime {version('onnxruntime')}, {espeak.version}"

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """What the voice's name says.

        Raises: UnknownVoice.
        """
        return TtsCapabilities(
            languages=frozenset(_accents(voice)),
            sample_rate_hz=SAMPLE_RATE_HZ,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate"}),
            lexicon="ipa",
            streaming=True,
        )

    def revision(self, voice: VoicePreset) -> str:
        """Of the model and of each voice.

        Raises: ModelNotFound, UnknownVoice.
        """
        files = [self._model(voice), *self._styles(voice)]
        return ", ".join(f"{file.stem}:{fingerprint(file)}" for file in files)

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse a voice whose files are not there, or that does not speak this language.

        Raises: ModelNotFound, ModelDamaged, UnknownVoice, LanguageNotAllowed.
        """
        spoken = _accents(voice)
        if language not in spoken:
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: Kokoro's {voice.voice or PLAIN_VOICE} speaks {' and '.join(spoken)}, "
                f"not {language!r}"
            )
        self._style(voice)
        self._model(voice)

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; a text with nothing to say gives a short silence. Kokoro tells no times of words.

        Raises: what `check` raises; TextTooLong, EngineFailed; InvalidRequest when a mark's phonemes are none.
        """
        return shaped(np.concatenate(list(self.stream(text, voice, language, marks))), SAMPLE_RATE_HZ, hisses=True)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, sentence by sentence.

        Raises: as `synthesize`, but for EngineFailed at the call.
        """
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise TextTooLong(f"Kokoro takes {MAX_CHARACTERS} characters, not {len(text)}: {text[:40]!r} …; split it")
        accent = _accents(voice)[language]
        phonemes = phonemes_of(text, marks, accent, self._espeak.phonemes)
        if not is_speakable(phonemes):
            return iter([silence(SAMPLE_RATE_HZ).samples[0]])
        path = self._model(voice)
        return _pieces(_loaded(path), phonemes, self._style(voice), speed=voice.rate * accent.pace)

    def _model(self, voice: VoicePreset) -> Path:
        what = f"voice preset {voice.name!r}, model"
        return model_file(voice.model or MODEL, self._access, suffix=".onnx", what=what)

    def _styles(self, voice: VoicePreset) -> list[Path]:
        """The file of each voice that the preset names.

        Raises: UnknownVoice, ModelNotFound.
        """
        folders = [Path(self._access.folder).expanduser()] if self._access.folder else []
        folder = next((f / "voices" for f in folders if (f / "voices").is_dir()), self._model(voice).parent / "voices")
        files = [folder / f"{name}.bin" for name in _names(voice)]
        for file in files:
            if not file.is_file():
                there = ", ".join(sorted(path.stem for path in folder.glob("*.bin"))) or "none"
                raise UnknownVoice(f"voice preset {voice.name!r}: no voice {file.stem!r} in {folder}; there is {there}")
        return files

    def _style(self, voice: VoicePreset) -> NDArray[np.float32]:
        """What makes the model sound like this voice, for each length of text: float32, shape (510, 256)."""
        styles = np.stack([_read_style(file, fingerprint(file)) for file in self._styles(voice)])
        return np.asarray(styles.mean(axis=0), dtype=np.float32)


def _names(voice: VoicePreset) -> list[str]:
    names = (voice.voice or PLAIN_VOICE).split("+")
    if not all(re.fullmatch(r"[a-z]{2}_[a-z]+", name) for name in names):
        raise UnknownVoice(
            f"voice preset {voice.name!r}: {voice.voice!r} is no voice of Kokoro; they are called af_heart, bm_george "
            "and so on, and af_heart+bm_george is between the two"
        )
    return names


def _accents(voice: VoicePreset) -> dict[str, Accent]:
    """How the voice is told to speak each of its languages."""
    own = [ACCENTS[name[0]] for name in _names(voice) if name[0] in ACCENTS]
    return {accent.language: accent for accent in (*reversed(own), ICELANDIC)}


def _pieces(
    model: onnxruntime.InferenceSession, phonemes: str, styles: NDArray[np.float32], *, speed: float
) -> Iterator[NDArray[np.float32]]:
    for sentence in sentences_of(phonemes, shortest=SHORT_SYMBOLS, longest=MAX_SYMBOLS):
        symbols = [VOCABULARY[symbol] for symbol in sentence]
        given = {
            "tokens": np.array([[0, *symbols, 0]], dtype=np.int64),
            "style": styles[np.newaxis, len(symbols) - 1],
            "speed": np.array([speed], dtype=np.float32),
        }
        with running(f"Kokoro at /{sentence[:60]}/"):
            samples = np.clip(model.run(None, given)[0].ravel(), -1.0, 1.0).astype(np.float32)
        # It leaves up to half a second of hiss around what it says.
        said = shaped(samples, SAMPLE_RATE_HZ, hisses=True).samples[0]
        pause_s = SENTENCE_PAUSE_S if ends_a_sentence(sentence) else CLAUSE_PAUSE_S
        yield np.pad(said, (0, round(pause_s * SAMPLE_RATE_HZ)))


@lru_cache(maxsize=64)
def _read_style(path: Path, revision: str) -> NDArray[np.float32]:
    try:
        return np.fromfile(path, dtype="<f4").reshape(STYLES)
    except (OSError, ValueError) as error:
        raise ModelDamaged(f"{path} is not a voice of Kokoro: {STYLES[0]} times {STYLES[1]} numbers") from error


def _loaded(path: Path) -> onnxruntime.InferenceSession:
    key = ("kokoro", path, fingerprint(path))
    return MODELS.get(key, lambda: onnx_need(path, "the Kokoro model"), lambda: open_model(path, inputs=INPUTS))
