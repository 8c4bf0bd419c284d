"""The last hand on the sound: from a programme to an MP3 whose loudness and peak are right when it is decoded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from tasks.audio.ahead import read_ahead
from tasks.audio.dynamics import SpeechChain, process_blocks
from tasks.audio.energies import ABSOLUTE_GATE_LUFS
from tasks.audio.pcm import BLOCK_S, PROGRAMME_RATE_HZ, info, part_of, read_blocks, resample_blocks, writing
from tasks.audio.samples import Samples
from tasks.audio.take import Aim, Chained, Goal, Reading, Take, make_take, read_meter
from tasks.errors import LoudnessUnreachable
from tasks.schemas import Loudness, Mastering

log = structlog.get_logger(__name__)

TOLERANCE_LU = 0.5
_AIM_LU = 0.3  # in the first rounds: what is nearer is not heard, and a round costs as much as all before it
_AIM_ROUNDS, _MAX_ROUNDS = 2, 4
_MAX_GAIN_DB = 50.0  # beyond it a microphone's own noise would be the programme
_HEADROOM_DB = 0.5  # by which LAME's rounding lifts the peaks of most sound at 128 kbit/s
_MARGIN_DB = 0.2
_ENCODER_LOSS_LU = 0.4  # LAME lowers what it encodes by 0.26 (192 kbit/s) to 0.44 LU (128 kbit/s)
_EXCERPT_BLOCKS, _REHEARSALS = 8, 3
_TWO_EQUAL_CHANNELS_LU = 10 * float(np.log10(2))


@dataclass(frozen=True)
class Mastered:
    """What the MP3 measures after decoding, and what was done to get there."""

    loudness: Loudness
    duration_s: float
    channels: int
    sample_rate_hz: int
    gain_db: float
    rounds: int


def master(source: Path, target_mp3: Path, mastering: Mastering, *, scratch: Path) -> Mastered:
    """Bring a FLAC or WAV file through the speech chain to `mastering`, held on the decoded MP3.

    scratch: a folder with room for 4 bytes a sample.
    Raises: LoudnessUnreachable, UnreadableSource, EncodingFailed, StorageFull.
    """
    # What will be the same in both channels is made once, and doubled in front of the encoder.
    channels = min(info(source).channels, mastering.channels)
    chained = Chained(raw := scratch / f"{target_mp3.stem}.f32", channels)
    pressed = scratch / f"{target_mp3.stem}.take.mp3"
    goal = Goal(mastering.target_lufs, mastering.true_peak_dbtp)
    try:
        before = _chain(source, chained, channels, mastering)
        aim = _rehearse(chained, before, pressed, mastering)
        takes = [make_take(chained.read(), pressed, mastering, aim=aim)]
        while not _is_right(takes, mastering):
            takes.append(make_take(chained.read(), pressed, mastering, aim=_next_aim(takes, goal)))
        with part_of(target_mp3) as part, writing(target_mp3):
            shutil.copyfile(pressed, part)
    finally:
        raw.unlink(missing_ok=True)
        pressed.unlink(missing_ok=True)
    last = takes[-1]
    return Mastered(
        loudness=last.reading.loudness,
        duration_s=last.reading.duration_s,
        channels=mastering.channels,
        sample_rate_hz=PROGRAMME_RATE_HZ,
        gain_db=last.aim.gain_db,
        rounds=len(takes),
    )


def _programme(source: Path, channels: int) -> Iterator[Samples]:
    """The source at 48 kHz, in one channel (their mean) or as it is."""
    blocks = read_blocks(source)
    if channels == 1:
        blocks = (block.mean(axis=0, keepdims=True) for block in blocks)
    return read_ahead(resample_blocks(blocks, info(source).sample_rate_hz, to_hz=PROGRAMME_RATE_HZ))


def _chain(source: Path, chained: Chained, channels: int, mastering: Mastering) -> Reading:
    """Run the speech chain into `chained`, and measure what comes out as if it were in the MP3's channels."""
    given = read_meter(_programme(source, channels), channels=channels)
    if not np.isfinite(given.level_lufs):
        raise LoudnessUnreachable(
            f"{source.name} has no sound above {ABSOLUTE_GATE_LUFS:.0f} LUFS that could be brought to "
            f"{mastering.target_lufs:.1f} LUFS"
        )
    board = SpeechChain().board(given.level_lufs - 10 * float(np.log10(channels)))
    processed = process_blocks(_programme(source, channels), board, sample_rate_hz=PROGRAMME_RATE_HZ)
    return read_meter(chained.write(read_ahead(processed)), channels=channels)


def _rehearse(chained: Chained, before: Reading, pressed: Path, mastering: Mastering) -> Aim:
    """The first aim: what limiter and encoder take away is learned from an excerpt, where that saves time.

    Raises: LoudnessUnreachable when nearly all would be noise.
    """
    spread_db = _TWO_EQUAL_CHANNELS_LU if before.channels < mastering.channels else 0.0
    gain_db = mastering.target_lufs - before.level_lufs - spread_db
    if gain_db > _MAX_GAIN_DB:
        raise LoudnessUnreachable(
            f"the sound is at {before.level_lufs:.1f} LUFS; {mastering.target_lufs:.1f} LUFS needs {gain_db:.0f} dB of "
            f"gain, and beyond {_MAX_GAIN_DB:.0f} dB only noise is heard. Record louder, or ask for less loudness"
        )
    aim = Aim(gain_db + _ENCODER_LOSS_LU, mastering.true_peak_dbtp - _HEADROOM_DB)
    if before.duration_s < 2 * _EXCERPT_BLOCKS * BLOCK_S:
        return aim
    # Limiter and encoder take as much from the excerpt as from the whole, if the excerpt gets the same gain.
    excerpt_lufs = read_meter(_excerpt(chained, before), channels=before.channels).level_lufs
    goal = Goal(mastering.target_lufs + excerpt_lufs - before.level_lufs, mastering.true_peak_dbtp - _MARGIN_DB)
    takes: list[Take] = []
    while np.isfinite(excerpt_lufs) and len(takes) < _REHEARSALS:
        takes.append(make_take(_excerpt(chained, before), pressed, mastering, aim=aim))
        aim = _next_aim(takes, goal)
    return aim


def _excerpt(chained: Chained, before: Reading) -> Iterator[Samples]:
    return chained.excerpt(before.duration_s, _EXCERPT_BLOCKS)


def _is_right(takes: list[Take], mastering: Mastering) -> bool:
    """Whether the last take can go out.

    Raises: LoudnessUnreachable when it cannot, and further takes would not help.
    """
    last = takes[-1]
    level_lufs, peak_dbtp = last.reading.level_lufs, last.reading.loudness.true_peak_dbtp
    log.info(
        "master.pressed",
        round=len(takes),
        gain_db=round(last.aim.gain_db, 2),
        level_lufs=round(level_lufs, 2),
        true_peak_dbtp=round(peak_dbtp, 2),
    )
    tolerance_lu = _AIM_LU if len(takes) <= _AIM_ROUNDS else TOLERANCE_LU
    if abs(level_lufs - mastering.target_lufs) <= tolerance_lu and peak_dbtp <= mastering.true_peak_dbtp:
        return True
    if len(takes) == _MAX_ROUNDS:
        raise LoudnessUnreachable(
            f"{mastering.target_lufs:.1f} LUFS with a true peak of {mastering.true_peak_dbtp:.1f} dBTP is out of "
            f"reach: after {len(takes)} rounds it is {level_lufs:.1f} LUFS, {peak_dbtp:.1f} dBTP. Ask for less loudness"
        )
    return False


def _next_aim(takes: list[Take], goal: Goal) -> Aim:
    """What the last takes suggest: the gain by the secant through them, the ceiling lower by what exceeded it."""
    last = takes[-1]
    slope = 1.0
    if len(takes) > 1 and abs(step_db := last.aim.gain_db - takes[-2].aim.gain_db) > 0.05:
        # A limiter at work gives back less than it is given, and never more.
        slope = float(np.clip((last.reading.level_lufs - takes[-2].reading.level_lufs) / step_db, 0.25, 1.0))
    error_lu = goal.level_lufs - last.reading.level_lufs
    excess_db = last.reading.loudness.true_peak_dbtp - goal.true_peak_dbtp
    lower_db = excess_db + _MARGIN_DB if excess_db > 0 else 0.0
    return Aim(last.aim.gain_db + error_lu / slope, last.aim.ceiling_dbtp - lower_db)
