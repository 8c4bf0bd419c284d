"""The sound of a vendor's answer, piece by piece as it comes, and the proof at its end that it is sound and whole."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx
import numpy as np
from numpy.typing import NDArray

from tasks.errors import AnswerUnfinished
from tasks.tts.vendors.refusal import one_line

AUDIBLE = 10 ** (-50 / 20)  # of full scale; what a vendor's voice leaves between its words is softer
# Speech stays 9 dB and more below its own peaks; bytes of another format, read as samples, are noise at -5 dBFS.
LOUDEST_RMS = 10 ** (-8 / 20)
LONGEST_S = 1200.0  # no vendor says more at once (Azure stops at 600 s), and what has no end would fill the memory
FASTEST_CHARACTERS_PER_S = 80.0  # a voice at twice its rate says 30; one that is cut after a word seems to say hundreds
LONGEST_ANSWER_S = 900.0  # a server that sends a byte now and then is never silent for long
_CONTAINERS = {b"RIFF": "WAV", b"ID3": "MP3", b"OggS": "Ogg", b"fLaC": "FLAC", b"\x1aE\xdf\xa3": "WebM"}


@dataclass(frozen=True)
class SoundAnswer:
    """An answer whose head has come, and whose body is still coming."""

    response: httpx.Response
    asked: str
    """Who was asked for what, in words."""

    def pieces(self, *, sample_rate_hz: int, characters: int = 0) -> Iterator[NDArray[np.float32]]:
        """PCM s16le as it comes: float32, shape (n_samples,). Raises: AnswerUnfinished, as `pcm_pieces` does."""
        yield from pcm_pieces(self.chunks(), asked=self.asked, sample_rate_hz=sample_rate_hz, characters=characters)

    def whole(self, *, sample_rate_hz: int, characters: int = 0) -> NDArray[np.float32]:
        """All of it: float32, shape (n_samples,). Raises: AnswerUnfinished."""
        return np.concatenate(list(self.pieces(sample_rate_hz=sample_rate_hz, characters=characters)))

    def chunks(self) -> Iterator[bytes]:
        """The body's bytes as they come. Raises: AnswerUnfinished when it breaks off, or takes too long."""
        begun_s, n_bytes = time.monotonic(), 0
        try:
            for chunk in self.response.iter_bytes():
                n_bytes += len(chunk)
                yield chunk
                if time.monotonic() - begun_s > LONGEST_ANSWER_S:
                    raise AnswerUnfinished(f"{self.asked}: no end after {LONGEST_ANSWER_S:.0f} s; try again")
        except httpx.TimeoutException as error:
            raise AnswerUnfinished(f"{self.asked}: the answer fell silent after {n_bytes} bytes; try again") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            reason = one_line(str(error)) or "the connection broke"
            raise AnswerUnfinished(f"{self.asked}: after {n_bytes} bytes, {reason}; try again") from error


def letters_in(text: str) -> int:
    """How many letters and digits take time to say: signs take none, nor does the length of a `Neeeeei`."""
    return len(re.sub(r"[\W_]|(.)(?=\1)", "", text))


def pcm_pieces(
    chunks: Iterable[bytes], *, asked: str, sample_rate_hz: int, characters: int = 0
) -> Iterator[NDArray[np.float32]]:
    """Signed 16-bit little-endian mono PCM as it comes, each piece float32 of shape (n_samples,), full scale 1.0.

    asked: who was asked for what, for the message. characters: `letters_in` the text; 0 leaves the length unchecked.
    Raises: AnswerUnfinished, as `whole_sound` does; when half a sample is left over, or a file of sound comes instead.
    """
    pieces = _samples(chunks, asked)
    return whole_sound(pieces, asked=asked, sample_rate_hz=sample_rate_hz, characters=characters)


def whole_sound(
    pieces: Iterable[NDArray[np.float32]], *, asked: str, sample_rate_hz: int, characters: int = 0
) -> Iterator[NDArray[np.float32]]:
    """The same pieces, of which it is known at their end that they are a whole answer to this question.

    Raises: AnswerUnfinished: at the end when nothing came, all of it is silence or noise, or it is too short for the
    text; at once when it has no end.
    """
    n_samples, peak, energy = 0, 0.0, 0.0
    for piece in pieces:
        if not piece.size:
            continue
        n_samples += piece.size
        peak = max(peak, float(np.abs(piece).max()))
        energy += float(np.dot(piece, piece))
        if n_samples > LONGEST_S * sample_rate_hz:
            raise AnswerUnfinished(f"{asked}: more than {LONGEST_S:.0f} s of sound came, and no end; try again")
        yield piece
    heard_s = n_samples / sample_rate_hz
    if n_samples == 0:
        raise AnswerUnfinished(f"{asked}: an empty answer came; try again")
    if not peak >= AUDIBLE:
        raise AnswerUnfinished(f"{asked}: {heard_s:.2f} s of silence came; try again")
    if energy > n_samples * LOUDEST_RMS**2:
        raise AnswerUnfinished(f"{asked}: what came is noise, as of sound in another format; try again")
    if heard_s * FASTEST_CHARACTERS_PER_S < characters:
        raise AnswerUnfinished(f"{asked}: only {heard_s:.2f} s came for {characters} letters; try again")


def _samples(chunks: Iterable[bytes], asked: str) -> Iterator[NDArray[np.float32]]:
    rest, n_bytes = b"", 0
    for chunk in chunks:
        pending = rest + chunk
        if n_bytes == 0:
            _refuse_container(pending, asked)
        rest = pending[len(pending) // 2 * 2 :]
        n_bytes += len(pending) - len(rest)
        yield np.frombuffer(pending, dtype="<i2", count=len(pending) // 2).astype(np.float32) / np.float32(32_768)
    if rest:
        raise AnswerUnfinished(f"{asked}: the answer ends in the middle of a sample, after {n_bytes} bytes; try again")


def _refuse_container(beginning: bytes, asked: str) -> None:
    for magic, name in _CONTAINERS.items():
        if beginning.startswith(magic):
            raise AnswerUnfinished(f"{asked}: a {name} file came, where plain samples (PCM, 16 bits) were asked for")
