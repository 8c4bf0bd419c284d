"""Benchmark: what each engine that works here takes for a second of sound; whether it works is asked, not assumed."""

from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import numpy as np
import soxr
import structlog
from numpy.typing import NDArray
from prefect import task
from prefect.cache_policies import NO_CACHE

from blocks.gpu import first_gpu
from blocks.memory import host_memory
from blocks.settings import load_settings
from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, load_engine
from tasks.asr.engine import ENGINES as ASR_ENGINES
from tasks.cast import engine_of, known_voices
from tasks.errors import EngineError, InvalidRequest, MemoryShort
from tasks.memory import require_memory
from tasks.policies import slot
from tasks.schemas import AsrConfig, VoicePreset
from tasks.schemas.benchmark import AsrCandidate, EngineSpeed
from tasks.tts.engine import ENGINES as TTS_ENGINES

log = structlog.get_logger(__name__)

GB = 10**9
HEARD_S = 45.0
WORDS = {
    "is": "Surtsey reis úr hafi suður af landinu fyrir rúmum sextíu árum. Sjómenn sáu reyk á hafinu um morguninn, og "
    "héldu að bátur stæði í ljósum logum. Um kvöldið var komin eyja. Síðan hafa fuglar, selir og blóm numið þar land.",
    "en": "Surtsey rose from the sea south of the country more than sixty years ago. Fishermen saw smoke on the water "
    "in the morning, and thought that a boat was on fire. By the evening there was an island. Since then birds, seals "
    "and flowers have made it their home.",
}
FIRST_WORDS = {"is": "Góðan dag.", "en": "Good morning."}


def machine() -> str:
    """What it is that was measured."""
    gpu = first_gpu()
    on = f"{gpu.name}, {gpu.memory.total_bytes / GB:.0f} GB, driver {gpu.driver or 'unknown'}" if gpu else "no GPU"
    memory_gb = host_memory().total_bytes / GB
    return f"{on}; {os.cpu_count()} cores, {memory_gb:.0f} GB, {platform.machine()}, load {os.getloadavg()[0]:.1f}"


def hearing_candidates() -> tuple[AsrCandidate, ...]:
    """What the settings name, and each engine with its own model, on the CPU and on the GPU where there is one."""
    chosen = load_settings().asr
    ways = [(chosen.engine, chosen.model, chosen.device, chosen.compute_type)]
    devices = [("cpu", "int8"), *([("cuda", "float16")] if first_gpu() else [])]
    ways += [(engine, "", device, compute_type) for engine in ASR_ENGINES for device, compute_type in devices]
    return tuple(
        AsrCandidate(engine=engine, model=model, device=device, compute_type=compute_type)
        for engine, model, device, compute_type in dict.fromkeys(ways)
    )


@task(task_run_name="measure_hearing {candidate.engine} on {candidate.device}", cache_policy=NO_CACHE)
def measure_hearing(candidate: AsrCandidate, language: str) -> EngineSpeed:
    """Let an engine hear what the embedded voice says; what keeps it from working is told, and no failure."""
    where = f"{Path(candidate.model).name or 'its own model'}, {candidate.device}, {candidate.compute_type}"
    speed = EngineSpeed(role="asr", engine=candidate.engine, what=where)
    config = AsrConfig(**load_settings().asr.model_dump(include=set(AsrConfig.model_fields)) | candidate.model_dump())
    try:
        require_memory()
        sound = _said_by_the_embedded_voice(language)
        with slot(f"asr-{candidate.engine}"):
            began_s = time.perf_counter()
            engine = load_engine(config, load_settings().models_folder)
            engine.transcribe(sound[:ASR_SAMPLE_RATE_HZ], language)
            loaded_s = time.perf_counter()
            engine.transcribe(sound, language)
            done_s = time.perf_counter()
    except (EngineError, InvalidRequest, MemoryShort) as error:
        return _told(speed.model_copy(update={"trouble": str(error)}))
    took = {"load_s": loaded_s - began_s, "work_s": done_s - loaded_s, "sound_s": len(sound) / ASR_SAMPLE_RATE_HZ}
    return _told(speed.model_copy(update=took))


@task(task_run_name="measure_voice {engine}", cache_policy=NO_CACHE)
def measure_voice(engine: str, language: str) -> EngineSpeed | None:
    """Let an engine say a few sentences with the first of its voices that can; None for one that asks a vendor."""
    speed = EngineSpeed(role="tts", engine=engine, what="")
    troubles: list[str] = []
    for voice in (voice for voice in known_voices().values() if voice.engine == engine and not voice.consent):
        try:
            if engine_of(voice).capabilities(voice).leaves_this_machine:
                return None
            return _told(_voice_speed(speed, voice, language))
        except (EngineError, InvalidRequest, MemoryShort) as error:
            troubles.append(str(error))
    return _told(speed.model_copy(update={"trouble": troubles[0] if troubles else "no preset names this engine"}))


def _voice_speed(speed: EngineSpeed, voice: VoicePreset, language: str) -> EngineSpeed:
    require_memory()
    engine = engine_of(voice)
    engine.check(voice, language)
    with slot(f"tts-{voice.engine}"):
        began_s = time.perf_counter()
        engine.synthesize(FIRST_WORDS[language], voice, language)
        loaded_s = time.perf_counter()
        speech = engine.synthesize(WORDS[language], voice, language)
        done_s = time.perf_counter()
    sound_s = speech.samples.shape[1] / speech.sample_rate_hz
    took = {"load_s": loaded_s - began_s, "work_s": done_s - loaded_s, "sound_s": sound_s}
    return speed.model_copy(update={"what": voice.name, **took})


def _said_by_the_embedded_voice(language: str) -> NDArray[np.float32]:
    """At least so many seconds of speech: float32, shape (n_samples,), 16 kHz, full scale 1.0."""
    voice = VoicePreset(name="benchmark", engine="espeak")
    speech = engine_of(voice).synthesize(WORDS[language], voice, language)
    said = soxr.resample(speech.samples[0], speech.sample_rate_hz, ASR_SAMPLE_RATE_HZ)
    times = int(np.ceil(HEARD_S * ASR_SAMPLE_RATE_HZ / len(said)))
    return np.tile(said, times).astype(np.float32)


def _told(speed: EngineSpeed) -> EngineSpeed:
    log.info(
        "engine.measured",
        role=speed.role,
        engine=speed.engine,
        what=speed.what,
        real_time_factor=round(speed.real_time_factor, 3),
        load_s=round(speed.load_s, 2),
        sound_s=round(speed.sound_s, 1),
        **({"trouble": speed.trouble} if speed.trouble else {}),
    )
    return speed


def voice_engines() -> tuple[str, ...]:
    """The engines that may speak, by name."""
    return tuple(TTS_ENGINES)
