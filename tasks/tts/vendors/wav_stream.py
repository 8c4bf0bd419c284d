"""Samples out of an answer that may be plain or a WAV file, as it comes."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

from tasks.errors import AnswerUnfinished, RequestRefused

PCM, EXTENSIBLE = 0x0001, 0xFFFE
LONGEST_HEAD_BYTES = 1 << 16
# A file that is written while it is sent can't know its size: writers leave 0 or the most that the field holds.
ENDLESS_BYTES = 0x7FFF_0000


class Head(NamedTuple):
    """Where the samples of a WAV file begin, how many bytes they are, and their rate."""

    begins: int
    n_bytes: int
    sample_rate_hz: int


def plain_samples(chunks: Iterable[bytes], *, asked: str, sample_rate_hz: int) -> tuple[int, Iterator[bytes]]:
    """The rate and the bytes of the samples, 16 bits, mono.

    sample_rate_hz: the rate of plain ones; a WAV file says its own. asked: who was asked for what, for the message.
    Raises: AnswerUnfinished for a WAV file that breaks off, at once or later; RequestRefused for one of another kind.
    """
    coming, received = iter(chunks), b""
    for chunk in coming:
        received += chunk
        if len(received) >= 4 and not received.startswith(b"RIFF"):
            break
        if (head := _head(received, asked)) is not None:
            return head.sample_rate_hz, _data(chain([received[head.begins :]], coming), head.n_bytes, asked)
        if len(received) > LONGEST_HEAD_BYTES:
            raise AnswerUnfinished(f"{asked}: a WAV file came, and no sound in its first {len(received)} bytes")
    if received.startswith(b"RIFF"):
        raise AnswerUnfinished(f"{asked}: a WAV file came that ends after {len(received)} bytes; try again")
    return sample_rate_hz, chain([received], coming)


def _head(received: bytes, asked: str) -> Head | None:
    """None while there is more of it to come. Source: Multimedia Programming Interface 1.0 (IBM, Microsoft), RIFF."""
    at, sample_rate_hz = 12, 0
    while len(received) >= at + 8:
        kind, n_bytes = struct.unpack_from("<4sI", received, at)
        at += 8
        if kind == b"data":
            if not sample_rate_hz:
                raise AnswerUnfinished(f"{asked}: a WAV file came that does not say what it holds; try again")
            return Head(at, n_bytes, sample_rate_hz)
        if kind == b"fmt " and len(received) >= at + n_bytes:
            sample_rate_hz = _rate(received[at : at + n_bytes], asked)
        at += n_bytes + n_bytes % 2
    return None


def _rate(form: bytes, asked: str) -> int:
    if len(form) < 16:
        raise AnswerUnfinished(f"{asked}: a WAV file came that does not say what it holds; try again")
    tag, channels, sample_rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == EXTENSIBLE and len(form) >= 26:
        (tag,) = struct.unpack_from("<H", form, 24)
    if (tag, channels, bits) != (PCM, 1, 16) or not 8_000 <= sample_rate_hz <= 192_000:
        raise RequestRefused(
            f"{asked}: a WAV file of kind {tag} came, {channels} channels of {bits} bits at {sample_rate_hz} Hz; "
            "let the server send whole numbers of 16 bits, one channel"
        )
    return int(sample_rate_hz)


def _data(coming: Iterator[bytes], n_bytes: int, asked: str) -> Iterator[bytes]:
    """As much as the file announces; what stands behind it is no sound."""
    endless, left = n_bytes == 0 or n_bytes >= ENDLESS_BYTES, n_bytes
    for chunk in coming:
        yield chunk if endless else chunk[:left]
        left = max(0, left - len(chunk))
    if left and not endless:
        raise AnswerUnfinished(f"{asked}: {left} of the {n_bytes} bytes of its WAV file are missing; try again")
