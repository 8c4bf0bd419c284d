"""A programme gets its intro, stings, bed, outro and room tone, each as loud against the speech as is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tasks.audio.arrangement import Arrangement, Place, arrange
from tasks.audio.ducking import Envelope, Span, duck
from tasks.audio.loudness import Meter
from tasks.audio.pcm import BLOCK_S, PROGRAMME_RATE_HZ, info, read_blocks, write_flac
from tasks.audio.progress import reported
from tasks.audio.room_tone import take_noise
from tasks.audio.tracks import Track, mix
from tasks.schemas import Chapter, EpisodeTemplate

_CENTRED_LU = 10 * float(np.log10(2))  # one channel heard from two loudspeakers
_SEAM_PEAK = float(np.sqrt(2))  # where two peaks meet in a crossfade of equal power
_TONE_FADE = round(0.3 * PROGRAMME_RATE_HZ)


@dataclass(frozen=True)
class Survey:
    """What must be known of a sound before it is mixed."""

    path: Path
    n_samples: int
    channels: int
    level_lufs: float
    peak: float
    speech: tuple[Span, ...] = ()
    """Where somebody speaks, where that was asked."""

    def loudness_in(self, channels: int) -> float:
        """In LUFS, when it is heard from this many channels."""
        return self.level_lufs + (_CENTRED_LU if self.channels < channels else 0.0)


@dataclass(frozen=True)
class Dressed:
    """Where everything lies, and how the sound came out."""

    arrangement: Arrangement
    channels: int
    duration_s: float


def dress(
    programme: Path,
    target: Path,
    template: EpisodeTemplate,
    sounds: Mapping[str, Path],
    chapters: Sequence[Chapter],
    *,
    scratch: Path,
    block_s: float = BLOCK_S,
) -> Dressed:
    """Write the episode to a FLAC file at 48 kHz, of two channels where anything in it has two; voices in the middle.

    sounds: FLAC files at 48 kHz by what they are for. The whole is turned down where it could exceed full scale.
    Raises: SilentRecording, UnreadableSource, EncodingFailed, StorageFull.
    """
    paths = dict(sounds)
    if "room_tone" in paths and template.room_tone.take == "noise":
        paths["room_tone"] = scratch / "tone.flac"
        take_noise(sounds["room_tone"], paths["room_tone"])
    said = survey(programme, hears_speech=True)
    others = {role: survey(path) for role, path in paths.items()}
    channels = max(each.channels for each in (said, *others.values()))
    lengths = {role: each.n_samples for role, each in others.items()}
    arrangement = arrange(template, lengths, said.n_samples, chapters, said.speech)
    tracks = _balanced(tuple(_tracks(template, arrangement, said, others, channels)), (said, *others.values()))
    mixed = mix(tracks, n_samples=arrangement.n_samples, channels=channels, block=round(block_s * PROGRAMME_RATE_HZ))
    written = write_flac(target, mixed, sample_rate_hz=PROGRAMME_RATE_HZ)
    return Dressed(arrangement, channels, written.duration_s)


def survey(path: Path, *, hears_speech: bool = False) -> Survey:
    """Loudness, peak and length of a FLAC file at 48 kHz, in one pass.

    Raises: UnreadableSource.
    """
    shape = info(path)
    meter, envelope, peak = Meter(shape.sample_rate_hz, shape.channels), Envelope(), 0.0
    for block in reported(read_blocks(path), "surveyed", sample_rate_hz=shape.sample_rate_hz):
        meter.push(block)
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        if hears_speech:
            envelope.push(block)
    measured = meter.result()
    is_gated_out = not np.isfinite(measured.integrated_lufs)  # shorter than 0.4 s, or softer than -70 LUFS
    level_lufs = measured.momentary_max_lufs if is_gated_out else measured.integrated_lufs
    each_lufs = level_lufs - 10 * float(np.log10(shape.channels))
    speech = envelope.speech(each_lufs) if hears_speech and np.isfinite(each_lufs) else ()
    return Survey(path, shape.n_samples, shape.channels, level_lufs, peak, speech)


def _tracks(
    template: EpisodeTemplate, arrangement: Arrangement, said: Survey, others: Mapping[str, Survey], channels: int
) -> Iterator[Track]:
    for part in arrangement.parts:
        yield _track(said, part.place, offset=part.offset)
    jingles = (("intro", arrangement.intro), *(("sting", sting) for sting in arrangement.stings))
    for role, place in (*jingles, ("outro", arrangement.outro)):
        if place is not None:
            yield _track(others[role], place, gain=_gain(getattr(template, role).gain_lu, others[role], said, channels))
    if "bed" in others:
        speech = [(round(arrangement.moved(first)), round(arrangement.moved(last))) for first, last in said.speech]
        curve, gain = duck(speech, template.bed.ducking), _gain(template.bed.gain_lu, others["bed"], said, channels)
        for place in arrangement.beds:
            yield replace(_track(others["bed"], place, gain=gain), again=True, curve=curve)
    if "room_tone" in others:
        first, last = arrangement.parts[0].place.start, arrangement.parts[-1].place.end
        fade = min(_TONE_FADE, (last - first) // 2)
        tone = _track(
            others["room_tone"],
            Place(first, last, fade, fade),
            gain=_gain(template.room_tone.gain_lu, others["room_tone"], said, channels),
        )
        yield replace(tone, again=True)


def _track(sound: Survey, place: Place, *, offset: int = 0, gain: float = 1.0) -> Track:
    return Track(
        path=sound.path,
        start=place.start,
        n_samples=place.end - place.start,
        offset=offset,
        gain=gain,
        fade_in=place.fade_in,
        fade_out=place.fade_out,
    )


def _gain(gain_lu: float, sound: Survey, said: Survey, channels: int) -> float:
    """What brings a sound to so much above the speech's loudness; 1 where one of them has none."""
    gain_db = said.loudness_in(channels) + gain_lu - sound.loudness_in(channels)
    return float(10 ** (gain_db / 20)) if np.isfinite(gain_db) else 1.0


def _balanced(tracks: tuple[Track, ...], surveys: Sequence[Survey]) -> tuple[Track, ...]:
    """The tracks turned down together, where all peaks at one moment would exceed full scale; mastering makes up."""
    peaks = {each.path: each.peak for each in surveys}
    loudest: dict[tuple[Path, bool], float] = {}
    for track in tracks:
        highest = track.gain * peaks[track.path] * (_SEAM_PEAK if track.again else 1.0)
        loudest[track.path, track.again] = max(loudest.get((track.path, track.again), 0.0), highest)
    whole = 1.0 / max(1.0, sum(loudest.values()))
    return tuple(replace(track, gain=track.gain * whole) for track in tracks)
