"""Transcribe: a recording becomes a transcript."""

from __future__ import annotations

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, all_stored, stored
from tasks.asr.engine import model_revision
from tasks.schemas import AsrConfig, AudioRef, TranscriptRef
from tasks.transcribe import cut_speech, hear_language, merge_chunks, prepare_speech, transcribe_chunk


@flow(name="transcribe", flow_run_name="{recording.duration_s:.0f} s of sound", task_runner=RUNNER)
async def transcribe(recording: AudioRef, languages: tuple[str, ...]) -> TranscriptRef:
    """Transcribe a recording, in chunks that end in silence.

    Args:
        recording: A recording in the store.
        languages: The language that is spoken, or those among which it is to be heard.
    """
    settings = load_settings().asr
    config = AsrConfig(**settings.model_dump(include=set(AsrConfig.model_fields)))
    config = config.model_copy(update={"revision": model_revision(config.model)})
    speech = await stored(prepare_speech, recording)
    chunks = await stored(cut_speech, speech, config, settings.chunk_s)
    hearing = await stored(hear_language, speech, chunks, config, languages)
    heard, asked = await all_stored(transcribe_chunk, [(speech, chunk, config, hearing.language) for chunk in chunks])
    document = await stored(merge_chunks, speech, chunks, heard, hearing.language)
    engine = hearing.engine.model_copy(update={"requests": asked})
    return TranscriptRef(document=document, language=hearing.language, engine=engine)
