"""What a script costs as it grows, what an edit costs, and where the seconds of an unchanged run go."""

from __future__ import annotations

import re

import pytest
from measuring import table

pytestmark = pytest.mark.benchmark

NARRATE = ("ingest", "synthesize", "postprocess", "publish")


def test_cost_per_line_stays_level_as_a_script_grows_from_50_to_5000_lines(new_studio, prefect_api, script):
    counts, runs, again = (50, 500, 5000), {}, {}
    for count in counts:
        studio, source = new_studio(f"lines-{count}", prefect_api), script(count, name=f"samtal-{count}.md")
        runs[count] = studio.produce(source)
        again[count] = studio.produce(source)
        assert (runs[count].requests, again[count].requests) == (count, 0)
    rows = [
        [
            f"{name}{how}",
            *(1000 * of[n].stages[name].wall_s / n for n in counts),
            *(1000 * of[n].stages[name].cpu_s / n for n in counts),
        ]
        for how, of in (("", runs), (", all stored", again))
        for name in NARRATE
    ]
    head = ("ms per line", *(f"wall, {n} lines" for n in counts), *(f"CPU, {n} lines" for n in counts))
    print(table("Cost per line of a narrated script", head, rows))

    for name in NARRATE:
        assert runs[5000].stages[name].cpu_s / 5000 < 1.5 * runs[500].stages[name].cpu_s / 500
    assert again[5000].cpu_s < 10 * again[500].cpu_s


def test_an_edited_line_of_300_costs_one_request(studio, script):
    full = studio.produce(script(300))
    edit = studio.produce(script(300, edited=(150,)))
    rows = [
        [name, was.wall_s, now.wall_s, _percent(now.wall_s, was.wall_s), _percent(now.cpu_s, was.cpu_s)]
        for name, was, now in [
            *((name, full.stages[name], edit.stages[name]) for name in NARRATE),
            ("whole command", full, edit),
        ]
    ]
    title = f"One line of 300 edited: {edit.requests} request instead of {full.requests}"
    print(table(title, ("stage", "full run s", "edit s", "share of time", "share of CPU"), rows))

    assert (full.requests, edit.requests) == (300, 1)
    assert edit.stages["synthesize"].cpu_s < 0.75 * full.stages["synthesize"].cpu_s


def test_an_unchanged_second_run_is_mostly_the_start_of_prefect(new_studio):
    studio = new_studio("home")
    studio.produce("flows/surtsey.md")
    run = studio.produce("flows/surtsey.md")
    moments = [
        ("import, ours and Prefect's", run.at("Starting temporary server")),
        ("Prefect's server starts", run.at("server.bootstrapped")),
        ("the flow run begins", run.at("stage.started stage=ingest")),
        *((name, run.at(f"stage.finished stage={name}")) for name in NARRATE),
        ("report", run.at("Stopping temporary server")),
        ("Prefect's server stops", run.wall_s),
    ]
    befores = [0.0, *(moment for _, moment in moments)]
    rows = [
        [what, until - before, _percent(until - before, run.wall_s)]
        for (what, until), before in zip(moments, befores[:-1], strict=True)
    ]
    print(table(f"An unchanged second run: {run.wall_s:.1f} s, {run.cpu_s:.1f} s of CPU", ("what", "s", "share"), rows))

    assert not run.requests
    assert run.cpu_s < 30  # of all processes together; on an idle machine the seconds are fewer
    assert any(re.search(r"clips made 0, reused \d+", line) for _, line in run.said)


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %"
