from __future__ import annotations

import numpy as np
import pytest

from tasks.audio.aim import Aim, Goal, Hit, next_aim

GOAL = Goal(-16.0, -1.0)


def limited(aim: Aim, *, crest_db: float, loss_lu: float = 0.4, overshoot_db: float = 0.9) -> Hit:
    """A sound at -30 LUFS behind a soft limiter and a codec: the harder it is driven, the less it gives back."""
    drive = aim.gain_db - aim.ceiling_dbtp - 30 + crest_db  # of the peaks into the ceiling
    level = aim.ceiling_dbtp - crest_db + (drive if drive < 0 else 1.5 * crest_db * np.tanh(drive / 1.5 / crest_db))
    return Hit(aim, float(level - loss_lu), aim.ceiling_dbtp + min(drive, 0.0) + overshoot_db)


def is_right(hit: Hit) -> bool:
    return abs(hit.level_lufs - GOAL.level_lufs) <= 0.3 and hit.true_peak_dbtp <= GOAL.true_peak_dbtp


@pytest.mark.parametrize("first_gain_db", [2.0, 14.4, 24.0], ids=["far below", "as if nothing limited", "far above"])
@pytest.mark.parametrize("crest_db", [10.0, 14.0, 18.0, 22.0])
def test_next_aim_hits_within_five_takes_though_the_ceiling_sinks(crest_db: float, first_gain_db: float):
    hits = [limited(Aim(first_gain_db, -1.5), crest_db=crest_db)]
    while not is_right(hits[-1]) and len(hits) < 5:
        hits.append(limited(next_aim(hits, GOAL), crest_db=crest_db))
    assert is_right(hits[-1])


def test_next_aim_leaves_alone_what_is_right():
    assert next_aim([Hit(Aim(10.0, -1.5), -16.0, -1.2)], GOAL) == Aim(10.0, -1.5)


def test_next_aim_lowers_gain_and_ceiling_together_where_only_the_peak_is_too_high():
    aim = next_aim([Hit(Aim(10.0, -1.5), -16.0, -0.5)], GOAL)
    assert aim.ceiling_dbtp == pytest.approx(-2.2)
    assert aim.gain_db == pytest.approx(10.0)


def test_next_aim_trusts_what_a_rehearsal_has_learned_of_the_limiter():
    assert next_aim([Hit(Aim(10.0, -1.5, slope=0.5), -17.0, -1.2)], GOAL).gain_db == pytest.approx(12.0)


def test_next_aim_stays_between_what_was_too_quiet_and_what_was_too_loud():
    hits = [Hit(Aim(10.0, -1.5), -17.0, -1.2), Hit(Aim(16.0, -1.5), -15.5, -1.2)]
    assert 10.0 < next_aim(hits, GOAL).gain_db < 16.0
