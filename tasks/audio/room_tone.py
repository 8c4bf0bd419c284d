"""The noise under a recording's speech, as much of it as is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tasks.audio.pcm import PROGRAMME_RATE_HZ, info, read_blocks, resample_blocks, write_flac
from tasks.audio.samples import Samples
from tasks.errors import SilentRecording

_FRAME = 2048  # 43 ms: shorter than the pauses between words
_QUIETEST = 0.1
_DIGITAL_SILENCE = 1e-10  # a mean square of -100 dBFS, which no microphone reaches
_LENGTH = 1 << 20  # 22 s, a power of two for the transform
_LEVEL = 10 ** (-40 / 20)


def take_noise(recording: Path, target: Path) -> None:
    """Write 22 seconds of noise with the colour of the quietest tenth of a recording, in one channel.

    The end goes over into the beginning without a seam, and nothing that was said is in it: only the spectrum is taken.
    Raises: SilentRecording when nothing but digital silence is in it, UnreadableSource, EncodingFailed, StorageFull.
    """
    powers = np.array([float(np.mean(np.square(frame))) for frame in _frames(recording)])
    heard = powers[powers > _DIGITAL_SILENCE]
    if not heard.size:
        raise SilentRecording(
            f"{recording.name} holds no noise that could be the tone of a room; give another recording, or room tone"
        )
    quiet_below = float(np.quantile(heard, _QUIETEST))
    window = np.hanning(_FRAME)
    spectrum, count = np.zeros(_FRAME // 2 + 1), 0
    for frame, power in zip(_frames(recording), powers, strict=True):
        if _DIGITAL_SILENCE < power <= quiet_below:
            spectrum += np.square(np.abs(np.fft.rfft(frame * window)))
            count += 1
    write_flac(target, _coloured(np.sqrt(spectrum / count)), sample_rate_hz=PROGRAMME_RATE_HZ)


def _coloured(colour: NDArray[np.float64]) -> Samples:
    """Noise whose spectrum has this shape; the same each time."""
    n_bins = _LENGTH // 2 + 1
    magnitude = np.interp(np.linspace(0, 1, n_bins), np.linspace(0, 1, len(colour)), colour)
    phase = np.random.default_rng(1).uniform(0, 2 * np.pi, n_bins)
    noise = np.fft.irfft(magnitude * np.exp(1j * phase), _LENGTH)
    scaled: Samples = (noise * (_LEVEL / np.sqrt(np.mean(np.square(noise))))).astype(np.float32)[None]
    return scaled


def _frames(path: Path) -> Iterator[Samples]:
    """The mean of all channels at 48 kHz, in frames; shape (n_samples,)."""
    mono = (block.mean(axis=0, keepdims=True) for block in read_blocks(path))
    for block in resample_blocks(mono, info(path).sample_rate_hz, to_hz=PROGRAMME_RATE_HZ):
        for start in range(0, block.shape[1] - _FRAME + 1, _FRAME):
            yield block[0, start : start + _FRAME]
