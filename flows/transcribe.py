"""Transcribe: a recording becomes a transcript."""

from __future__ import annotations

import time
from dataclasses import dataclass

from prefect import flow

from blocks.settings import load_settings
from flows.dispatch import RUNNER, all_stored, stored
from flows.pods import helped
from tasks.asr.engine import model_revision
from tasks.schemas import WHOLE, AsrConfig, AudioRef, ChunkBounds, Hearing, Share, TranscriptRef, Work
from tasks.transcribe import cut_speech, hear_language, merge_chunks, prepare_speech, transcribe_chunk


@flow(name="transcribe", flow_run_name="{recording.duration_s:.0f} s of sound", task_runner=RUNNER)
async def transcribe(recording: AudioRef, languages: tuple[str, ...], share: Share = WHOLE) -> TranscriptRef:
    """Transcribe a recording, in chunks that end in silence.

    Args:
        recording: A recording in the store.
        languages: The language that is spoken, or those among which it is to be heard.
        share: Which part is this run's to begin with, and who does the others.
    """
    began_s, asked = time.monotonic(), 0
    cut = await _cut(recording, languages)
    if share.helpers:
        asked = await _hear_part(cut, share)
        asked += sum(work.made for work in await helped(share, began_s))
    heard, late = await all_stored(transcribe_chunk, cut.calls(cut.chunks))
    document = await stored(merge_chunks, cut.speech, cut.chunks, heard, cut.hearing.language)
    engine = cut.hearing.engine.model_copy(update={"requests": asked + late})
    return TranscriptRef(document=document, language=cut.hearing.language, engine=engine)


@flow(name="help-transcribe", flow_run_name="part {share.number} of {share.of}", task_runner=RUNNER)
async def help_transcribe(recording: AudioRef, languages: tuple[str, ...], share: Share) -> Work:
    """Transcribe a part of a recording, for the run that transcribes all of it.

    Args:
        recording: A recording in the store.
        languages: The language that is spoken, or those among which it is to be heard.
        share: Which part.
    """
    return Work(made=await _hear_part(await _cut(recording, languages), share))


def asr_config() -> AsrConfig:
    """The engine and model that the settings name, as they are at this moment."""
    config = AsrConfig(**load_settings().asr.model_dump(include=set(AsrConfig.model_fields)))
    return config.model_copy(update={"revision": model_revision(config.model)})


@dataclass(frozen=True)
class _Cut:
    """A recording, ready to be transcribed."""

    speech: AudioRef
    chunks: tuple[ChunkBounds, ...]
    config: AsrConfig
    hearing: Hearing

    def calls(self, chunks: tuple[ChunkBounds, ...]) -> list[tuple[object, ...]]:
        return [(self.speech, chunk, self.config, self.hearing.language) for chunk in chunks]


async def _cut(recording: AudioRef, languages: tuple[str, ...]) -> _Cut:
    settings, config = load_settings().asr, asr_config()
    speech = await stored(prepare_speech, recording)
    chunks = await stored(cut_speech, speech, config, settings.chunk_s)
    return _Cut(speech, chunks, config, await stored(hear_language, speech, chunks, config, languages))


async def _hear_part(cut: _Cut, share: Share) -> int:
    """How many chunks of this share were transcribed now; the leader transcribes what is missing at the end."""
    mine = share.part_of((chunk, chunk.end_s - chunk.start_s) for chunk in cut.chunks)
    _, asked = await all_stored(transcribe_chunk, cut.calls(mine))
    return asked
