"""ONNX models: opened from a file, and their many exceptions made into ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

from tasks.errors import EngineFailed, ModelDamaged, ModelNotFound
from tasks.models.cache import Need

# They have no parent of their own below Exception.
UNREADABLE = (state.InvalidProtobuf, state.InvalidGraph, state.InvalidArgument, state.NotImplemented)
BROKEN = (state.Fail, state.RuntimeException, state.EPFail, state.EngineError, state.ModelLoaded, state.NoModel)


LOADED_BYTES_PER_BYTE = 1.5  # measured with a Piper voice


def onnx_need(path: Path, what: str) -> Need:
    """What the model in a file will take in memory. `what` it is, for messages."""
    size_bytes = round(path.stat().st_size * LOADED_BYTES_PER_BYTE)
    return Need(what=f"{what} {path.name}", share="tts", device="cpu", size_bytes=size_bytes)


def open_model(path: Path, *, inputs: frozenset[str]) -> onnxruntime.InferenceSession:
    """The model in a file, on the CPU; it may be run from several threads at once.

    inputs: names that it must take; a file may be an ONNX model and of another kind.
    Raises: ModelNotFound, ModelDamaged.
    """
    options = onnxruntime.SessionOptions()
    # Threads that wait for one another by spinning cost a third of the CPU and save no time (measured).
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except state.NoSuchFile as error:
        raise ModelNotFound(f"no model at {path}") from error
    except (*UNREADABLE, *BROKEN) as error:
        raise ModelDamaged(f"{path} is not an ONNX model that can be read: {str(error)[:200]}") from error
    if missing := inputs - {taken.name for taken in session.get_inputs()}:
        raise ModelDamaged(f"{path} is a model of another kind: it takes no {', '.join(sorted(missing))}")
    return session


@contextmanager
def running(what: str) -> Iterator[None]:
    """What breaks inside a model becomes EngineFailed, with `what` it was asked for."""
    try:
        yield
    except (*UNREADABLE, *BROKEN, MemoryError) as error:
        raise EngineFailed(f"{what}: the model broke: {str(error)[:200]}") from error
