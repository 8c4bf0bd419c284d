"""Sound files in the house's own formats: FLAC and WAV, read and written block by block."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from tasks.audio.progress import reported
from tasks.audio.samples import Samples
from tasks.errors import EncodingFailed, StorageFull, UnreadableSource

PROGRAMME_RATE_HZ = 48_000  # of everything between ingest and the encoder: video's rate, and a multiple of speech's
ASR_RATE_HZ = 16_000
BLOCK_S = 10.0
_FULL_BELOW_BYTES = 1 << 20


@dataclass(frozen=True)
class SoundInfo:
    """What a file's header says."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    n_samples: int


def info(path: Path) -> SoundInfo:
    """Length, rate and channels of a FLAC or WAV file.

    Raises: UnreadableSource.
    """
    with open_sound(path) as file:
        return SoundInfo(file.frames / file.samplerate, file.samplerate, file.channels, file.frames)


def duration_s(path: Path) -> float:
    """Seconds of sound in a FLAC or WAV file.

    Raises: UnreadableSource.
    """
    return info(path).duration_s


def read_blocks(path: Path, *, block_s: float = BLOCK_S) -> Iterator[Samples]:
    """The sound of a FLAC or WAV file, in blocks of `block_s` and a last one that may be shorter.

    Raises: UnreadableSource, also in the middle where the file is damaged.
    """
    with open_sound(path) as file:
        size = max(1, round(block_s * file.samplerate))
        try:
            while len(frames := file.read(size, dtype="float32", always_2d=True)):
                yield np.ascontiguousarray(frames.T)
        except soundfile.LibsndfileError as error:
            raise UnreadableSource(
                f"{path.name} is damaged at {file.tell() / file.samplerate:.1f} s: {error}"
            ) from error


def read_span(path: Path, start_s: float, end_s: float) -> Samples:
    """The samples from `start_s` up to `end_s`, each rounded to the nearest sample and held inside the file.

    Raises: UnreadableSource.
    """
    with open_sound(path) as file:
        start, end = (min(max(0, round(time_s * file.samplerate)), file.frames) for time_s in (start_s, end_s))
        try:
            file.seek(start)
            frames = file.read(max(0, end - start), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise UnreadableSource(f"{path.name} is damaged near {start_s:.1f} s: {error}") from error
    return np.ascontiguousarray(frames.T)


def write_flac(
    target: Path, blocks: Samples | Iterable[Samples], *, sample_rate_hz: int, subtype: str = "PCM_24"
) -> SoundInfo:
    """Write samples, or blocks of them, to a FLAC file that appears whole or not at all; full scale clips.

    Raises: EncodingFailed when there are no samples or they cannot be written, StorageFull.
    """
    if isinstance(blocks, np.ndarray):
        blocks = (blocks,)
    with part_of(target) as part, writing(target):
        return write_part(part, blocks, sample_rate_hz=sample_rate_hz, kind=("FLAC", subtype))


def write_part(part: Path, blocks: Iterable[Samples], *, sample_rate_hz: int, kind: tuple[str, str]) -> SoundInfo:
    """Write blocks to a file of a kind (container, subtype) that soundfile knows; inside `part_of` and `writing`.

    Raises: EncodingFailed when there are no samples, and what soundfile raises.
    """
    channels = written = 0
    file = None
    try:
        for block in reported(blocks, "written", sample_rate_hz=sample_rate_hz):
            if file is None:
                channels = len(block)
                file = soundfile.SoundFile(part, "w", sample_rate_hz, channels, kind[1], format=kind[0])
            file.write(block.T)
            written += block.shape[1]
    finally:
        if file is not None:
            file.close()
    if not written:
        raise EncodingFailed(f"there is no sound to write to {named(part)}")
    return SoundInfo(written / sample_rate_hz, sample_rate_hz, channels, written)


def resample_blocks(blocks: Iterable[Samples], from_hz: int, *, to_hz: int) -> Iterator[Samples]:
    """The same sound at another rate, in blocks without seams; its length is that of the whole, rounded to a sample."""
    if from_hz == to_hz:
        yield from blocks
        return
    stream, channels = None, 0
    for block in blocks:
        if stream is None:
            channels = len(block)
            stream = soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32", quality="HQ")
        yield np.ascontiguousarray(stream.resample_chunk(np.ascontiguousarray(block.T)).T)
    if stream is not None:
        yield np.ascontiguousarray(stream.resample_chunk(np.zeros((0, channels), np.float32), last=True).T)


def to_asr_flac(source: Path, target: Path) -> SoundInfo:
    """What ASR engines hear: the mean of all channels at 16 kHz, as 16-bit FLAC.

    Raises: UnreadableSource, EncodingFailed, StorageFull.
    """
    mono = (block.mean(axis=0, keepdims=True) for block in read_blocks(source))
    blocks = resample_blocks(mono, info(source).sample_rate_hz, to_hz=ASR_RATE_HZ)
    return write_flac(target, blocks, sample_rate_hz=ASR_RATE_HZ, subtype="PCM_16")


@contextmanager
def part_of(target: Path) -> Iterator[Path]:
    """A path beside `target` that takes its name when the block ends well, and is removed when it does not."""
    part = target.with_name(f".{target.name}{_part_suffix()}")
    try:
        yield part
        os.replace(part, target)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Translates what the sound libraries raise while they write.

    Raises: StorageFull, EncodingFailed.
    """
    try:
        yield
    # soundfile asserts that as many samples were written as were given; a full disk breaks that.
    except (soundfile.LibsndfileError, AssertionError, RuntimeError, OSError) as error:
        name = named(target)
        if shutil.disk_usage(target.parent).free < _FULL_BELOW_BYTES:
            raise StorageFull(f"no room left for {name} in {target.parent}; free some, and run again") from error
        raise EncodingFailed(f"{name} could not be written: {error}") from error


def named(path: Path) -> str:
    """What a file is called, also while it is a part."""
    return path.name.removeprefix(".").removesuffix(_part_suffix())


def _part_suffix() -> str:
    return f".{os.getpid()}.part"


def open_sound(path: Path) -> soundfile.SoundFile:
    """A FLAC or WAV file, to be read.

    Raises: UnreadableSource.
    """
    try:
        return soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise UnreadableSource(f"{path.name} is not a FLAC or WAV file that can be read: {error}") from error
