"""What listeners would say: DNSMOS, heard in a few stretches of a sound.

Source: C. Reddy, V. Gopal, R. Cutler, "DNSMOS P.835" (ICASSP 2022), and "DNSMOS" (ICASSP 2021) for P.808; the weights
and the polynomials are those of the package speechmos (MIT), which is not imported: it would want librosa and pandas.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import soxr
from numpy.typing import NDArray

from tasks.schemas.quality import PredictedQuality

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE_HZ = 16_000
MOST_WINDOWS = 16
_WINDOW_S = 9.01
_SHORTEST_S = 0.1  # less is a click, of which nobody can say how it sounds
_QUIET_RMS = 10 ** (-50 / 20)
"""Below it a window is left out: silence would be rated 2, and its background 4."""
_PEAK = 0.7
# From raw scores to ratings of P.835, highest power first.
_SPEECH = (-0.08397278, 1.22083953, 0.0052439)
_BACKGROUND = (-0.13166888, 1.60915514, -0.39604546)
_OVERALL = (-0.06766283, 1.11546468, 0.04602535)
_FFT, _HOP, _MELS = 321, 160, 120


class Windows:
    """Picks stretches of a sound while it streams by: one in the middle of each equal part, always the same."""

    def __init__(self, sample_rate_hz: int, n_samples: int) -> None:
        self._rate_hz = sample_rate_hz
        self._length = min(round(_WINDOW_S * sample_rate_hz), max(1, n_samples))
        count = max(1, min(MOST_WINDOWS, n_samples // self._length))
        part = max(1, n_samples) / count
        self._starts = [max(0, round((index + 0.5) * part - self._length / 2)) for index in range(count)]
        self._picked = np.zeros((count, self._length), np.float32)
        self._position = 0

    def push(self, mono: NDArray[np.float32]) -> None:
        """Take the next samples of the mean of all channels, shape (n_samples,)."""
        for picked, start in zip(self._picked, self._starts, strict=True):
            first, last = max(start, self._position), min(start + self._length, self._position + len(mono))
            if first < last:
                picked[first - start : last - start] = mono[first - self._position : last - self._position]
        self._position += len(mono)

    def predict(self) -> PredictedQuality | None:
        """The mean over the windows in which there is something; None where there is none, or only a blip."""
        if self._length < _SHORTEST_S * self._rate_hz:
            return None
        heard = [_prepared(picked, self._rate_hz) for picked in self._picked if _rms(picked) > _QUIET_RMS]
        if not heard:
            return None
        speech, background, overall, p808 = np.mean([_rate(samples) for samples in heard], axis=0)
        return PredictedQuality(
            overall=round(float(overall), 2),
            speech=round(float(speech), 2),
            background=round(float(background), 2),
            p808=round(float(p808), 2),
            windows=len(heard),
        )


def _rms(samples: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))


def _prepared(samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
    """At 16 kHz, as long as the model wants it, its peak at 0.7: the model minds how loud a sound is."""
    sampled = soxr.resample(samples, rate_hz, RATE_HZ) if rate_hz != RATE_HZ else samples
    whole = np.resize(sampled, int(_WINDOW_S * RATE_HZ))  # what is shorter is repeated
    return np.asarray(np.clip(whole * (_PEAK / np.abs(whole).max()), -1, 1), np.float32)


def _rate(samples: NDArray[np.float32]) -> tuple[float, ...]:
    """Speech, background, overall (P.835) and overall (P.808) of one window."""
    raw = _model("sig_bak_ovr.onnx").run(None, {"input_1": samples[None]})[0][0]
    p808 = _model("model_v8.onnx").run(None, {"input_1": _mel_spectrogram(samples[:-_HOP])[None]})[0][0][0]
    rated = (np.polyval(curve, score) for curve, score in zip((_SPEECH, _BACKGROUND, _OVERALL), raw, strict=True))
    return (*(float(rating) for rating in rated), float(p808))


def _mel_spectrogram(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (n_frames, 120): 80 dB below the loudest and more is -1, the loudest 1, as `librosa` would have it."""
    padded = np.pad(samples, _FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FFT + 1)[:-1], axis=1)) ** 2
    level_db = 10 * np.log10(np.maximum(power @ _mel_bands().T, 1e-10))
    return np.asarray((np.maximum(level_db - level_db.max(), -80.0) + 40) / 40, np.float32)


@cache
def _mel_bands() -> NDArray[np.float64]:
    """Triangles on Slaney's mel scale, of equal area: shape (120, 161)."""
    # Linear below 1 kHz, 200/3 Hz a step, then 27 steps for each factor 6.4. Source: M. Slaney, Auditory Toolbox, 1998.
    knee, log_step = 15.0, np.log(6.4) / 27
    mels = np.linspace(0, knee + np.log(RATE_HZ / 2 / 1000) / log_step, _MELS + 2)
    edges = np.where(mels < knee, mels * 200 / 3, 1000 * np.exp(log_step * (mels - knee)))
    bins = np.arange(_FFT // 2 + 1) * RATE_HZ / _FFT
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * (2 / (edges[2:] - edges[:-2]))[:, None])


@cache
def _model(name: str) -> InferenceSession:
    import onnxruntime  # half a second, which a run whose master is measured already need not wait for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # the same sums in the same order, and the other core is for others
    weights = (files("speechmos") / "dnsmos_models" / name).read_bytes()
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
