"""How the lines of a script are divided among tasks."""

import pytest

from flows.batches import in_batches
from flows.dispatch import THREADS
from tasks.schemas import Line, PlannedLine, SpokenText, SynthesisPlan, VoicePreset


def plan_of(lengths: list[int], engines: tuple[str, ...] = ("espeak",)) -> SynthesisPlan:
    lines = tuple(
        PlannedLine(
            line=Line(number=number, speaker="", text="a"),
            spoken=SpokenText(written="a", text="a" * length),
            voice=VoicePreset(name="voice", engine=engines[number % len(engines)]),
            language="is",
            key=f"{number:016x}",
        )
        for number, length in enumerate(lengths, start=1)
    )
    return SynthesisPlan(lines=lines, missing=tuple(range(len(lines))))


@pytest.mark.parametrize("lengths", [[], [0, 0], [50], [5000], [50] * 60, [1999, 1, 1], [17] * 5000, [300, 1] * 40])
def test_batches_hold_every_line_once_and_in_order(lengths):
    plan = plan_of(lengths)
    batches = list(in_batches(plan, 2000))
    assert [line for batch in batches for line in batch] == list(plan.lines)
    assert all(batches)


def test_batches_are_for_one_engine_each():
    batches = list(in_batches(plan_of([40] * 50, ("espeak", "piper")), 2000))
    assert all(len({line.voice.engine for line in batch}) == 1 for batch in batches)
    assert {batch[0].voice.engine for batch in batches} == {"espeak", "piper"}


def test_batches_are_for_one_server_each():
    plan = plan_of([40] * 50, ("openai_compatible",))
    lines = tuple(
        line.model_copy(update={"voice": line.voice.model_copy(update={"account": ("attic", "cellar")[number % 2]})})
        for number, line in enumerate(plan.lines)
    )
    batches = list(in_batches(plan.model_copy(update={"lines": lines}), 2000))
    assert all(len({line.voice.account for line in batch}) == 1 for batch in batches)
    assert sum(map(len, batches)) == 50


def test_a_script_that_fits_one_batch_keeps_every_thread_busy():
    sizes = [len(batch) for batch in in_batches(plan_of([50] * 40 * THREADS), 2000 * THREADS)]
    assert sizes == [40] * THREADS


def test_a_long_script_makes_batches_of_the_size_that_is_asked_for():
    sizes = [sum(len(line.spoken.text) for line in batch) for batch in in_batches(plan_of([90] * 1000), 2000)]
    assert len(sizes) == max(45, THREADS)
    assert all(size < 2090 for size in sizes)


def test_a_few_words_stay_together():
    assert len(list(in_batches(plan_of([30] * 6), 2000))) == 1
