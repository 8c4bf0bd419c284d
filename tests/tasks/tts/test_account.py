"""What a script will cost, and what it has cost."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.errors import AnswerUnfinished, BudgetExceeded, EngineBusy, SpokeOtherwise
from tasks.schemas import Line, PlannedLine, SpokenText, VoicePreset
from tasks.tts.account import Tally, estimates_of, require_budget, uses_of
from tasks.tts.engine import Speech, TtsCapabilities, TtsEngine

PRICES = {"azure": 16.0, "espeak": 0.0, "openai": None}


class Priced(TtsEngine):
    """An engine that has a price and never speaks."""

    def __init__(self, usd_per_million_characters: float | None) -> None:
        self._price = usd_per_million_characters

    def capabilities(self, voice: VoicePreset) -> TtsCapabilities:
        return TtsCapabilities(
            languages=frozenset({"is"}),
            sample_rate_hz=24_000,
            max_characters=1000,
            usd_per_million_characters=self._price,
        )


def line(engine: str, characters: int) -> PlannedLine:
    return PlannedLine(
        line=Line(number=1, speaker="", text="a"),
        spoken=SpokenText(written="a", text="a" * characters),
        voice=VoicePreset(name=engine.replace("_", "-"), engine=engine),
        language="is",
        key=f"{engine}{characters}",
    )


def engine_of(voice: VoicePreset) -> TtsEngine:
    return Priced(PRICES[voice.engine])


def spoken(billed: int = 0) -> Speech:
    return Speech(samples=np.zeros((1, 10), np.float32), sample_rate_hz=24_000, billed_characters=billed)


def test_each_engine_is_estimated_by_its_own_price():
    estimates = estimates_of([line("azure", 500_000), line("espeak", 10), line("azure", 500_000)], engine_of)

    assert [(one.engine, one.lines, one.characters, one.usd) for one in estimates] == [
        ("azure", 2, 1_000_000, 16.0),
        ("espeak", 1, 10, 0.0),
    ]


def test_a_budget_lets_pass_what_it_covers_and_stops_what_it_does_not():
    estimates = estimates_of([line("azure", 1_000_000)], engine_of)

    require_budget(estimates, 16.0)
    require_budget(estimates, 0.0)
    with pytest.raises(BudgetExceeded, match=r"16\.00 USD \(azure 1000000 characters\).*15\.00 USD"):
        require_budget(estimates, 15.0)


def test_a_budget_stops_what_nobody_can_estimate():
    estimates = estimates_of([line("openai", 10)], engine_of)

    assert estimates[0].usd is None
    require_budget(estimates, 0.0)
    with pytest.raises(BudgetExceeded, match="openai"):
        require_budget(estimates, 1000.0)


def test_what_is_spent_already_counts_against_a_budget():
    estimates = estimates_of([line("azure", 500_000)], engine_of)

    require_budget(estimates, 10.0, spent_usd=2.0)
    with pytest.raises(BudgetExceeded, match=r"8\.00 USD .* after 2\.50 USD .* budget of 10\.00 USD"):
        require_budget(estimates, 10.0, spent_usd=2.5)


def test_a_line_of_signs_is_asked_of_nobody_and_costs_nothing():
    planned = line("azure", 1).model_copy(update={"spoken": SpokenText(written="…!", text="…!")})

    tally = Tally(engine="azure", version="1").answered(Priced(16.0), planned, spoken())

    assert (tally.made, tally.requests, tally.characters, tally.usd) == (1, 0, 0, 0.0)
    assert estimates_of([planned], engine_of)[0].characters == 0


def test_a_vendor_that_counts_is_believed():
    engine, planned = Priced(16.0), line("azure", 100)

    tally = (
        Tally(engine="azure", version="1")
        .answered(engine, planned, spoken(billed=250))
        .answered(engine, planned, spoken())
    )

    assert (tally.made, tally.requests, tally.unfinished, tally.characters) == (2, 2, 0, 350)
    assert tally.usd == pytest.approx(350 * 16e-6)


@pytest.mark.parametrize(
    ("error", "unfinished", "characters"),
    [(AnswerUnfinished("x"), 1, 100), (SpokeOtherwise("x"), 1, 100), (EngineBusy("x"), 0, 0)],
)
def test_an_answer_that_broke_off_counts_as_paid_and_a_refusal_does_not(error, unfinished, characters):
    tally = Tally(engine="azure", version="1").failed(Priced(16.0), line("azure", 100), error)

    assert (tally.made, tally.requests, tally.unfinished, tally.characters) == (0, 1, unfinished, characters)


def test_all_attempts_are_summed_and_engines_without_a_request_are_named():
    tallies = [
        Tally(engine="azure", version="1", requests=2, unfinished=1, characters=20, usd=0.5),
        Tally(engine="azure", version="1", requests=1, characters=10, usd=0.25),
    ]

    uses = {use.engine: use for use in uses_of({"azure": "1", "espeak": "2"}, tallies)}

    assert (uses["azure"].requests, uses["azure"].unfinished, uses["azure"].usd) == (3, 1, 0.75)
    assert (uses["espeak"].requests, uses["espeak"].version) == (0, "2")
