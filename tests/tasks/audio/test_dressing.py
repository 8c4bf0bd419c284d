"""An episode with intro, stings, bed, outro and room tone, against what its template says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from signals import RATE_HZ, Samples, babble, noise, silence, tone, write

from tasks.audio.codec import info, read_span
from tasks.audio.dressing import Dressed, dress, survey
from tasks.audio.loudness import measure
from tasks.audio.programme import moved_chapters, moved_transcript
from tasks.audio.room_tone import take_noise
from tasks.errors import SilentRecording
from tasks.schemas import Bed, Chapter, EpisodeTemplate, Jingle, RoomTone, Segment, Transcript, Word

# Two chapters of speech: 0.3 to 3.3 s, and 4.5 to 6.5 s, of 6.8.
CHAPTERS = (Chapter(title="Fréttir", start_s=0.0, end_s=4.5), Chapter(title="Veður", start_s=4.5, end_s=6.8))
LENGTH_S = 6.8


def programme(path: Path, *, channels: int = 1) -> Path:
    voice = tone(3.0, -20.0, hz=400.0), tone(2.0, -20.0, hz=400.0)
    parts = silence(0.3), voice[0], silence(1.2), voice[1], silence(0.3)
    samples = np.concatenate(parts, axis=1)
    return write(path, np.repeat(samples, channels, axis=0), subtype="PCM_24")


def jingle(path: Path, duration_s: float, *, channels: int = 2, hz: float = 3000.0) -> Path:
    return write(path, np.repeat(tone(duration_s, -9.0, hz=hz), channels, axis=0), subtype="PCM_24")


def template(**parts: object) -> EpisodeTemplate:
    return EpisodeTemplate(name="t", **parts)


def dressed(
    tmp_path: Path, form: EpisodeTemplate, sounds: dict[str, Path], **options: object
) -> tuple[Dressed, Samples]:
    source = tmp_path / "programme.flac"
    source = source if source.exists() else programme(source)
    options.setdefault("chapters", CHAPTERS)
    done = dress(source, tmp_path / "out.flac", form, sounds, scratch=tmp_path, **options)
    return done, read_span(tmp_path / "out.flac", 0, info(tmp_path / "out.flac").duration_s)


def power_of(samples: Samples, hz: float, start_s: float, end_s: float) -> float:
    """The level in dB of one frequency between two moments, in the first channel."""
    piece = samples[0, round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]
    wave = np.exp(-2j * np.pi * hz * np.arange(len(piece)) / RATE_HZ)
    return float(20 * np.log10(2 * np.abs(np.mean(piece * wave)) + 1e-9))


def test_everything_lies_to_the_sample_where_the_template_puts_it(tmp_path: Path):
    sounds = {
        "intro": jingle(tmp_path / "i.flac", 2.0),
        "sting": jingle(tmp_path / "s.flac", 1.0),
        "outro": jingle(tmp_path / "o.flac", 3.0),
    }
    form = template(intro=Jingle(overlap_s=0.25), sting=Jingle(overlap_s=0.1), outro=Jingle())

    done, samples = dressed(tmp_path, form, sounds)

    assert samples.shape == (2, round((2.0 - 0.25 + LENGTH_S + 1.0 - 0.2 + 3.0) * RATE_HZ))
    first, second = 1.75, 1.75 + 0.8
    assert done.arrangement.moved_s(0.3) == pytest.approx(0.3 + first, abs=1e-9)
    assert done.arrangement.moved_s(4.5) == pytest.approx(4.5 + second, abs=1e-9)
    original = read_span(tmp_path / "programme.flac", 0, LENGTH_S)
    scale = samples[0, round(3.0 * RATE_HZ) + 1] / original[0, round(1.25 * RATE_HZ) + 1]
    for start_s, end_s, shift_s in ((0.31, 3.3, first), (4.5, 6.5, second)):
        begin, end, shift = (round(each * RATE_HZ) for each in (start_s, end_s, shift_s))
        moved = samples[:, begin + shift : end + shift]
        assert np.abs(moved - scale * original[:, begin:end]).max() < 1e-6, "speech is what it was, in the middle"


def test_transcript_and_chapters_move_with_the_sound(tmp_path: Path):
    sounds = {"intro": jingle(tmp_path / "i.flac", 2.0), "sting": jingle(tmp_path / "s.flac", 1.0)}
    words = (Word(text="Góðan", start_s=0.3, end_s=1.0), Word(text="daginn", start_s=1.0, end_s=3.3))
    transcript = Transcript(
        language="is",
        duration_s=LENGTH_S,
        segments=(
            Segment(start_s=0.3, end_s=3.3, text="Góðan daginn", words=words),
            Segment(start_s=4.5, end_s=6.5, text="Rok"),
        ),
    )

    done, samples = dressed(tmp_path, template(), sounds)
    moved = moved_transcript(transcript, done.arrangement.moved_s, done.duration_s)
    chapters = moved_chapters(CHAPTERS, done.arrangement.moved_s, done.duration_s)

    assert moved.duration_s == pytest.approx(samples.shape[1] / RATE_HZ)
    assert [(s.start_s, s.end_s) for s in moved.segments] == [
        pytest.approx((2.3, 5.3), abs=1e-6),
        pytest.approx((7.5, 9.5), abs=1e-6),
    ]
    assert moved.segments[0].words[1].start_s == pytest.approx(3.0, abs=1e-6)
    for segment in moved.segments:
        assert power_of(samples, 400, segment.start_s, segment.start_s + 0.1) > -30
        assert power_of(samples, 400, segment.start_s - 0.1, segment.start_s) < -80
        assert power_of(samples, 400, segment.end_s, segment.end_s + 0.1) < -80
    assert [(c.start_s, c.end_s) for c in chapters] == [
        pytest.approx((0.0, 7.5), abs=1e-6),
        pytest.approx((7.5, 9.8), abs=1e-6),
    ]


def test_a_chapter_that_begins_without_a_pause_gets_its_sting_there(tmp_path: Path):
    write(tmp_path / "programme.flac", tone(4.0, -20.0, hz=400.0), subtype="PCM_24")
    chapters = (Chapter(title="a", start_s=0, end_s=2.0), Chapter(title="b", start_s=2.0, end_s=4.0))
    transcript = Transcript(
        language="is",
        duration_s=4.0,
        segments=(Segment(start_s=0.0, end_s=2.0, text="a"), Segment(start_s=2.0, end_s=4.0, text="b")),
    )

    done, samples = dressed(tmp_path, template(), {"sting": jingle(tmp_path / "s.flac", 1.0)}, chapters=chapters)

    moved = moved_transcript(transcript, done.arrangement.moved_s, done.duration_s)
    assert [(s.start_s, s.end_s) for s in moved.segments] == [pytest.approx((0, 2)), pytest.approx((3, 5))]
    assert samples.shape[1] == 5 * RATE_HZ


def test_a_short_chapter_takes_nothing_from_the_overlap_of_intro_and_outro(tmp_path: Path):
    sounds = {role: jingle(tmp_path / f"{role}.flac", 4.0) for role in ("intro", "sting", "outro")}
    form = template(intro=Jingle(overlap_s=1.5), sting=Jingle(overlap_s=1.5), outro=Jingle(overlap_s=1.0))
    chapters = (
        CHAPTERS[0],
        Chapter(title="Stutt", start_s=3.8, end_s=4.5),
        Chapter(title="Veður", start_s=4.5, end_s=LENGTH_S),
    )

    done, _ = dressed(tmp_path, form, sounds, chapters=chapters)

    arrangement = done.arrangement
    assert arrangement.intro
    assert arrangement.outro
    assert arrangement.intro.end - arrangement.parts[0].place.start == 1.5 * RATE_HZ
    assert arrangement.parts[-1].place.end - arrangement.outro.start == 1.0 * RATE_HZ
    crossing = arrangement.parts[0].place.end - arrangement.stings[0].start
    assert crossing == (arrangement.parts[1].place.end - arrangement.parts[1].place.start) // 2


def test_music_is_as_loud_against_the_speech_as_is_asked(tmp_path: Path):
    sounds = {"intro": jingle(tmp_path / "i.flac", 2.0), "outro": jingle(tmp_path / "o.flac", 2.0, channels=1)}
    form = template(intro=Jingle(gain_lu=-3.0), outro=Jingle(gain_lu=4.0))

    _, samples = dressed(tmp_path, form, sounds)

    def lufs(start_s: float, end_s: float) -> float:
        return measure(samples[:, round(start_s * RATE_HZ) : round(end_s * RATE_HZ)], RATE_HZ).integrated_lufs

    speech_lufs = lufs(2.0, 2.0 + LENGTH_S)
    assert lufs(0.0, 2.0) - speech_lufs == pytest.approx(-3.0, abs=0.1)
    assert lufs(2.0 + LENGTH_S, 4.0 + LENGTH_S) - speech_lufs == pytest.approx(4.0, abs=0.1)


def test_a_bed_gives_way_to_speech_and_lies_under_the_chosen_chapters_alone(tmp_path: Path):
    sounds = {"bed": jingle(tmp_path / "b.flac", 1.7)}
    form = template(bed=Bed(chapters=("fré*",), gain_lu=0.0, fade_s=0.1))

    _, samples = dressed(tmp_path, form, sounds)

    open_db = power_of(samples, 3000, 0.105, 0.145)
    under_db = power_of(samples, 3000, 1.0, 3.0)
    # The first word is at 0.3 s: there is no time for the attack before it, and 14 dB are reached at 0.2 s.
    assert under_db == pytest.approx(measure_tone_db(tmp_path, samples) - 14.0, abs=0.3)
    assert under_db < open_db
    assert power_of(samples, 3000, 4.0, LENGTH_S) < -80, "the bed has gone with its chapter"
    assert samples.shape[1] == round(LENGTH_S * RATE_HZ), "a bed takes no time"


def measure_tone_db(tmp_path: Path, samples: Samples) -> float:
    """The level of the bed at 0 LU: two channels that are as loud as the speech."""
    bed, speech = survey(tmp_path / "b.flac"), survey(tmp_path / "programme.flac")
    return -9.0 + (speech.level_lufs + 3.01 - bed.level_lufs)


def test_a_bed_goes_on_under_neighbouring_chapters_and_makes_room_for_a_sting(tmp_path: Path):
    bed = jingle(tmp_path / "b.flac", 5.0)
    form = template(bed=Bed(gain_lu=0.0, fade_s=0.2))

    _, without = dressed(tmp_path, form, {"bed": bed})
    _, with_sting = dressed(tmp_path, form, {"bed": bed, "sting": jingle(tmp_path / "s.flac", 1.0, hz=5000.0)})

    # In the pause from 3.3 to 4.5 s nobody speaks, and the bed rises a little.
    assert power_of(without, 3000, 3.9, 4.1) > power_of(without, 3000, 1.0, 3.0) - 1
    assert power_of(with_sting, 5000, 3.9, 4.9) > -30
    assert power_of(with_sting, 3000, 3.95, 4.85) < -70


def test_room_tone_takes_the_place_of_silence(tmp_path: Path):
    tone_file = write(tmp_path / "r.flac", noise(3.0, -50.0), subtype="PCM_24")

    _, samples = dressed(tmp_path, template(room_tone=RoomTone(gain_lu=-40.0)), {"room_tone": tone_file})

    pause = samples[:, round(3.4 * RATE_HZ) : round(4.4 * RATE_HZ)]
    speech_lufs = measure(samples, RATE_HZ).integrated_lufs
    assert measure(pause, RATE_HZ).momentary_max_lufs - speech_lufs == pytest.approx(-40.0, abs=1.0)
    assert samples.shape == (1, round(LENGTH_S * RATE_HZ))


def test_the_noise_of_a_room_is_taken_from_under_its_speech(tmp_path: Path):
    hum = tone(10.0, -60.0, hz=150.0) + noise(10.0, -70.0)
    spoken = babble(10.0, -20.0) + hum
    write(tmp_path / "talk.flac", np.repeat(spoken, 2, axis=0), subtype="PCM_24")

    take_noise(tmp_path / "talk.flac", tmp_path / "tone.flac")

    taken = read_span(tmp_path / "tone.flac", 0, 22)
    assert taken.shape[0] == 1
    assert power_of(taken, 150, 0, 5) > power_of(taken, 1000, 0, 5) + 20, "the room hums, and nobody talks in it"
    envelope = np.sqrt(np.mean(np.square(taken[0, : 200 * 4800].reshape(200, 4800)), axis=1))
    assert envelope.max() / envelope.min() < 3


def test_a_recording_without_any_noise_gives_no_room_tone(tmp_path: Path):
    write(tmp_path / "still.flac", silence(2.0), subtype="PCM_24")

    with pytest.raises(SilentRecording, match="room"):
        take_noise(tmp_path / "still.flac", tmp_path / "tone.flac")


def test_nothing_clips_however_loud_the_parts_are(tmp_path: Path):
    write(tmp_path / "programme.flac", tone(4.0, -0.1, hz=400.0), subtype="PCM_24")
    loud = jingle(tmp_path / "l.flac", 3.0)
    form = template(intro=Jingle(gain_lu=6.0, overlap_s=1.5), bed=Bed(gain_lu=6.0))

    _, samples = dressed(tmp_path, form, {"intro": loud, "bed": loud}, chapters=())

    assert np.abs(samples).max() < 1.0


@pytest.mark.parametrize("block_s", [0.13, 1.0])
def test_the_size_of_the_blocks_changes_nothing(tmp_path: Path, block_s: float):
    music = write(tmp_path / "m.flac", noise(2.5, -25.0, channels=2), subtype="PCM_24")
    sounds = dict.fromkeys(("intro", "sting", "bed", "outro"), music)
    form = template(intro=Jingle(overlap_s=0.7), sting=Jingle(overlap_s=0.2), outro=Jingle(overlap_s=1.0))

    _, whole = dressed(tmp_path, form, sounds, block_s=60.0)
    _, pieces = dressed(tmp_path, form, sounds, block_s=block_s)

    assert (whole == pieces).all()


def test_two_channels_only_where_something_has_two(tmp_path: Path):
    _, one = dressed(tmp_path, template(), {"intro": jingle(tmp_path / "i.flac", 1.0, channels=1)})
    _, two = dressed(tmp_path, template(), {"intro": jingle(tmp_path / "j.flac", 1.0, channels=2)})

    assert (len(one), len(two)) == (1, 2)


@pytest.mark.parametrize("duration_s", [0.001, 0.2])
def test_sounds_and_programmes_of_any_length_are_mixed(tmp_path: Path, duration_s: float):
    write(tmp_path / "programme.flac", babble(duration_s + 0.05), subtype="PCM_24")
    short = write(tmp_path / "s.flac", noise(duration_s), subtype="PCM_24")
    form = template(intro=Jingle(overlap_s=5.0), sting=Jingle(overlap_s=5.0), outro=Jingle(overlap_s=5.0))
    chapters = (Chapter(title="a", start_s=0, end_s=0.02), Chapter(title="b", start_s=0.02, end_s=0.05))

    done, samples = dressed(
        tmp_path, form, dict.fromkeys(("intro", "sting", "bed", "outro", "room_tone"), short), chapters=chapters
    )

    assert samples.shape[1] == done.arrangement.n_samples
    assert np.isfinite(samples).all()
