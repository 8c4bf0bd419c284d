"""NVIDIA NeMo: any CTC model in a `.nemo` file, with word times. Needs torch and NeMo, the extra `gpu`."""

from __future__ import annotations

import hashlib
import logging
import os
import tarfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, AsrCapabilities, hears_well
from tasks.errors import EngineFailed, EngineUnavailable, LanguageNotAllowed, ModelDamaged, ModelNotFound
from tasks.models.cache import Need
from tasks.schemas import AsrConfig, Segment, Word

if TYPE_CHECKING:
    from types import ModuleType

LOADED_BYTES_PER_BYTE = 1.2
SHORTEST_S = 0.1  # the features of less than a few frames break the model


class NemoAsr:
    """A CTC model of NeMo, loaded."""

    def __init__(self, config: AsrConfig, *, models_folder: Path) -> None:
        """Load the `.nemo` file `config.model`; none is embedded, so `models_folder` is not used.

        Raises: EngineUnavailable without torch and NeMo, or without the device; ModelNotFound; ModelDamaged.
        """
        path = _path(config)
        nemo_asr = _import_nemo()
        try:
            self._model = nemo_asr.models.ASRModel.restore_from(str(path), map_location=config.device)
        except (tarfile.TarError, OSError, KeyError, ValueError) as error:
            raise ModelDamaged(f"{path} is not a NeMo model that can be read: {error}") from error
        except RuntimeError as error:
            raise EngineUnavailable(f"NeMo cannot load {path.name} on {config.device}: {error}") from error
        self._model.eval()
        self._one_at_a_time = Lock()  # `transcribe` switches modes of the shared model
        self.capabilities = AsrCapabilities(hears_well=hears_well(config), detects_language=False, max_chunk_s=30.0)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.version = f"nemo {nemo_asr.__version__}, {path.name}:{digest[:12]}"

    @classmethod
    def need(cls, config: AsrConfig, *, models_folder: Path) -> Need:
        """See `AsrEngine`. A `.nemo` file is an archive of the weights as they are loaded.

        Raises: ModelNotFound.
        """
        path = _path(config)
        return Need(
            what=f"the NeMo model {path.name}",
            share="asr",
            device="cuda" if config.device.startswith("cuda") else "cpu",
            size_bytes=round(path.stat().st_size * LOADED_BYTES_PER_BYTE),
        )

    def detect_language(self, samples: NDArray[np.float32], allowed: tuple[str, ...]) -> str:
        """The one language that is allowed: a CTC model speaks the language of its labels and tells no other.

        Raises: LanguageNotAllowed when there is a choice.
        """
        if len(allowed) != 1:
            raise LanguageNotAllowed(f"NeMo cannot tell which of {', '.join(allowed)} is spoken; name the language")
        return allowed[0]

    def transcribe(self, samples: NDArray[np.float32], language: str) -> tuple[Segment, ...]:
        """The words of a chunk; see `AsrEngine`. The language is the model's own, whatever is asked for.

        Raises: EngineFailed.
        """
        if len(samples) < SHORTEST_S * ASR_SAMPLE_RATE_HZ:
            return ()
        try:
            with self._one_at_a_time:
                heard = self._model.transcribe(
                    [np.ascontiguousarray(samples, dtype=np.float32)],
                    batch_size=1,
                    num_workers=0,  # a loader's processes cost more than they bring
                    verbose=False,
                    timestamps=True,
                )[0]
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"NeMo broke on {len(samples) / ASR_SAMPLE_RATE_HZ:.1f} s of sound: {error}") from error
        words = tuple(
            Word(text=word["word"], start_s=max(0.0, word["start"]), end_s=max(0.0, word["start"], word["end"]))
            for word in heard.timestamp["word"]
            if word["word"].strip()
        )
        if not words:
            return ()
        text = " ".join(word.text for word in words)
        return (Segment(start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=words),)


def _path(config: AsrConfig) -> Path:
    path = Path(config.model).expanduser()
    if not config.model or not path.is_file():
        raise ModelNotFound(f"no NeMo model at {config.model!r}; give the path of a .nemo file")
    return path


@cache
def _import_nemo() -> ModuleType:
    """`nemo.collections.asr`, with its banners and warnings turned down.

    Raises: EngineUnavailable.
    """
    os.environ.setdefault("NEMO_LOGGING_LEVEL", "ERROR")  # read when NeMo is imported
    logging.getLogger("nv_one_logger").setLevel(logging.ERROR)
    try:
        import nemo
        import nemo.collections.asr as nemo_asr
        from nemo.utils import logging as nemo_logging
    except ImportError as error:
        raise EngineUnavailable(
            f"the NeMo engine needs {error.name!r}, which is not installed here: "
            "pip install torch, then pip install 'hladvarp[gpu]'"
        ) from error
    nemo_logging.setLevel(logging.ERROR)
    nemo_asr.__version__ = nemo.__version__
    module: ModuleType = nemo_asr
    return module
