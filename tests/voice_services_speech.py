"""Real speech for the stand-in vendors: eSpeak in the product's own process, one timbre a voice, any encoding."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Any

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tasks.schemas import VoicePreset
from tasks.tts.espeak.engine import SAMPLE_RATE_HZ as ESPEAK_HZ
from tasks.tts.espeak.engine import Espeak

Samples = NDArray[np.float32]
"""One channel here: shape (n_samples,), full scale 1.0."""

SPOKEN_HZ = ESPEAK_HZ
"""Of all sound until it is encoded."""

FRAME_S, LOWEST_HZ, HIGHEST_HZ = 0.04, 50.0, 450.0


@dataclass(frozen=True)
class Timbre:
    """What makes a voice another one: eSpeak's variant, semitones above its own pitch, the median pitch measured."""

    variant: str
    pitch_st: float
    hz: float


LADDER = (
    Timbre("m3", -8.3, 72),
    Timbre("m1", -1.7, 85),
    Timbre("m3", 0.0, 104),
    Timbre("m3", 2.0, 119),
    Timbre("m2", 5.5, 146),
    Timbre("f1", -1.7, 164),
    Timbre("f5", 0.0, 206),
    Timbre("f2", 3.3, 238),
    Timbre("f2", 6.7, 295),
    Timbre("f3", 8.2, 336),
)
"""Two to four semitones apart, so that a median over a sentence tells one from the next."""


@dataclass(frozen=True)
class Encoding:
    """How sound is written: `pcm`, `wav`, `mp3`, `opus`, `vorbis`, `flac`, `aac`, `mulaw` or `alaw`."""

    kind: str
    sample_rate_hz: int
    bit_rate_kbps: int = 128


@dataclass(frozen=True)
class Sound:
    """Speech at eSpeak's own rate and what it is to be sent as."""

    samples: Samples
    encoding: Encoding

    @property
    def silenced(self) -> Sound:
        """As long, and nothing in it."""
        return replace(self, samples=np.zeros_like(self.samples))

    def encoded(self) -> bytes:
        """The bytes that a vendor sends."""
        return encode(self.samples, self.encoding)


class Mouth:
    """The product's own eSpeak, with which all vendors speak."""

    def __init__(self) -> None:
        self._espeak = Espeak()

    def say(
        self, text: str, timbre: Timbre, *, language: str = "is", rate: float = 1.0, pitch_st: float = 0.0
    ) -> Samples:
        """`text` in this timbre, at `rate` times the plain speed and `pitch_st` semitones above its own pitch."""
        preset = VoicePreset(
            name="stand-in",
            voice=timbre.variant,
            rate=min(max(rate, 0.5), 2.0),
            pitch=min(max(timbre.pitch_st + pitch_st, -12.0), 12.0),
        )
        spoken = language if language in self._espeak.capabilities(preset).languages else "is"
        return np.asarray(self._espeak.synthesize(text, preset, spoken).samples[0])

    def close(self) -> None:
        """End eSpeak's processes."""
        self._espeak.close()


def pause(duration_s: float) -> Samples:
    """Silence at eSpeak's rate."""
    return np.zeros(round(duration_s * SPOKEN_HZ), np.float32)


def encode(samples: Samples, encoding: Encoding) -> bytes:
    """Samples at eSpeak's rate, resampled and written as a vendor would."""
    heard = soxr.resample(samples, SPOKEN_HZ, encoding.sample_rate_hz) if samples.size else samples
    whole = (np.clip(heard, -1.0, 1.0) * 32_767).astype("<i2")
    if encoding.kind == "pcm":
        return whole.tobytes()
    if encoding.kind in SOUNDFILE:
        file, format_, subtype = io.BytesIO(), *SOUNDFILE[encoding.kind]
        soundfile.write(file, whole, encoding.sample_rate_hz, format=format_, subtype=subtype)
        return file.getvalue()
    return _ffmpeg(whole, encoding)


SOUNDFILE = {"wav": ("WAV", "PCM_16"), "flac": ("FLAC", "PCM_16"), "vorbis": ("OGG", "VORBIS")}
FFMPEG = {
    "mp3": ("libmp3lame", "mp3"),
    "opus": ("libopus", "ogg"),
    "aac": ("aac", "adts"),
    "mulaw": ("pcm_mulaw", "mulaw"),
    "alaw": ("pcm_alaw", "alaw"),
}


def _ffmpeg(samples: NDArray[np.int16], encoding: Encoding) -> bytes:
    codec, container = FFMPEG[encoding.kind]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream: Any = output.add_stream(codec, rate=encoding.sample_rate_hz, layout="mono")
        stream.bit_rate = encoding.bit_rate_kbps * 1000
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = encoding.sample_rate_hz
        for packet in (*stream.encode(frame), *stream.encode(None)):
            output.mux(packet)
    return file.getvalue()


def median_pitch_hz(samples: NDArray[np.floating], sample_rate_hz: int) -> float:
    """The pitch of the voice that speaks, the median over its voiced parts; 0 where nobody does.

    samples: shape (n_samples,) or (n_channels, n_samples).
    Source: autocorrelation over that of the window, after P. Boersma (1993), "Accurate short-term analysis of the
    fundamental frequency", Proceedings of the Institute of Phonetic Sciences 17.
    """
    mono = np.atleast_2d(samples).mean(axis=0)
    hop = round(FRAME_S * sample_rate_hz)
    if mono.size < 2 * hop:
        return 0.0
    frames = np.lib.stride_tricks.sliding_window_view(mono, 2 * hop)[::hop]
    loud = np.sqrt((frames**2).mean(axis=1)) > 0.1 * max(np.abs(mono).max(), 1e-6)
    window = np.hanning(2 * hop)
    frames = (frames[loud] - frames[loud].mean(axis=1, keepdims=True)) * window
    likeness = _autocorrelation(frames)[:, :hop] / _autocorrelation(window[None])[:, :hop]
    likeness /= likeness[:, :1]
    shortest, longest = int(sample_rate_hz / HIGHEST_HZ), min(int(sample_rate_hz / LOWEST_HZ), hop - 1)
    periods = [_period(frame[:longest], shortest) for frame in likeness]
    voiced = [period for period in periods if period]
    return float(sample_rate_hz / np.median(voiced)) if voiced else 0.0


def _autocorrelation(frames: NDArray[np.floating]) -> NDArray[np.floating]:
    spectrum = np.fft.rfft(frames, 2 * frames.shape[1])
    return np.asarray(np.fft.irfft(np.abs(spectrum) ** 2))


def _period(likeness: NDArray[np.floating], shortest: int) -> int:
    """The first lag that is nearly as like as the best one: a multiple of the period is as like as the period."""
    best = likeness[shortest:].max()
    if best < 0.6:
        return 0
    inner = likeness[shortest:-1]
    peaks = (inner >= likeness[shortest - 1 : -2]) & (inner >= likeness[shortest + 1 :]) & (inner > 0.9 * best)
    found = np.flatnonzero(peaks)
    return int(found[0]) + shortest if found.size else 0
