"""Find and load a CTranslate2 Whisper model; a folder is used as it is and never reaches for the network."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from ctranslate2 import get_cuda_device_count
from faster_whisper import WhisperModel, download_model
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

from tasks.asr.embedded import embedded_model, embedded_tokenizer
from tasks.errors import EngineUnavailable, ModelDamaged, ModelNotFound
from tasks.models.cache import Need
from tasks.schemas import AsrConfig

log = structlog.get_logger(__name__)

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")
FINGERPRINT_BLOCKS, FINGERPRINT_BLOCK_BYTES = 16, 65_536  # of some gigabytes, all would take seconds
# Of weights kept as 16-bit floats, as the hub's are; measured with the base model: 0.77 and 2.19.
LOADED_BYTES_PER_BYTE = {"int8": 1.0, "int8_float32": 1.0, "int8_float16": 1.0, "float16": 1.2, "bfloat16": 1.2}
LOADED_BYTES_AT_MOST = 2.3  # float32, or what the library chooses itself
MULTILINGUAL_TOKENS = 51_865  # of every multilingual Whisper before large-v3: they share one tokenizer


def load_model(config: AsrConfig, models_folder: Path) -> tuple[WhisperModel, str]:
    """The model that `config` names (none: the embedded one), and what tells it from other models.

    Raises: ModelNotFound, ModelDamaged, EngineUnavailable.
    """
    folder, weights = _found(config, models_folder)
    identity = f"{folder.name}:{_fingerprint(weights)}"
    if (folder / "tokenizer.json").is_file():
        _json(folder / "tokenizer.json")
        return _open(folder, config), identity
    with TemporaryDirectory(prefix="whisper-") as complete:
        # faster-whisper would ask the hub for a missing tokenizer; it looks for one only beside the weights.
        for file in folder.iterdir():
            (Path(complete) / file.name).symlink_to(file.resolve())
        (Path(complete) / "tokenizer.json").write_bytes(_tokenizer_for(folder))
        return _open(Path(complete), config), identity


def model_need(config: AsrConfig, models_folder: Path) -> Need:
    """What the model will take in memory; one on the hub is fetched for that.

    Raises: ModelNotFound, ModelDamaged.
    """
    folder, weights = _found(config, models_folder)
    is_on_gpu = config.device == "cuda" or (config.device == "auto" and get_cuda_device_count() > 0)
    ratio = LOADED_BYTES_PER_BYTE.get(config.compute_type, LOADED_BYTES_AT_MOST)
    return Need(
        what=f"the Whisper model {folder.name} in {config.compute_type}",
        share="asr",
        device="cuda" if is_on_gpu else "cpu",
        size_bytes=round(weights.stat().st_size * ratio),
    )


def _found(config: AsrConfig, models_folder: Path) -> tuple[Path, Path]:
    """The model's folder, and its weights."""
    folder = _folder(config.model) if config.model else embedded_model(models_folder)
    return folder, _required(folder, "model.bin")


def _fingerprint(weights: Path) -> str:
    """A short hash of blocks all over the file: fine-tuned models differ everywhere, and not in size."""
    size = weights.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with weights.open("rb") as file:
        for index in range(FINGERPRINT_BLOCKS):
            file.seek(index * size // FINGERPRINT_BLOCKS)
            digest.update(file.read(FINGERPRINT_BLOCK_BYTES))
    return digest.hexdigest()[:12]


def _folder(model: str) -> Path:
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if not HUB_NAME.fullmatch(model) or model.startswith("."):
        raise ModelNotFound(f"no Whisper model in the folder {model}; give a folder that holds model.bin")
    try:
        return Path(download_model(model, local_files_only=True))
    except (LocalEntryNotFoundError, ValueError):
        log.info("model.requested", model=model)
    try:
        return Path(download_model(model))
    except RepositoryNotFoundError as error:
        raise ModelNotFound(f"there is no folder {model}, and no such model on the hub, or it is not public") from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelNotFound(
            f"there is no folder {model}, and the hub cannot be reached to fetch a model of that name "
            f"({type(error).__name__}); fetch it where there is a network, and give its folder"
        ) from error
    except ValueError as error:
        raise ModelNotFound(f"there is no folder {model}, and no model of that name: {error}") from error


def _required(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise ModelNotFound(f"{folder} is not a CTranslate2 Whisper model: it holds no {name}")
    return folder / name


def _tokenizer_for(folder: Path) -> bytes:
    if _token_count(folder) != MULTILINGUAL_TOKENS:
        raise ModelNotFound(f"{folder} holds no tokenizer.json; copy it there from the model that this one was made of")
    return embedded_tokenizer()


def _token_count(folder: Path) -> int:
    if (folder / "vocabulary.json").is_file():
        return len(_json(folder / "vocabulary.json"))
    with _required(folder, "vocabulary.txt").open("rb") as lines:
        return sum(1 for _ in lines)


def _json(path: Path) -> dict[str, object] | list[object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelDamaged(f"{path} is not JSON") from error
    if not isinstance(content, dict | list):
        raise ModelDamaged(f"{path} is JSON, but neither an object nor a list")
    return content


def _open(folder: Path, config: AsrConfig) -> WhisperModel:
    try:
        return WhisperModel(
            str(folder),
            device=config.device,
            compute_type=config.compute_type,
            cpu_threads=config.threads,
            local_files_only=True,
        )
    except ValueError as error:  # an unknown device, or a compute type that it does not have
        raise EngineUnavailable(f"{config.compute_type} on {config.device} is not to be had here: {error}") from error
    except (RuntimeError, OSError) as error:
        raise _translated(error, config) from error


def _translated(error: RuntimeError | OSError, config: AsrConfig) -> EngineUnavailable | ModelDamaged:
    """CTranslate2 raises a bare RuntimeError for everything; only the text tells a driver from a file."""
    if re.search(r"cuda|cublas|cudnn|driver", str(error), re.IGNORECASE):
        return EngineUnavailable(f"device {config.device} is not to be had here: {error}")
    return ModelDamaged(f"the Whisper model {config.model} cannot be read: {error}")
