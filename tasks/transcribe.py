"""Transcribe: a recording becomes a transcript, chunk by chunk, in the recording's own time."""

from __future__ import annotations

import structlog
from prefect import task

from blocks.places import audio_store, keep_document, read_document, scratch
from blocks.settings import load_settings
from tasks.asr.chunks import cut_chunks
from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, load_engine
from tasks.asr.merge import merge
from tasks.audio.pcm import read_span, to_asr_flac
from tasks.errors import EmptySource
from tasks.memory import require_memory
from tasks.policies import RETRYING, ByContent, slot
from tasks.schemas import AsrConfig, AudioRef, ChunkBounds, DocumentRef, EngineUse, Hearing, Transcript
from tasks.text.revoice import script_of

log = structlog.get_logger(__name__)

BY_SPEECH = ByContent(nouns=("asr",), libraries=("faster-whisper", "ctranslate2", "onnxruntime"))


@task(cache_policy=ByContent(nouns=("audio",), libraries=("soxr", "soundfile")), **RETRYING)
def prepare_speech(recording: AudioRef) -> AudioRef:
    """Give the recording the form that ASR engines are trained on: 16 kHz, one channel."""
    store = audio_store()
    with scratch() as folder, store.local(recording.uri) as path:
        target = folder / "speech.flac"
        to_asr_flac(path, target)
        stored = store.put_file(target, ".flac")
    return AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=recording.duration_s,
        sample_rate_hz=ASR_SAMPLE_RATE_HZ,
        channels=1,
    )


@task(cache_policy=BY_SPEECH, **RETRYING)
def cut_speech(speech: AudioRef, config: AsrConfig, max_chunk_s: float) -> tuple[ChunkBounds, ...]:
    """Cut the recording in its silences, as long as the engine takes; stretches without speech are left out."""
    require_memory()
    engine = load_engine(config, load_settings().models_folder)
    with audio_store().local(speech.uri) as path:
        return cut_chunks(path, max_chunk_s=min(max_chunk_s, engine.capabilities.max_chunk_s))


@task(cache_policy=BY_SPEECH, **RETRYING)
def hear_language(
    speech: AudioRef, chunks: tuple[ChunkBounds, ...], config: AsrConfig, allowed: tuple[str, ...]
) -> Hearing:
    """Tell which of the allowed languages is spoken; the first of them where nobody speaks."""
    require_memory()
    engine = load_engine(config, load_settings().models_folder)
    use = EngineUse(role="asr", engine=config.engine, version=engine.version, model=config.model)
    if len(allowed) == 1 or not chunks or not engine.capabilities.detects_language:
        return Hearing(language=allowed[0], engine=use)
    longest = max(chunks, key=lambda chunk: chunk.end_s - chunk.start_s)
    with audio_store().local(speech.uri) as path, slot(f"asr-{config.engine}", alone=load_settings().alone):
        language = engine.detect_language(read_span(path, longest.start_s, longest.end_s)[0], allowed)
    log.info("language.heard", language=language, allowed=",".join(allowed))
    return Hearing(language=language, engine=use)


@task(task_run_name="transcribe_chunk {chunk.start_s:.0f}-{chunk.end_s:.0f} s", cache_policy=BY_SPEECH, **RETRYING)
def transcribe_chunk(speech: AudioRef, chunk: ChunkBounds, config: AsrConfig, language: str) -> DocumentRef:
    """Transcribe one chunk. Times are seconds from the chunk's start."""
    require_memory()
    engine = load_engine(config, load_settings().models_folder)
    with audio_store().local(speech.uri) as path, slot(f"asr-{config.engine}", alone=load_settings().alone):
        segments = engine.transcribe(read_span(path, chunk.start_s, chunk.end_s)[0], language)
    log.info("chunk.transcribed", start_s=round(chunk.start_s, 1), end_s=round(chunk.end_s, 1), segments=len(segments))
    heard = Transcript(language=language, duration_s=chunk.end_s - chunk.start_s, segments=segments)
    return keep_document(heard)


@task(cache_policy=ByContent(nouns=("asr",)), **RETRYING)
def merge_chunks(
    speech: AudioRef, chunks: tuple[ChunkBounds, ...], heard: tuple[DocumentRef, ...], language: str
) -> DocumentRef:
    """Put the chunks together into one transcript, in the recording's own time."""
    parts = [read_document(part, Transcript).segments for part in heard]
    transcript = merge(chunks, parts, language=language, duration_s=speech.duration_s)
    log.info("transcript.merged", segments=len(transcript.segments), language=language)
    return keep_document(transcript)


@task(cache_policy=ByContent(nouns=("text",)), **RETRYING)
def write_script(transcript: DocumentRef, title: str) -> DocumentRef:
    """Make a script of a transcript, to be read anew."""
    script = script_of(read_document(transcript, Transcript), title)
    if not script.lines:
        raise EmptySource(
            f"no speech was heard in {title}, so there is nothing to read anew; choose enhance to keep it"
        )
    return keep_document(script)
