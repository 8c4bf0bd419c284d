from __future__ import annotations

import numpy as np
import pytest
from conversations import real
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import RATE_HZ, Samples, babble, noise, silence, tone

from tasks.audio.cuts import Timeline
from tasks.audio.leveller import listen
from tasks.audio.silences import cut_out, find_silences
from tasks.schemas import Chapter, Cut, Moment, Segment, Transcript, Word

ROOM_DBFS = -62.0


def talk(*pauses_s: float, room_dbfs: float = ROOM_DBFS) -> Samples:
    """Three seconds of speech before and after each pause, in a room."""
    parts = [tone(3.0, -20.0, hz=400)]
    for pause_s in pauses_s:
        parts += [silence(pause_s), tone(3.0, -20.0, hz=400)]
    spoken = np.concatenate(parts, axis=1)
    return spoken + noise(spoken.shape[1] / RATE_HZ, room_dbfs)[:, : spoken.shape[1]]


def silences(samples: Samples, longer_than_s: float = 1.5, kept_s: float = 0.8, **more: object) -> tuple[Cut, ...]:
    heard = listen([samples], sample_rate_hz=RATE_HZ, channels=len(samples))
    return find_silences(heard.energies, longer_than_s=longer_than_s, kept_s=kept_s, **more)


def shortened(samples: Samples, cuts: tuple[Cut, ...], size: int = 48_000) -> Samples:
    blocks = (samples[:, start : start + size] for start in range(0, samples.shape[1], size))
    return np.concatenate(list(cut_out(blocks, cuts, sample_rate_hz=RATE_HZ)), axis=1)


def test_only_silences_that_are_too_long_are_shortened_to_what_is_to_be_kept():
    cuts = silences(talk(1.0, 4.0, 1.4, 10.0))
    assert [cut.end_s - cut.start_s for cut in cuts] == pytest.approx([3.2, 9.2], abs=0.2)
    assert silences(shortened(talk(1.0, 4.0, 1.4, 10.0), cuts)) == ()


def test_what_is_left_is_the_same_sound_and_the_room_does_not_fall_silent():
    samples = talk(4.0, 10.0)
    cuts = silences(samples)
    after = shortened(samples, cuts)
    assert samples.shape[1] - after.shape[1] == sum(
        round(cut.end_s * RATE_HZ) - round(cut.start_s * RATE_HZ) for cut in cuts
    )
    first = round((cuts[0].start_s - 0.02) * RATE_HZ)
    assert np.array_equal(after[:, :first], samples[:, :first])
    last = round((cuts[-1].end_s + 0.02) * RATE_HZ)
    assert np.array_equal(after[:, -(samples.shape[1] - last) :], samples[:, last:])
    for seam_s in (Timeline(cuts).after(cut.start_s) for cut in cuts):
        around = after[:, round((seam_s - 0.02) * RATE_HZ) : round((seam_s + 0.02) * RATE_HZ)]
        assert 20 * np.log10(around.std()) == pytest.approx(ROOM_DBFS, abs=0.7)


@pytest.mark.parametrize("size", [11, 997, 100_003])
def test_the_size_of_the_blocks_changes_nothing(size: int):
    samples = talk(3.0)[:, : 8 * RATE_HZ] if size == 11 else talk(4.0, 10.0)
    cuts = silences(samples) or (Cut(start_s=1.0, end_s=1.04), Cut(start_s=1.1, end_s=2.0))
    assert np.array_equal(shortened(samples, cuts, size), shortened(samples, cuts))


def test_a_word_that_is_too_soft_to_be_measured_is_not_cut():
    samples = talk(10.0)
    soft = Word(text="já", start_s=8.0, end_s=8.5)
    cuts = silences(samples, words=[soft])
    assert len(cuts) == 2
    assert all(cut.end_s <= soft.start_s - 0.3 or cut.start_s >= soft.end_s + 0.3 for cut in cuts)


def test_whispers_in_a_quiet_room_are_no_silence():
    samples = np.concatenate([babble(10, -24), babble(4, -50, seed=2), babble(10, -24, seed=3)], axis=1)
    assert silences(samples + noise(24, -75)) == ()


@pytest.mark.parametrize("samples", [silence(10), tone(10, -20), noise(10, -30), silence(0.05)])
def test_nothing_is_cut_where_there_is_no_speech_or_no_pause(samples: Samples):
    assert silences(samples) == ()


@pytest.mark.parametrize(("longer_than_s", "kept_s"), [(1.0, 1.5), (1.0, 0.1)])
def test_more_than_there_is_cannot_be_kept(longer_than_s: float, kept_s: float):
    with pytest.raises(ValueError, match="are to be kept"):
        silences(talk(4.0), longer_than_s, kept_s)


@pytest.mark.parametrize("name", ["is_2spk_mf", "en_2spk"])
def test_no_speech_of_real_people_is_cut(name: str):
    conversation = real(name).apart(0.0)
    cuts = silences(conversation.samples, 0.5, 0.4)
    energies = listen([conversation.samples], sample_rate_hz=RATE_HZ, channels=1).energies
    gone = np.concatenate([energies[round(cut.start_s * 10) + 1 : round(cut.end_s * 10) - 1] for cut in cuts])
    assert len(cuts) >= 5
    assert 10 * np.log10(gone.max()) < -45.0, "both readers are at -23 LUFS"


def _cuts(lengths_s: list[tuple[float, float]]) -> tuple[Cut, ...]:
    edges_s = np.cumsum(np.array(lengths_s).ravel()).reshape(-1, 2).tolist()
    return tuple(Cut(start_s=start_s, end_s=end_s) for start_s, end_s in edges_s)


CUTS = st.lists(st.tuples(st.floats(0.1, 20), st.floats(0.1, 20)), max_size=8).map(_cuts)


@settings(max_examples=100, deadline=None)
@given(CUTS, st.lists(st.floats(0, 400), min_size=2, max_size=20))
def test_times_move_in_order_and_back_again(cuts: tuple[Cut, ...], times_s: list[float]):
    timeline = Timeline(cuts)
    moved = [timeline.after(time_s) for time_s in sorted(times_s)]
    assert moved == sorted(moved) or np.all(np.diff(moved) > -1e-9)
    for time_s in times_s:
        if not any(cut.start_s - 1e-6 <= time_s <= cut.end_s + 1e-6 for cut in cuts):
            assert timeline.before(timeline.after(time_s)) == pytest.approx(time_s, abs=1e-9)
    for cut in cuts:
        assert timeline.after(cut.start_s) == pytest.approx(timeline.after(cut.end_s), abs=1e-9)
        assert timeline.after((cut.start_s + cut.end_s) / 2) == pytest.approx(timeline.after(cut.start_s), abs=1e-9)


def test_a_transcript_its_chapters_and_its_moments_move_with_the_sound():
    samples = talk(4.0, 10.0)
    click_s = 21.0  # a second into the third speech
    samples[:, round(click_s * RATE_HZ)] = 0.9
    cuts = silences(samples)
    said = Segment(start_s=7.0, end_s=22.0, text="já", words=(Word(text="já", start_s=click_s, end_s=22.0),))
    transcript = Transcript(
        language="is",
        duration_s=samples.shape[1] / RATE_HZ,
        segments=(said,),
        moments=(Moment(name="click", at_s=click_s),),
    )
    timeline, after = Timeline(cuts), shortened(samples, cuts)
    moved = timeline.transcript(transcript)
    heard_s = int(np.argmax(np.abs(after[0]))) / RATE_HZ
    assert moved.moments[0].at_s == pytest.approx(heard_s, abs=1.5 / RATE_HZ)
    assert moved.segments[0].words[0].start_s == moved.moments[0].at_s
    assert moved.duration_s == pytest.approx(after.shape[1] / RATE_HZ, abs=1.5 / RATE_HZ)
    chapters = timeline.chapters(
        [Chapter(title="a", start_s=0.0, end_s=click_s), Chapter(title="b", start_s=click_s, end_s=23.0)]
    )
    assert chapters[0].end_s == chapters[1].start_s == moved.moments[0].at_s
    assert timeline.removed_s == pytest.approx(transcript.duration_s - moved.duration_s)
