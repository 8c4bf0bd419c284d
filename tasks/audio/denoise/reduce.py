"""Take noise out of a recording, where there is noise under speech; all else keeps its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import structlog

from tasks.audio.ahead import read_ahead
from tasks.audio.denoise.engine import Denoiser, load_engine
from tasks.audio.denoise.verdict import CELL_FRAMES, Cells, clean_cells, frames_of, lost_cells
from tasks.audio.denoise.wet import Wet, around, mixed, within
from tasks.audio.levels import FRAME_S, LevelMeter, Levels, speech_change_db, speech_level
from tasks.audio.music import MusicMeter
from tasks.audio.pcm import PROGRAMME_RATE_HZ, SoundInfo, info, read_blocks, write_flac
from tasks.audio.progress import reported
from tasks.audio.runs import runs_of
from tasks.schemas import LeftAlone, NoiseReduction, NoiseReport
from tasks.schemas.treatment import Reason

log = structlog.get_logger(__name__)

# At -40 dBFS DeepFilterNet 3 takes speech for noise and removes it; between -30 and -10 it does equally well.
_SPEECH_DBFS = -20.0


def reduce_noise(source: Path, target: Path, wish: NoiseReduction, *, scratch: Path) -> NoiseReport:
    """Write `source`, a FLAC or WAV file at 48 kHz, without its noise; nothing is written where nothing is to be done.

    scratch: a folder with room for 4 bytes a sample.
    Raises: UnknownEngine, EngineUnavailable, EngineFailed, UnreadableSource, EncodingFailed, StorageFull.
    """
    sound = info(source)
    if sound.sample_rate_hz != PROGRAMME_RATE_HZ:
        raise ValueError(f"{source.name} has {sound.sample_rate_hz} Hz; noise reduction works at {PROGRAMME_RATE_HZ}")
    before, music = _listen(source, sound)
    clean = np.zeros_like(music) if wish.everywhere else clean_cells(before)
    silent = np.full_like(music, not speech_level(before).is_speech.any()) & ~(music | clean)
    noisy = ~(music | clean | silent)
    wet = Wet(scratch / f"{target.stem}.f32", sound.channels)
    engine = load_engine(wish.engine, channels=sound.channels, strength_db=wish.strength_db)
    try:
        after = _clean(source, engine, wet, noisy, before)
        lost = noisy & lost_cells(before, after)
        kept = noisy & ~lost
        if kept.any():
            write_flac(target, mixed(source, wet, kept), sample_rate_hz=PROGRAMME_RATE_HZ)
    finally:
        engine.close()
        wet.remove()
    left: dict[Reason, Cells] = {"clean": clean & ~music, "music": music, "no speech": silent}
    left["speech would be lost"] = lost
    return _report(wish, engine.version, before, after, kept, left)


def _listen(source: Path, sound: SoundInfo) -> tuple[Levels, Cells]:
    """The level of each frame, and which cells are music."""
    levels, music = LevelMeter(PROGRAMME_RATE_HZ, sound.channels), MusicMeter(sound.channels)
    for block in reported(read_ahead(read_blocks(source)), "listened to", sample_rate_hz=PROGRAMME_RATE_HZ):
        levels.push(block)
        music.push(block)
    return levels.result(), music.result()


def _clean(source: Path, engine: Denoiser, wet: Wet, noisy: Cells, before: Levels) -> Levels:
    """Fill `wet` where it is noisy; the levels that come of it."""
    after = before.copy()
    speech_dbfs = speech_level(before[frames_of(noisy, len(before))]).speech_dbfs
    gain_db = _SPEECH_DBFS - speech_dbfs
    gain = np.float32(10 ** (gain_db / 20))
    for first, end in runs_of(noisy).tolist():
        heard, edge, n_samples = around(source, first, end)
        noise_dbfs = speech_level(before[first * CELL_FRAMES : end * CELL_FRAMES]).noise_dbfs
        louder = (block * gain for block in read_ahead(heard))
        cleaned = within(engine.clean(louder, noise_dbfs=noise_dbfs + gain_db), edge, n_samples)
        meter = LevelMeter(PROGRAMME_RATE_HZ, wet.channels)
        kept = wet.write(first, (block / gain for block in cleaned))
        for block in reported(kept, "cleaned of noise", sample_rate_hz=PROGRAMME_RATE_HZ):
            meter.push(block)
        levels = meter.result()
        after[first * CELL_FRAMES : first * CELL_FRAMES + len(levels)] = levels
    return after


def _report(
    wish: NoiseReduction, version: str, before: Levels, after: Levels, kept: Cells, left: dict[Reason, Cells]
) -> NoiseReport:
    frames = frames_of(kept if kept.any() else np.ones_like(kept), len(before))
    left_alone = (LeftAlone(reason=reason, duration_s=_seconds(cells, before)) for reason, cells in left.items())
    report = NoiseReport(
        engine=wish.engine,
        version=version,
        strength_db=wish.strength_db,
        cleaned_s=_seconds(kept, before),
        left_alone=tuple(one for one in left_alone if one.duration_s),
        snr_before_db=_snr_db(before[frames]),
        snr_after_db=_snr_db(after[frames] if kept.any() else before[frames]),
        speech_change_db=round(speech_change_db(before[frames], after[frames]), 2) if kept.any() else 0.0,
    )
    log.info("noise.reduced", **report.model_dump(exclude={"left_alone", "version"}))
    return report


def _snr_db(levels: Levels) -> float | None:
    found = speech_level(levels)
    return round(found.snr_db, 1) if found.is_speech.any() else None


def _seconds(cells: Cells, levels: Levels) -> float:
    return round(FRAME_S * int(np.count_nonzero(frames_of(cells, len(levels)))), 2)
