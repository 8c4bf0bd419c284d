"""The last hand on the sound: from a programme to a file whose loudness and peak are right when it is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from tasks.audio.ahead import read_ahead
from tasks.audio.aim import Aim, Goal, next_aim
from tasks.audio.dynamics import CHAINS, process_blocks
from tasks.audio.energies import ABSOLUTE_GATE_LUFS
from tasks.audio.formats import ENCODINGS
from tasks.audio.pcm import PROGRAMME_RATE_HZ, info, read_blocks, resample_blocks
from tasks.audio.samples import Samples
from tasks.audio.take import Chained, Reading, Take, make_take, read_meter
from tasks.errors import LoudnessUnreachable
from tasks.schemas import AudioFormat, Loudness, Pressing

log = structlog.get_logger(__name__)

TOLERANCE_LU = 0.5
_AIM_LU = 0.3  # in the first rounds: what is nearer is not heard, and a round costs as much as all before it
_AIM_ROUNDS, _MAX_ROUNDS = 2, 5
_MAX_GAIN_DB = 50.0  # beyond it a microphone's own noise would be the programme
_MARGIN_DB = 0.2
# Many short pieces: of few long ones, a loud one alone would set the gate of the loudness.
_EXCERPT_PIECES, _REHEARSALS = 80, 3
_TWO_EQUAL_CHANNELS_LU = 10 * float(np.log10(2))


@dataclass(frozen=True)
class Mastered:
    """A file, what it measures after decoding, and what was done to get there."""

    path: Path
    format: AudioFormat
    loudness: Loudness
    duration_s: float
    channels: int
    gain_db: float
    rounds: int


def master(source: Path, target: Path, pressing: Pressing, *, scratch: Path) -> Mastered:
    """Bring a FLAC or WAV file through its chain to `pressing`, held on the file that is decoded again; whole or not.

    scratch: a folder with room for 4 bytes a sample.
    Raises: LoudnessUnreachable, UnreadableSource, EncodingFailed, StorageFull.
    """
    # What will be the same in both channels is made once, and doubled in front of the encoder.
    channels = min(info(source).channels, pressing.channels)
    chained = Chained(raw := scratch / f"{target.name}.f32", channels)
    try:
        return _press(chained, _chain(source, chained, channels, pressing), target, pressing)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        raw.unlink(missing_ok=True)


def _programme(source: Path, channels: int) -> Iterator[Samples]:
    """The source at 48 kHz, in one channel (their mean) or as it is."""
    blocks = read_blocks(source)
    if channels == 1:
        blocks = (block.mean(axis=0, keepdims=True) for block in blocks)
    return read_ahead(resample_blocks(blocks, info(source).sample_rate_hz, to_hz=PROGRAMME_RATE_HZ))


def _chain(source: Path, chained: Chained, channels: int, pressing: Pressing) -> Reading:
    """Run the chain into `chained`, once for all takes, and measure what comes out.

    Raises: LoudnessUnreachable where there is nothing to be heard, or next to nothing.
    """
    chain, level_lufs = CHAINS[pressing.chain], 0.0
    if chain.holds:  # they are set relative to the programme, which must be heard first
        level_lufs = _heard(read_meter(_programme(source, channels), channels=channels), source, pressing)
    board = chain.board(level_lufs - 10 * float(np.log10(channels)))
    processed = process_blocks(_programme(source, channels), board, sample_rate_hz=PROGRAMME_RATE_HZ)
    after = read_meter(chained.write(read_ahead(processed)), channels=channels)
    gain_db = pressing.loudness_lufs - _heard(after, source, pressing) - _spread_lu(after, pressing)
    if gain_db > _MAX_GAIN_DB:
        raise LoudnessUnreachable(
            f"the sound is at {after.level_lufs:.1f} LUFS; {pressing.loudness_lufs:.1f} LUFS needs {gain_db:.0f} dB of "
            f"gain, and beyond {_MAX_GAIN_DB:.0f} dB only noise is heard. Record louder, or ask for less loudness"
        )
    return after


def _heard(reading: Reading, source: Path, pressing: Pressing) -> float:
    """The loudness of a programme that has one."""
    if not np.isfinite(reading.level_lufs):
        raise LoudnessUnreachable(
            f"{source.name} has no sound above {ABSOLUTE_GATE_LUFS:.0f} LUFS that could be brought to "
            f"{pressing.loudness_lufs:.1f} LUFS"
        )
    return reading.level_lufs


def _spread_lu(before: Reading, pressing: Pressing) -> float:
    """What one channel gains when it is put into two."""
    return _TWO_EQUAL_CHANNELS_LU if before.channels < pressing.channels else 0.0


def _press(chained: Chained, before: Reading, target: Path, pressing: Pressing) -> Mastered:
    """Take after take in one format, until one can go out.

    Raises: LoudnessUnreachable, EncodingFailed, StorageFull.
    """
    goal = Goal(pressing.loudness_lufs, pressing.true_peak_dbtp)
    aim = _rehearse(chained, before, target, pressing)
    takes = [make_take(chained.read(), target, pressing, aim=aim)]
    while not _is_right(takes, pressing):
        takes.append(make_take(chained.read(), target, pressing, aim=next_aim([take.hit for take in takes], goal)))
    last = takes[-1]
    return Mastered(
        path=target,
        format=pressing.format,
        loudness=last.reading.loudness,
        duration_s=last.reading.duration_s,
        channels=pressing.channels,
        gain_db=last.aim.gain_db,
        rounds=len(takes),
    )


def _rehearse(chained: Chained, before: Reading, target: Path, pressing: Pressing) -> Aim:
    """The first aim: what limiter and encoder take away is learned from an excerpt, where that saves time."""
    encoding = ENCODINGS[pressing.format]
    gain_db = pressing.loudness_lufs - before.level_lufs - _spread_lu(before, pressing)
    aim = Aim(gain_db + encoding.loss_lu, pressing.true_peak_dbtp - encoding.headroom_db)
    if before.duration_s < 2 * _EXCERPT_PIECES:
        return aim
    # Limiter and encoder take as much from the excerpt as from the whole, if the excerpt gets the same gain.
    excerpt_lufs = read_meter(_excerpt(chained, before), channels=before.channels).level_lufs
    goal = Goal(pressing.loudness_lufs + excerpt_lufs - before.level_lufs, pressing.true_peak_dbtp - _MARGIN_DB)
    takes: list[Take] = []
    while np.isfinite(excerpt_lufs) and len(takes) < _REHEARSALS:
        takes.append(make_take(_excerpt(chained, before), target, pressing, aim=aim))
        aim = next_aim([take.hit for take in takes], goal)
    return aim


def _excerpt(chained: Chained, before: Reading) -> Iterator[Samples]:
    return chained.excerpt(before.duration_s, _EXCERPT_PIECES)


def _is_right(takes: list[Take], pressing: Pressing) -> bool:
    """Whether the last take can go out.

    Raises: LoudnessUnreachable when it cannot, and further takes would not help.
    """
    last = takes[-1]
    level_lufs, peak_dbtp = last.reading.level_lufs, last.reading.loudness.true_peak_dbtp
    log.info(
        "master.pressed",
        format=pressing.format,
        round=len(takes),
        gain_db=round(last.aim.gain_db, 2),
        level_lufs=round(level_lufs, 2),
        true_peak_dbtp=round(peak_dbtp, 2),
    )
    tolerance_lu = _AIM_LU if len(takes) <= _AIM_ROUNDS else TOLERANCE_LU
    if abs(level_lufs - pressing.loudness_lufs) <= tolerance_lu and peak_dbtp <= pressing.true_peak_dbtp:
        return True
    if len(takes) == _MAX_ROUNDS:
        raise LoudnessUnreachable(
            f"{pressing.loudness_lufs:.1f} LUFS with a true peak of {pressing.true_peak_dbtp:.1f} dBTP is out of "
            f"reach in {pressing.format}: after {len(takes)} rounds it is {level_lufs:.1f} LUFS, {peak_dbtp:.1f} dBTP. "
            f"Ask for less loudness"
        )
    return False
