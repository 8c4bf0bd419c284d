"""Post-process: clips become a programme, a programme becomes a master."""

from __future__ import annotations

from contextlib import ExitStack

import structlog
from prefect import task

from blocks.places import audio_store, keep_document, read_document, scratch
from tasks.audio.dressing import dress
from tasks.audio.mastering import master
from tasks.audio.mix import assemble
from tasks.audio.pcm import PROGRAMME_RATE_HZ, info
from tasks.audio.picture import peaks, waveform_png
from tasks.audio.programme import chapters_of, moved_chapters, moved_transcript, pieces_of, transcript_of
from tasks.policies import RETRYING, ByContent
from tasks.schemas import (
    AudioRef,
    Chapter,
    DocumentRef,
    Dressing,
    MasterFile,
    Narration,
    Pauses,
    Picture,
    Pressing,
    Programme,
    Transcript,
)

log = structlog.get_logger(__name__)

BY_SOUND = ByContent(nouns=("audio",), libraries=("av", "numpy", "pedalboard", "pillow", "scipy", "soundfile", "soxr"))
PICTURE_SIZE = (1200, 160)
PAGE_PEAKS = 240


@task(cache_policy=BY_SOUND, **RETRYING)
def assemble_narration(narration: DocumentRef, pauses: Pauses) -> Programme:
    """Join the clips of a narration with pauses of our own, and say when each word is heard."""
    store, spoken = audio_store(), read_document(narration, Narration)
    with scratch() as folder:
        target = folder / "programme.flac"
        places = assemble(pieces_of(spoken, pauses, store.local), target)
        length_s = info(target).duration_s
        stored = store.put_file(target, ".flac")
    log.info("narration.assembled", lines=len(spoken.lines), duration_s=round(length_s, 2))
    audio = AudioRef(
        uri=stored.uri, sha256=stored.sha256, duration_s=length_s, sample_rate_hz=PROGRAMME_RATE_HZ, channels=1
    )
    transcript = keep_document(transcript_of(spoken, places, length_s))
    return Programme(audio=audio, transcript=transcript, chapters=chapters_of(spoken, places, length_s))


@task(cache_policy=BY_SOUND, **RETRYING)
def dress_programme(programme: Programme, dressing: Dressing) -> Programme:
    """Put intro, stings, bed, outro and room tone around and under what is said."""
    store = audio_store()
    with scratch() as folder, ExitStack() as borrowed:
        sounds = {role: borrowed.enter_context(store.local(sound.uri)) for role, sound in dressing.sounds.items()}
        path = borrowed.enter_context(store.local(programme.audio.uri))
        target = folder / "dressed.flac"
        done = dress(path, target, dressing.template, sounds, programme.chapters, scratch=folder)
        stored = store.put_file(target, ".flac")
    log.info("programme.dressed", sounds=",".join(sounds), duration_s=round(done.duration_s, 2))
    moved_s = done.arrangement.moved_s
    audio = AudioRef(
        uri=stored.uri,
        sha256=stored.sha256,
        duration_s=done.duration_s,
        sample_rate_hz=PROGRAMME_RATE_HZ,
        channels=done.channels,
    )
    transcript = moved_transcript(read_document(programme.transcript, Transcript), moved_s, done.duration_s)
    chapters = moved_chapters(programme.chapters, moved_s, done.duration_s)
    return Programme(audio=audio, transcript=keep_document(transcript), chapters=chapters)


@task(task_run_name="master_programme {pressing.format}", cache_policy=BY_SOUND, **RETRYING)
def master_programme(programme: AudioRef, pressing: Pressing) -> MasterFile:
    """Bring a programme to its loudness in one format; what is measured is the decoded file."""
    store = audio_store()
    float32_bytes = 4 * pressing.channels * round(programme.duration_s * PROGRAMME_RATE_HZ)
    with scratch(2 * float32_bytes) as folder, store.local(programme.uri) as path:
        made = master(path, folder / f"master.{pressing.format}", pressing, scratch=folder)
        finished = MasterFile(
            format=made.format,
            file=store.put_file(made.path, made.path.suffix),
            loudness=made.loudness,
            duration_s=made.duration_s,
            channels=made.channels,
            gain_db=made.gain_db,
            rounds=made.rounds,
        )
    log.info(
        "programme.mastered",
        format=finished.format,
        integrated_lufs=round(finished.loudness.integrated_lufs, 2),
        true_peak_dbtp=round(finished.loudness.true_peak_dbtp, 2),
    )
    return finished


@task(cache_policy=BY_SOUND, **RETRYING)
def draw_programme(programme: AudioRef, chapters: tuple[Chapter, ...]) -> Picture:
    """Draw what a listener sees of the sound."""
    store = audio_store()
    with store.local(programme.uri) as path:
        png = store.put_bytes(waveform_png(path, *PICTURE_SIZE, chapters=chapters), ".png")
        return Picture(png=png, peaks=peaks(path, PAGE_PEAKS))
