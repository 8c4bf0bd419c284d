"""A conversation made easy to follow: voices alike, long silences short, in one pass to look and one to write."""

from __future__ import annotations

from pathlib import Path

from tasks.audio.ahead import read_ahead
from tasks.audio.dynamics import limiter, process_blocks
from tasks.audio.leveller import Heard, apply_gains, gain_curve, leaves_scale, listen
from tasks.audio.pcm import info, read_blocks, write_flac
from tasks.audio.silences import cut_out, find_silences
from tasks.audio.stretches import find_stretches
from tasks.schemas import Cut, Levelled, Tidied, Tidying, Transcript

_CEILING_DBFS = -1.0  # FLAC ends at full scale


def tidy(source: Path, target: Path, wish: Tidying, transcript: Transcript) -> Tidied:
    """Write the recording as it is wished to a FLAC file, of the same rate and channels; only cuts make it shorter.

    transcript: who speaks when, where that is known, and which words are heard; in the recording's time.
    Memory grows by 160 bytes a second. Where nothing is to be done, nothing is written.
    Raises: UnreadableSource, EncodingFailed, StorageFull.
    """
    shape = info(source)
    rate_hz = shape.sample_rate_hz
    heard = listen(read_ahead(read_blocks(source)), sample_rate_hz=rate_hz, channels=shape.channels)
    turns = transcript.segments if any(segment.speaker for segment in transcript.segments) else ()
    stretches = find_stretches(heard.energies, turns) if wish.strength else ()
    gains_db = gain_curve(heard, stretches, strength=wish.strength)
    cuts = _cuts(heard, wish, transcript)
    if stretches or cuts:
        levelled = apply_gains(read_ahead(read_blocks(source)), gains_db, hop=heard.hop)
        if leaves_scale(heard, gains_db, ceiling_dbfs=_CEILING_DBFS):
            # Mastering raises all of it by some 7 dB more and limits it anyway: nothing is lost here that would stay.
            levelled = process_blocks(levelled, limiter(0.0, _CEILING_DBFS), sample_rate_hz=rate_hz)
        write_flac(target, cut_out(levelled, cuts, sample_rate_hz=rate_hz), sample_rate_hz=rate_hz)
    if not wish.strength:
        return Tidied(cuts=cuts)
    report = Levelled(
        min_gain_db=float(gains_db.min()),
        mean_gain_db=float(gains_db.mean()),
        max_gain_db=float(gains_db.max()),
        stretches=len(stretches),
        by_speaker=bool(turns),
    )
    return Tidied(levelled=report, cuts=cuts)


def _cuts(heard: Heard, wish: Tidying, transcript: Transcript) -> tuple[Cut, ...]:
    if not wish.silence_longer_than_s:
        return ()
    # Before levelling: afterwards the room of a soft voice is louder than that of a loud one.
    return find_silences(
        heard.energies,
        longer_than_s=wish.silence_longer_than_s,
        kept_s=wish.silence_kept_s,
        words=[word for segment in transcript.segments for word in segment.words],
    )
