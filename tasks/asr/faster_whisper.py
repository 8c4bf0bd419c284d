"""Whisper through faster-whisper and CTranslate2, on the CPU or the GPU: the engine of the embedded model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import faster_whisper
import numpy as np
import structlog
from faster_whisper.audio import pad_or_trim
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, AsrCapabilities, hears_well
from tasks.asr.whisper_model import load_model, model_need
from tasks.errors import EngineFailed, LanguageNotAllowed
from tasks.models.cache import MODELS, Need
from tasks.models.memory import give_back_memory
from tasks.schemas import AsrConfig, Segment, Word

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

log = structlog.get_logger(__name__)

WINDOW_S = 30.0  # what Whisper hears at once
LONGEST_PAUSE_S = 2.0  # a longer silence inside a window invites inventions
LOOP_COMPRESSION_RATIO = 2.4  # OpenAI's own threshold; inventions on silence measured 17 to 52 (reference/asr.md, 3)
QUIET_PROBABILITY, UNSURE_LOGPROB = 0.6, -1.0  # OpenAI's thresholds for "nobody speaks here"
DETECTION_WINDOWS = 3
SAMPLES_PER_FRAME = 160  # of the features, in which faster-whisper counts a window's place
# Whisper has heard little Icelandic: on single short clips of 48 readers the base model takes 42 for Icelandic rather
# than English, and 47 when what it hears as Icelandic's relatives counts too; English stays at 30 of 30 (measured).
KIN = {"is": ("fo", "nn", "no", "da", "sv")}
# Previous text as a prompt brings loops, and warmer retries cost 2.5 times the work for nothing (reference/asr.md, 3).
DECODING = {"temperature": 0.0, "condition_on_previous_text": False}
# Ends loops, and swallows speech that repeats itself ("ask what you can do" after "what your country can do").
AGAINST_LOOPS = {"no_repeat_ngram_size": 3, "repetition_penalty": 1.1}


class Span(NamedTuple):
    """Samples in which somebody speaks, or a window of several such stretches."""

    start: int
    end: int


class FasterWhisper:
    """A Whisper model, loaded."""

    def __init__(self, config: AsrConfig, *, models_folder: Path) -> None:
        """Load the model in the folder `config.model`, or the one of that name on the hub, or the embedded one.

        Raises: ModelNotFound, ModelDamaged, StorageFull, EngineUnavailable.
        """
        self._config = config
        self._model, identity = load_model(config, models_folder)
        self.capabilities = AsrCapabilities(
            languages=frozenset(self._model.supported_languages),
            hears_well=hears_well(config),
            detects_language=True,
            max_chunk_s=600.0,
        )
        self.version = f"faster-whisper {faster_whisper.__version__}, {identity}"

    @classmethod
    def need(cls, config: AsrConfig, *, models_folder: Path) -> Need:
        """See `AsrEngine`."""
        return model_need(config, models_folder)

    def detect_language(self, samples: NDArray[np.float32], allowed: tuple[str, ...]) -> str:
        """The most likely of the `allowed` languages; the first of them where nobody speaks.

        Raises: LanguageNotAllowed when the model knows none of them; EngineFailed.
        """
        known = [language for language in allowed if language in self.capabilities.languages]
        if not known:
            raise LanguageNotAllowed(f"this Whisper model knows none of the languages {', '.join(allowed)}")
        windows = _windows(_speech(samples)) if len(known) > 1 else []
        if not windows:
            return known[0]
        chosen = sorted({round(i) for i in np.linspace(0, len(windows) - 1, DETECTION_WINDOWS)})
        # The mean over windows, each renormalised: one window of music or of a foreign quotation does not decide.
        shares = np.mean([self._shares(samples[slice(*windows[index])], known) for index in chosen], axis=0)
        log.debug("language.detected", shares={k: round(float(v), 3) for k, v in zip(known, shares, strict=True)})
        return known[int(np.argmax(shares))]

    def transcribe(self, samples: NDArray[np.float32], language: str) -> tuple[Segment, ...]:
        """The words of a chunk; see `AsrEngine`.

        Raises: LanguageNotAllowed, EngineFailed, MemoryShort.
        """
        if language not in self.capabilities.languages:
            raise LanguageNotAllowed(f"this Whisper model does not know the language {language!r}")
        heard, looped = self._decode(samples, _windows(_speech(samples)), language, {})
        if looped:
            again, lost = self._decode(samples, looped, language, AGAINST_LOOPS)
            log.info("loop.heard_again", windows=len(looped), windows_dropped=len(lost))
            heard = sorted([*heard, *again], key=lambda segment: segment.start_s)
        give_back_memory()  # a long recording is many chunks, in several threads
        return tuple(heard)

    def _decode(
        self, samples: NDArray[np.float32], windows: list[Span], language: str, guard: dict[str, float]
    ) -> tuple[list[Segment], list[Span]]:
        """What is heard in each window, and the windows in which the model went round in circles."""
        if not windows:
            return [], []
        clips = [{"start": w.start / ASR_SAMPLE_RATE_HZ, "end": w.end / ASR_SAMPLE_RATE_HZ} for w in windows]
        try:
            # The pipeline remembers the end of the last word: a new one for each call, so that threads do not mix.
            found, _ = faster_whisper.BatchedInferencePipeline(self._model).transcribe(
                samples,
                language=language,
                clip_timestamps=clips,
                word_timestamps=True,
                beam_size=self._config.beam_size,
                batch_size=self._config.batch_size,
                **DECODING,
                **guard,
            )
            segments = []
            for segment in found:  # one batch after the other
                MODELS.guard(begun=True)
                segments.append(segment)
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"faster-whisper broke on {len(samples) / ASR_SAMPLE_RATE_HZ:.0f} s: {error}") from error
        heard, looped = [], []
        for segment in segments:
            window = min(windows, key=lambda window: abs(window.start - segment.seek * SAMPLES_PER_FRAME))
            if segment.compression_ratio > LOOP_COMPRESSION_RATIO:
                looped.append(window)
            elif not (segment.no_speech_prob > QUIET_PROBABILITY and segment.avg_logprob < UNSURE_LOGPROB):
                heard.extend(_segment(segment.words or ()))
        return heard, looped

    def _shares(self, samples: NDArray[np.float32], languages: list[str]) -> NDArray[np.float64]:
        try:
            features = pad_or_trim(self._model.feature_extractor(samples)[..., :-1])
            found = dict(self._model.model.detect_language(self._model.encode(features))[0])
        except (RuntimeError, ValueError) as error:
            raise EngineFailed(f"faster-whisper broke while it detected the language: {error}") from error
        kin = {language: set(KIN.get(language, ())) - set(languages) for language in languages}
        shares = np.array([sum(found.get(f"<|{code}|>", 0.0) for code in {own, *kin[own]}) for own in languages])
        return np.asarray(shares / max(shares.sum(), np.finfo(np.float64).tiny))


def _speech(samples: NDArray[np.float32]) -> list[Span]:
    """Stretches of speech, each at most a window long, as Silero's detector hears them."""
    options = VadOptions(max_speech_duration_s=WINDOW_S, min_silence_duration_ms=300, speech_pad_ms=200)
    if not samples.size:
        return []
    found = get_speech_timestamps(np.ascontiguousarray(samples, dtype=np.float32), options)
    return [Span(int(span["start"]), int(span["end"])) for span in found]


def _windows(speech: list[Span]) -> list[Span]:
    """Neighbouring stretches together, as many as Whisper hears at once: a short window costs as much as a full one."""
    windows: list[Span] = []
    for span in speech:
        if (
            windows
            and span.end - windows[-1].start <= WINDOW_S * ASR_SAMPLE_RATE_HZ
            and span.start - windows[-1].end <= LONGEST_PAUSE_S * ASR_SAMPLE_RATE_HZ
        ):
            windows[-1] = Span(windows[-1].start, span.end)
        else:
            windows.append(span)
    return windows


def _segment(words: Iterable[faster_whisper.transcribe.Word]) -> list[Segment]:
    kept: list[Word] = []
    for word in words:
        if text := word.word.strip():
            start_s = max(word.start, kept[-1].start_s if kept else 0.0)
            probability = float(np.clip(word.probability, 0, 1))
            kept.append(Word(text=text, start_s=start_s, end_s=max(start_s, word.end), probability=probability))
    if not kept:
        return []
    text = "".join(word.word for word in words).strip()
    return [Segment(start_s=kept[0].start_s, end_s=kept[-1].end_s, text=text, words=tuple(kept))]
