"""The project's end of the pipes to one eSpeak worker: `worker.py` is the other."""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import espeakng_loader
import structlog

from tasks.errors import EngineFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger(__name__)

WORKER = Path(__file__).with_name("worker.py")
HEADER = struct.Struct(">cI")
SECONDS_PER_CHARACTER = 0.005  # thirty times what was measured, for a machine that is busy with other things


@dataclass(frozen=True)
class Utterance:
    """What a worker is told to say, in eSpeak's own units."""

    text: str
    voice: str
    rate_wpm: int
    pitch: int


class EspeakProcess:
    """One worker. It ends with `close`, or when this process is gone. It may be silent for `patience_s` at most."""

    def __init__(self, patience_s: float) -> None:
        """Start the worker and wait for its hello.

        Raises: EngineFailed when none comes.
        """
        self._patience_s = patience_s
        self._received = bytearray()
        self._process = subprocess.Popen(  # noqa: S603 (our own file, no shell, nothing of the user's)
            [sys.executable, "-I", "-S", str(WORKER), _library(), espeakng_loader.get_data_path(), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            process_group=0,  # a Ctrl-C in the terminal is for this process; and the worker's fork ends with it
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin, self._process.stdout
        os.set_blocking(self._requests.fileno(), False)
        try:
            kind, payload = self._frame()
            if kind != b"H":
                raise EngineFailed(payload.decode(errors="replace"))
        except EngineFailed:
            self.close()
            raise
        self.version = payload.decode()
        log.debug("worker.started", pid=self._process.pid, version=self.version)

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def say(self, utterance: Utterance, on_sound: Callable[[bytes], object]) -> list[tuple[int, int, int]]:
        """Say it; the words, each by its first character, its length and its first sample.

        on_sound: takes the samples (16-bit, mono) piece by piece, as they come.
        Raises: EngineFailed when the worker dies, gets stuck or refuses; it is of no use afterwards.
        """
        words = self._ask(asdict(utterance), utterance.text, utterance.voice, on_sound)
        return [(int(start), int(length), int(sample)) for start, length, sample in words]

    def transcribe(self, texts: Sequence[str], voice: str) -> list[str]:
        """Each text in IPA; `^` ties the letters of one sound.

        Raises: EngineFailed as `say`.
        """
        return [str(phonemes) for phonemes in self._ask({"texts": texts, "voice": voice}, " ".join(texts), voice)]

    def _ask(
        self, request: dict[str, object], text: str, voice: str, on_sound: Callable[[bytes], object] = bytes
    ) -> list[Any]:
        limit_s = max(1, round(self._patience_s + SECONDS_PER_CHARACTER * len(text)))
        message = json.dumps(request | {"limit_s": limit_s}).encode()
        try:
            self._send(HEADER.pack(b"R", len(message)) + message)
            while True:
                kind, payload = self._frame()
                if kind == b"A":
                    on_sound(payload)
                elif kind == b"E":
                    return list(json.loads(payload))
                else:
                    raise EngineFailed(payload.decode(errors="replace"))
        except EngineFailed as error:
            raise EngineFailed(f"eSpeak broke at {text[:60]!r} (voice {voice}): {error}") from error

    def close(self) -> None:
        """End the worker and whatever it is saying, and wait until it is gone."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._requests.close()
        self._answers.close()
        self._process.wait()

    def _send(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            _, ready, _ = select.select([], [self._requests], [], self._patience_s)
            if not ready:
                raise EngineFailed("its worker does not listen")
            try:
                rest = rest[os.write(self._requests.fileno(), rest) :]
            except BrokenPipeError as error:
                raise EngineFailed("its worker is gone") from error

    def _frame(self) -> tuple[bytes, bytes]:
        kind, length = HEADER.unpack(self._read(HEADER.size))
        return kind, self._read(length)

    def _read(self, count: int) -> bytes:
        while len(self._received) < count:
            ready, _, _ = select.select([self._answers], [], [], self._patience_s)
            if not ready:
                raise EngineFailed("its worker does not answer in time")
            some = os.read(self._answers.fileno(), 65_536)
            if not some:
                raise EngineFailed("its worker died")
            self._received += some
        taken = bytes(self._received[:count])
        del self._received[:count]
        return taken


def _library() -> str:
    return str(espeakng_loader.get_library_path())
