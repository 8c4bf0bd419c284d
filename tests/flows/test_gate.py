"""The gate: what is heard badly is read again, and what is not as it was asked for is not published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tasks.tts.engine
from blocks.settings import load_settings
from tasks.errors import KeptForReview
from tasks.schemas import CastEntry

SCRIPT = """# The island

**Host:** Good evening, and welcome to the programme.

**Guest:** Nobody had seen such a volcano before, and the fishermen were the first to notice the smoke.

**Host:** Thank you, and goodbye.
"""


@pytest.fixture
def mumbling(studio, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A studio with a voice that mumbles one line of the script, in several tempers."""
    monkeypatch.setitem(tasks.tts.engine.ENGINES, "openai_compatible", "mumbling:Mumbler")
    tasks.tts.engine.load_engine.cache_clear()
    voices = [
        {"name": "clear", "engine": "openai_compatible", "voice": "clear"},
        {"name": "unsteady", "engine": "openai_compatible", "voice": "unsteady"},
        {"name": "hopeless", "engine": "openai_compatible", "voice": "hopeless"},
        {"name": "backed", "engine": "openai_compatible", "voice": "backed", "fallback": ["espeak-asa"]},
    ]
    settings = studio.folder / "hladvarp.json"
    settings.write_text(json.dumps({"voices": voices}))
    monkeypatch.setenv("HLADVARP_SETTINGS_FILE", str(settings))
    load_settings.cache_clear()
    yield studio
    tasks.tts.engine.load_engine.cache_clear()


def cast(guest: str) -> tuple[CastEntry, ...]:
    return (CastEntry(speaker="Host", preset="clear"), CastEntry(speaker="Guest", preset=guest))


def test_a_mumbled_line_is_read_again_until_it_is_heard_and_the_manifest_tells(mumbling):
    manifest = mumbling.produce(mumbling.script(SCRIPT), cast=cast("unsteady"))

    trip = manifest.round_trip
    assert trip is not None
    assert (trip.lines, trip.retaken, trip.retakes, trip.failed) == (3, 1, 2, ())
    (mended,) = trip.mended
    assert (mended.line, mended.preset, mended.takes) == (5, "unsteady", 3)
    assert mended.error_rate < 0.5
    assert "volcano" in mended.said
    assert trip.mean_error_rate is not None
    assert trip.mean_error_rate < 0.2
    assert manifest.verdict.passed
    assert not manifest.substitutions
    assert (manifest.clips_made, manifest.clips_reused) == (5, 0)
    quality = json.loads((Path(manifest.published_to) / "quality.json").read_text())
    assert quality["round_trip"]["retaken"] == 1

    again = mumbling.produce(mumbling.script(SCRIPT), cast=cast("unsteady"))
    assert (again.clips_made, again.clips_reused) == (0, 3)
    assert again.round_trip == trip, "what was heard is kept"


@pytest.mark.slow
def test_an_engine_without_seeds_leaves_its_mumbled_line_to_the_fallback(mumbling):
    manifest = mumbling.produce(mumbling.script(SCRIPT), cast=cast("backed"))

    (one,) = manifest.substitutions
    assert (one.line, one.preset, one.instead_of) == (5, "espeak-asa", "backed")
    assert re.search(r"\d+% of the letters were heard otherwise", one.reason)
    assert manifest.round_trip is not None
    assert manifest.round_trip.retakes == 1


@pytest.mark.slow
def test_a_line_that_no_take_makes_good_holds_the_episode_back(mumbling):
    with pytest.raises(KeptForReview, match=r"line 5, read by hopeless.*volcano"):
        mumbling.produce(mumbling.script(SCRIPT), cast=cast("hopeless"))

    assert not list(mumbling.published.rglob("feed.xml"))
    assert not list(mumbling.published.rglob("manifest.json"))


@pytest.mark.slow
def test_a_clear_voice_is_not_held_up(mumbling):
    manifest = mumbling.produce(mumbling.script(SCRIPT), cast=cast("clear"))

    assert manifest.round_trip is not None
    assert (manifest.round_trip.lines, manifest.round_trip.retaken) == (3, 0)
    assert manifest.verdict.passed
