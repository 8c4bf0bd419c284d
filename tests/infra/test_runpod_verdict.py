"""When a container counts as started again under its run, by what RunPod's list says of its uptime."""

from __future__ import annotations

import pytest

from infra.runpod.pods import Pod, Runtime
from infra.runpod.verdict import Fate, Patience, Sight, judge


@pytest.mark.parametrize(
    ("uptimes", "fate"),
    [
        ((10, 15, 20), Fate.WAIT),
        ((10, None, 20), Fate.WAIT),
        ((10, 0, 20), Fate.WAIT),
        ((10, 9, 20), Fate.WAIT),
        ((10, 3), Fate.CRASH),
        ((10, None, 3), Fate.CRASH),
        ((10, 0, 0), Fate.CRASH),
        ((1, 0, 0), Fate.CRASH),
        ((0, None, 0, 0), Fate.WAIT),
    ],
)
def test_container_was_started_again_where_its_uptime_is_seen_to_have_fallen(uptimes, fate: Fate):
    sight = Sight("pod-1", 0.0)
    sight.hear("RUNNING", 0.0)
    for at_s, uptime in enumerate(uptimes):
        runtime = None if uptime is None else Runtime(uptime=uptime)
        sight.look(Pod(id="pod-1", status="RUNNING", runtime=runtime), float(at_s))
    assert judge(sight, Patience(start_s=900.0, run_s=3600.0), 10.0).fate is fate
