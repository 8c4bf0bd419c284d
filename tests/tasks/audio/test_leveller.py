from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from conversations import Conversation, made, real
from hypothesis import given, settings
from hypothesis import strategies as st
from signals import RATE_HZ, Samples, babble, noise, silence

from tasks.audio.leveller import Heard, apply_gains, gain_curve, listen
from tasks.audio.levelling import VOICE_LUFS, voice_gain_db
from tasks.audio.loudness import measure
from tasks.audio.stretches import find_stretches
from tasks.schemas import Segment

USUAL = 0.7
NEAR_AND_FAR = made(*[(who, 4.0, level_dbfs) for who, level_dbfs in [("Anna", -26.0), ("Birkir", -38.0)] * 4])


def heard(samples: Samples) -> Heard:
    return listen([samples], sample_rate_hz=RATE_HZ, channels=len(samples))


def levelled(samples: Samples, *, strength: float = USUAL, turns: tuple[Segment, ...] = ()) -> Samples:
    taken = heard(samples)
    gains_db = gain_curve(taken, find_stretches(taken.energies, turns), strength=strength)
    return next(apply_gains([samples], gains_db, hop=taken.hop))


def apart_lu(conversation: Conversation, samples: Samples) -> float:
    levels = [loudness.integrated_lufs for loudness in conversation.loudness(samples).values()]
    return max(levels) - min(levels)


@pytest.mark.parametrize("known", [True, False], ids=["who speaks is known", "nobody says who speaks"])
@pytest.mark.parametrize("name", ["is_2spk_mf", "en_2spk"])
def test_leveller_brings_speakers_12_db_apart_within_2_lu_and_keeps_their_range(name: str, known: bool):
    conversation = real(name).apart(12.0)
    after = levelled(conversation.samples, turns=conversation.turns if known else ())
    before, now = conversation.loudness(conversation.samples), conversation.loudness(after)
    assert apart_lu(conversation, conversation.samples) == pytest.approx(12.0, abs=0.2)
    assert apart_lu(conversation, after) < 2.0
    for who in conversation.speakers:
        assert now[who].range_lu == pytest.approx(before[who].range_lu, rel=0.2)


@pytest.mark.parametrize(("strength", "left_lu"), [(1.0, 0.0), (0.7, 1.08), (0.5, 3.0), (0.2, 7.7)])
def test_leveller_leaves_of_a_difference_what_its_strength_says(strength: float, left_lu: float):
    after = levelled(NEAR_AND_FAR.samples, strength=strength, turns=NEAR_AND_FAR.turns)
    assert apart_lu(NEAR_AND_FAR, after) == pytest.approx(left_lu, abs=0.5)


def test_leveller_finds_voices_by_their_level_where_nobody_says_who_speaks():
    assert apart_lu(NEAR_AND_FAR, levelled(NEAR_AND_FAR.samples)) == pytest.approx(1.08, abs=0.5)
    assert len(find_stretches(heard(NEAR_AND_FAR.samples).energies)) == 8


def test_leveller_does_not_pump():
    taken = heard(NEAR_AND_FAR.samples)
    for stretches in (find_stretches(taken.energies, NEAR_AND_FAR.turns), find_stretches(taken.energies)):
        gains_db = gain_curve(taken, stretches, strength=USUAL)
        assert max(float(np.ptp(gains_db[stretch.start : stretch.end])) for stretch in stretches) < 1e-9


@pytest.mark.parametrize("level_dbfs", [-45.0, -30.0, -14.0])
def test_recordings_and_clips_meet_at_one_loudness(level_dbfs: float):
    voice = babble(20, level_dbfs)
    clip_lufs = measure(voice, RATE_HZ).integrated_lufs
    assert measure(levelled(voice), RATE_HZ).integrated_lufs == pytest.approx(VOICE_LUFS, abs=0.3)
    assert clip_lufs + voice_gain_db([(clip_lufs, 20.0)]) == pytest.approx(VOICE_LUFS, abs=0.3)


def test_a_shout_stays_a_shout():
    loud = slice(10 * RATE_HZ, round(10.5 * RATE_HZ))
    samples = babble(20, -26)
    samples[:, loud] *= 2.5
    after = levelled(samples)
    gain_db = 20 * np.log10(np.abs(after[:, loud]).max() / np.abs(samples[:, loud]).max())
    assert gain_db == pytest.approx(20 * np.log10(np.abs(after).mean() / np.abs(samples).mean()), abs=0.5)


def test_breath_and_room_between_turns_are_not_lifted_on_their_own():
    room = noise(3, -58, seed=4)
    samples = np.concatenate([babble(8, -23), room, babble(8, -23, seed=2), room], axis=1)
    assert np.ptp(gain_curve(heard(samples), find_stretches(heard(samples).energies), strength=1.0)) < 0.5


def test_a_speaker_who_moves_away_is_followed():
    levels_lufs = np.repeat([-20.0, -24.0, -29.0], 2400) + np.random.default_rng(1).normal(0, 3, 7200)
    turns = [
        Segment(start_s=s, end_s=s + 9.0, text="", speaker="Anna" if s % 20 else "Birkir") for s in range(0, 720, 10)
    ]
    found = find_stretches(10 ** (levels_lufs / 10), turns)
    near, far = found[0].level_lufs, found[-1].level_lufs
    assert near - far == pytest.approx(9.0, abs=1.5)
    assert max(abs(before.level_lufs - after.level_lufs) for before, after in pairwise(found)) < 1.5


@pytest.mark.parametrize("size", [997, 4800, 48_000, 100_003])
def test_the_size_of_the_blocks_changes_nothing(size: int):
    samples = NEAR_AND_FAR.samples
    blocks = [samples[:, start : start + size] for start in range(0, samples.shape[1], size)]
    taken = listen(blocks, sample_rate_hz=RATE_HZ, channels=1)
    gains_db = gain_curve(taken, find_stretches(taken.energies), strength=USUAL)
    after = np.concatenate(list(apply_gains(blocks, gains_db, hop=taken.hop)), axis=1)
    assert np.abs(after - levelled(samples)).max() < 1e-7


@pytest.mark.parametrize(
    "samples",
    [silence(5), noise(5, -80), silence(0.05), babble(0.3, -30)],
    ids=["silence", "below the gate", "shorter than a hop", "shorter than a gating block"],
)
def test_where_nobody_speaks_nothing_is_done(samples: Samples):
    assert np.array_equal(levelled(samples), samples)


def test_who_interrupts_within_a_turn_shares_its_gain():
    told = (
        Segment(start_s=0.4, end_s=4.4, text="", speaker="Anna"),
        Segment(start_s=2.0, end_s=2.5, text="", speaker="Birkir"),
        Segment(start_s=4.8, end_s=8.8, text="", speaker="Birkir"),
    )
    found = find_stretches(heard(NEAR_AND_FAR.samples).energies, told)
    assert [stretch.speaker for stretch in found] == ["Anna", "Birkir"]
    assert found[0].level_lufs - found[1].level_lufs == pytest.approx(12.0, abs=0.5)


ODD_TURNS = st.lists(
    st.builds(
        lambda start_s, length_s, speaker: Segment(start_s=start_s, end_s=start_s + length_s, text="", speaker=speaker),
        st.floats(0, 60),
        st.floats(0, 60),
        st.sampled_from(["Anna", "Birkir", "Una"]),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(ODD_TURNS)
def test_turns_that_make_no_sense_make_no_odd_gains(turns: list[Segment]):
    taken = heard(NEAR_AND_FAR.samples)
    found = find_stretches(taken.energies, turns)
    gains_db = gain_curve(taken, found, strength=1.0)
    assert np.isfinite(gains_db).all()
    assert np.ptp(gains_db) <= 24.0
    assert all(before.end <= after.start for before, after in pairwise(found))
