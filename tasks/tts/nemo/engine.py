"""NVIDIA NeMo: FastPitch and HiFi-GAN from two `.nemo` files. Needs torch and NeMo, the extra `gpu`.

No Icelandic checkpoint is public, so this is for a studio that has trained its own; nobody has heard it yet. Its wiring
is tried with small models that have learnt nothing (`make test-nemo`).
"""

from __future__ import annotations

import logging
import os
import tarfile
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from tasks.errors import EngineFailed, EngineUnavailable, LanguageNotAllowed, ModelDamaged, TextTooLong
from tasks.models.cache import MODELS, Need
from tasks.tts.clip_shape import SHAPE_VERSION, is_speakable, shaped, silence, speakable
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine
from tasks.tts.model_files import fingerprint, model_file
from tasks.tts.nemo.files import describe
from tasks.tts.sentences import ends_a_sentence, sentences_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tasks.schemas import EngineAccess, Mark, VoicePreset
    from tasks.schemas.memory import Device

MAX_CHARACTERS = 2000
LOADED_BYTES_PER_BYTE = 1.2
SHORT_CHARACTERS, LONG_CHARACTERS = 20, 300  # of a sentence; FastPitch is trained on clips of ten seconds or so
SENTENCE_PAUSE_S, CLAUSE_PAUSE_S = 0.27, 0.04  # with the edges that a piece keeps: 0.35 and 0.12 (reference/tts.md, 4)


class NemoTts(TtsEngine):
    """FastPitch and HiFi-GAN: a preset's voice and model are their paths, or names in the engine's folder."""

    def __init__(self, access: EngineAccess) -> None:
        """Load nothing yet; the folder is `access.folder`.

        Raises: EngineUnavailable when NeMo is not installed.
        """
        self._access = access
        try:
            self.version = f"nemo {version('nemo-toolkit')}, shape {SHAPE_VERSION}"
        except PackageNotFoundError as error:
            raise _unavailable("nemo") from error

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        """What the two files say of themselves.

        Raises: ModelNotFound, ModelDamaged, UnknownVoice.
        """
        described = describe(*self._files(voice), self.revision(voice))
        return TtsCapabilities(
            languages=frozenset({described.language}),
            sample_rate_hz=described.sample_rate_hz,
            max_characters=MAX_CHARACTERS,
            settings=frozenset({"rate"}),
            streaming=True,
        )

    def revision(self, voice: VoicePreset) -> str:
        """Of both files.

        Raises: ModelNotFound.
        """
        return ", ".join(f"{file.stem}:{fingerprint(file)}" for file in self._files(voice))

    def check(self, voice: VoicePreset, language: str) -> None:
        """Refuse a voice whose files are not there, do not belong together, or speak another language.

        Raises: ModelNotFound, ModelDamaged, UnknownVoice, LanguageNotAllowed.
        """
        (spoken,) = self.capabilities(voice).languages
        if language != spoken:
            raise LanguageNotAllowed(
                f"voice preset {voice.name!r}: {self._files(voice)[0].name} speaks {spoken!r}, not {language!r}"
            )

    def synthesize(self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()) -> Speech:
        """Say `text`; a text with nothing to say gives a short silence. NeMo tells no times of words.

        Raises: what `check` raises; EngineUnavailable without torch and NeMo; TextTooLong, EngineFailed.
        """
        rate_hz = self.capabilities(voice).sample_rate_hz
        return shaped(np.concatenate(list(self.stream(text, voice, language, marks))), rate_hz, hisses=True)

    def stream(
        self, text: str, voice: VoicePreset, language: str, marks: tuple[Mark, ...] = ()
    ) -> Iterator[NDArray[np.float32]]:
        """The same, sentence by sentence.

        Raises: as `synthesize`, but for EngineFailed at the call.
        """
        self.check(voice, language)
        if len(text) > MAX_CHARACTERS:
            raise TextTooLong(f"NeMo takes {MAX_CHARACTERS} characters, not {len(text)}: {text[:40]!r} …; split it")
        rate_hz = self.capabilities(voice).sample_rate_hz
        if not is_speakable(text):
            return iter([silence(rate_hz).samples[0]])
        models = _loaded(*self._files(voice), self.revision(voice))
        return _pieces(models, speakable(text)[0], pace=voice.rate, sample_rate_hz=rate_hz)

    def _files(self, voice: VoicePreset) -> tuple[Path, Path]:
        return (
            model_file(voice.voice, self._access, suffix=".nemo", what=f"voice preset {voice.name!r}, voice"),
            model_file(voice.model, self._access, suffix=".nemo", what=f"voice preset {voice.name!r}, model"),
        )


def _pieces(models: Models, text: str, *, pace: float, sample_rate_hz: int) -> Iterator[NDArray[np.float32]]:
    for sentence in sentences_of(text, shortest=SHORT_CHARACTERS, longest=LONG_CHARACTERS):
        said = shaped(models.say(sentence, pace), sample_rate_hz, hisses=True).samples[0]
        pause_s = SENTENCE_PAUSE_S if ends_a_sentence(sentence) else CLAUSE_PAUSE_S
        yield np.pad(said, (0, round(pause_s * sample_rate_hz)))


class Models:
    """FastPitch and HiFi-GAN, loaded where there is most room: on the GPU, or else here."""

    def __init__(self, fastpitch: Path, hifigan: Path) -> None:
        """Load both.

        Raises: EngineUnavailable, ModelDamaged.
        """
        self._torch, models = _import_nemo()
        device = _device()
        self._fastpitch = _restored(models.FastPitchModel, fastpitch, device)
        self._hifigan = _restored(models.HifiGanModel, hifigan, device)
        alphabet = getattr(getattr(self._fastpitch, "vocab", None), "tokens", ())
        self._has_capitals = any(str(token).isupper() for token in alphabet)
        self._one_at_a_time = Lock()  # `parse` switches modes of the shared tokenizer

    def say(self, sentence: str, pace: float) -> NDArray[np.float32]:
        """float32, shape (n_samples,), full scale 1.0.

        Raises: EngineFailed.
        """
        sentence = sentence if self._has_capitals else sentence.lower()  # NeMo leaves out letters that it does not know
        try:
            with self._one_at_a_time, self._torch.inference_mode():
                tokens = self._fastpitch.parse(sentence, normalize=False)  # what comes here is in spoken form
                spectrogram = self._fastpitch.generate_spectrogram(tokens=tokens, pace=pace)
                samples = self._hifigan.convert_spectrogram_to_audio(spec=spectrogram)
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            raise EngineFailed(f"NeMo broke at {sentence[:60]!r}: {str(error)[:200]}") from error
        return np.clip(np.asarray(samples.float().cpu().numpy(), dtype=np.float32).reshape(-1), -1.0, 1.0)


def _restored(model_class: Any, path: Path, device: str) -> Any:
    try:
        return model_class.restore_from(str(path), map_location=device).eval()
    except (tarfile.TarError, OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelDamaged(f"{path} is not a NeMo model that can be read: {str(error)[:200]}") from error
    except RuntimeError as error:
        raise EngineUnavailable(f"NeMo cannot load {path.name} on {device}: {str(error)[:200]}") from error


def _loaded(fastpitch: Path, hifigan: Path, revision: str) -> Models:
    return MODELS.get(
        ("nemo", fastpitch, hifigan, revision), lambda: _need(fastpitch, hifigan), lambda: Models(fastpitch, hifigan)
    )


def _need(*files: Path) -> Need:
    """By the archives' sizes: they hold the weights as they are loaded."""
    size_bytes = round(sum(file.stat().st_size for file in files) * LOADED_BYTES_PER_BYTE)
    return Need(f"the NeMo voice {files[0].name}", share="tts", device=_device(), size_bytes=size_bytes)


def _device() -> Device:
    return "cuda" if _import_nemo()[0].cuda.is_available() else "cpu"


@cache
def _import_nemo() -> tuple[Any, Any]:
    """`torch` and `nemo.collections.tts.models`, with their banners and warnings turned down.

    Raises: EngineUnavailable.
    """
    os.environ.setdefault("NEMO_LOGGING_LEVEL", "ERROR")  # read when NeMo is imported
    logging.getLogger("nv_one_logger").setLevel(logging.ERROR)
    try:
        import torch
        from nemo.collections.tts import models
        from nemo.utils import logging as nemo_logging
    except ImportError as error:
        raise _unavailable(error.name or "nemo") from error
    nemo_logging.setLevel(logging.ERROR)
    return torch, models


def _unavailable(package: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"the NeMo engine needs {package!r}, which is not installed here: "
        "pip install torch, then pip install 'hladvarp[gpu]'"
    )
