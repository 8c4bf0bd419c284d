"""Ingest's ears: whatever FFmpeg's libraries can read becomes 48 kHz FLAC, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
import structlog
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from tasks.audio.cut_peaks import CutInFile
from tasks.audio.frames import FrameConverter
from tasks.audio.pcm import PROGRAMME_RATE_HZ, part_of, write_flac
from tasks.audio.samples import Samples, without_damage
from tasks.errors import EmptySource, NoAudioStream, SilentRecording, SourceTooLong, UnreadableSource

log = structlog.get_logger(__name__)

# A playlist would make FFmpeg fetch whatever address it names, whatever its file is called. These name nothing.
FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,ac3,eac3,amr,wv,ape,tta,"
    "mov,mp4,m4a,3gp,3g2,matroska,webm,asf,avi,flv,mpeg,mpegts"
)
OPEN_OPTIONS = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}

# Below this peak even the whole programme lies under the absolute gate of every loudness meter (BS.1770: -70 LUFS), so
# that there is nothing to master; a muted microphone's converter noise stays under it, a distant whisper does not.
SILENT_BELOW_DBFS = -70.0
HOT_TARGET_DBFS = -0.1
_TURNED = -0.9  # a correlation that no place of voices and instruments in the room gives
_RATES_HZ = range(4_000, 768_001)


@dataclass(frozen=True)
class Decoded:
    """What was decoded, and what had to be done to it."""

    duration_s: float
    sample_rate_hz: int
    channels: int
    gain_db: float
    """Below 0 where the recording exceeded full scale."""
    damaged_packets: int
    truncated: bool
    """Whether the recording ends well before its header says."""
    format_name: str
    clipped_samples: int
    """In the file itself: resampling rounds a cut peak's corners off."""
    clipped_runs: int
    turned: bool = False
    """Whether one of two channels was the other one upside down, and was turned back."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of it, in sentences."""
        notes = []
        if self.truncated:
            notes.append(f"The recording breaks off after {self.duration_s:.1f} s; its header promises more.")
        if self.damaged_packets:
            notes.append(f"{self.damaged_packets} damaged pieces of the recording were left out.")
        if self.gain_db < -3:  # less is what every loud recording overshoots between its samples
            notes.append(f"The recording exceeded full scale and was turned down by {-self.gain_db:.1f} dB.")
        if self.turned:
            notes.append("One channel was the other one upside down, silence on a phone; it was turned back.")
        return tuple(notes)


@dataclass
class _Tally:
    """What one pass over a file counts."""

    format_name: str = ""
    claimed_s: float = 0.0
    n_samples: int = 0
    frames: int = 0
    damaged: int = 0
    peak: float = 0.0
    cut_peaks: CutInFile = field(default_factory=CutInFile)
    products: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    """Of two channels: the energy of the left one, of the right one, and what they have in common."""

    @property
    def turned(self) -> bool:
        """Whether two channels cancel each other: a cable with its poles changed, and no stereo that anybody means."""
        left, right, both = self.products
        return bool(both < _TURNED * np.sqrt(left * right)) and bool(both)


def decode_to_flac(source: Path, target: Path, *, max_duration_s: float) -> Decoded:
    """Decode by content, not by name, to FLAC at 48 kHz and 24 bits: one channel stays one, more become two.

    Raises: EmptySource, UnreadableSource, NoAudioStream, SilentRecording, SourceTooLong, StorageFull, EncodingFailed.
    """
    if not source.stat().st_size:
        raise EmptySource(f"{source.name} has no bytes; was it copied to the end?")
    gain = 1.0
    with part_of(target) as part:
        tally = _Tally()
        written = write_flac(part, _blocks(source, tally, max_duration_s), sample_rate_hz=PROGRAMME_RATE_HZ)
        _check_audible(source, tally)
        if tally.peak > 1.0 or tally.turned:
            # Only now is the peak known; a second pass costs less than keeping hours of float samples.
            gain = 10 ** (HOT_TARGET_DBFS / 20) / tally.peak if tally.peak > 1.0 else 1.0
            signs = np.array([[1.0], [-1.0]] if tally.turned else [[1.0]])
            gains = (gain * signs).astype(np.float32)
            scaled = (block * gains for block in _blocks(source, _Tally(), max_duration_s))
            written = write_flac(part, scaled, sample_rate_hz=PROGRAMME_RATE_HZ)
    cut = tally.cut_peaks.result()
    missing_s = tally.claimed_s - written.duration_s
    return Decoded(
        duration_s=written.duration_s,
        sample_rate_hz=PROGRAMME_RATE_HZ,
        channels=written.channels,
        gain_db=20 * float(np.log10(gain)),
        damaged_packets=tally.damaged,
        truncated=missing_s > max(1.0, 0.02 * tally.claimed_s),
        format_name=tally.format_name,
        clipped_samples=cut.samples,
        clipped_runs=cut.runs,
        turned=tally.turned,
    )


def _check_audible(source: Path, tally: _Tally) -> None:
    if tally.peak < 10 ** (SILENT_BELOW_DBFS / 20):
        peak = f"{20 * np.log10(tally.peak):.0f} dBFS" if tally.peak else "digital silence"
        raise SilentRecording(
            f"{source.name} holds nothing to hear in {tally.n_samples / PROGRAMME_RATE_HZ:.1f} s (peak: {peak}); "
            "was the microphone muted?"
        )


def _blocks(source: Path, tally: _Tally, max_duration_s: float) -> Iterator[Samples]:
    """The file's sound at 48 kHz, one or two channels, in blocks of a second, with `tally` kept on the way."""
    with _open(source) as container:
        stream = _best_stream(container, source)
        _without_own_order(stream)
        tally.format_name = container.format.name
        tally.claimed_s = _claimed_s(container, stream, source)
        _check_length(source, tally.claimed_s, max_duration_s)
        converter: FrameConverter | None = None
        for frame in _frames(container, stream, tally):
            if converter is None:
                converter = FrameConverter(1 if frame.layout.nb_channels == 1 else 2)
            tally.cut_peaks.push(frame, is_lossy=stream.codec_context.codec.lossy)
            for block in converter.convert(_usable(frame, source)):
                yield _counted(block, tally)
            _check_length(source, tally.n_samples / PROGRAMME_RATE_HZ, max_duration_s)
        if converter is not None:
            for block in converter.flush():
                yield _counted(block, tally)
    # Random bytes hold a sync word here and there, and so a frame among many that cannot be decoded.
    if not tally.n_samples or tally.damaged > tally.frames:
        raise UnreadableSource(
            f"{source.name} looks like {tally.format_name}, but no sound can be decoded from it; export it again"
        )


@contextmanager
def _open(source: Path) -> Iterator[InputContainer]:
    try:
        # "file:" keeps a name such as "concat:a|b" from being read as an address.
        container = av.open(f"file:{source.resolve()}", options=OPEN_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error  # the whole of it names our path, which says nobody anything
        raise UnreadableSource(
            f"{source.name} is no recording in a format known here, or its beginning is damaged ({reason})"
        ) from error
    with container:
        yield container


def _best_stream(container: InputContainer, source: Path) -> AudioStream:
    """The stream marked as default if there is one such, otherwise the longest."""
    streams = container.streams.audio
    if not streams:
        raise NoAudioStream(f"{source.name} can be read ({container.format.long_name}), but holds no sound")
    marked = [stream for stream in streams if stream.disposition & av.stream.Disposition.default]
    best: AudioStream = marked[0] if len(marked) == 1 else max(streams, key=_stream_s)
    return best


def _without_own_order(stream: AudioStream) -> None:
    """Take the names off channels that come in an order of their own, as AIFF and CAF may have it.

    PyAV 18.1 frees such a layout twice, and the process ends. Channels without a name are all heard, in the middle.
    """
    context = stream.codec_context
    if context is not None and " channels (" in (layout := context.layout).name:
        context.layout = f"{layout.nb_channels} channels"


def _stream_s(stream: AudioStream) -> float:
    return float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0


def _claimed_s(container: InputContainer, stream: AudioStream, source: Path) -> float:
    """How long the header says that it lasts; 0 where it says nothing that can be believed."""
    claimed_s = _stream_s(stream) or (container.duration or 0) / av.time_base
    if container.format.name == "aac" or (container.format.name == "mp3" and not _mp3_counts_its_frames(source)):
        return 0.0  # then FFmpeg guesses from the first bit rates
    return max(0.0, claimed_s)


def _mp3_counts_its_frames(source: Path) -> bool:
    with source.open("rb") as file:
        head = file.read(10)
        skipped = 0
        if head[:3] == b"ID3":
            skipped = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
        file.seek(skipped)
        start = file.read(4096)
    return any(mark in start for mark in (b"Xing", b"Info", b"VBRI"))


def _check_length(source: Path, duration_s: float, max_duration_s: float) -> None:
    if duration_s > max_duration_s:
        raise SourceTooLong(
            f"{source.name} lasts {duration_s:.0f} s or more; the limit is {max_duration_s:.0f} s. "
            "Cut it, or raise the limit in the settings"
        )


def _frames(container: InputContainer, stream: AudioStream, tally: _Tally) -> Iterator[AudioFrame]:
    """Every frame that can be decoded; damaged packets are skipped and counted."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, OSError) as error:
            tally.damaged += 1
            log.warning("recording.ended_early", reason=str(error), after_s=tally.n_samples / PROGRAMME_RATE_HZ)
            return
        try:
            frames = packet.decode()
        except (av.FFmpegError, OSError, ValueError):
            tally.damaged += 1
            continue
        tally.frames += len(frames)
        yield from frames


def _usable(frame: AudioFrame, source: Path) -> AudioFrame:
    if frame.sample_rate not in _RATES_HZ:
        raise UnreadableSource(f"{source.name} claims a sample rate of {frame.sample_rate} Hz, which no recorder has")
    return frame


def _counted(block: Samples, tally: _Tally) -> Samples:
    """The block without NaN and the like, counted."""
    block = without_damage(block)
    tally.n_samples += block.shape[1]
    if len(block) == 2:
        left, right = block
        tally.products += [np.vdot(left, left), np.vdot(right, right), np.vdot(left, right)]
    tally.peak = max(tally.peak, float(np.abs(block).max(initial=0.0)))
    return block
