"""What a batch leaves for the account, however it ends."""

from __future__ import annotations

import pytest

import tasks.synthesize
from tasks.clips import stored_clips
from tasks.errors import StorageFull
from tasks.policies import content_key
from tasks.schemas import Line, PlannedLine, SpokenText, VoicePreset
from tasks.synthesize import speak_lines, tallies_of


def test_an_answer_that_cannot_be_kept_was_asked_for_all_the_same(studio, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise StorageFull("no room left")

    line = PlannedLine(
        line=Line(number=1, speaker="", text="Góðan dag."),
        spoken=SpokenText(written="Góðan dag.", text="Góðan dag."),
        voice=VoicePreset(name="asa"),
        language="is",
        key=content_key(text="Góðan dag."),
    )
    monkeypatch.setattr(tasks.synthesize, "keep_clip", full)
    monkeypatch.setattr(tasks.synthesize, "tally_key", lambda *_: content_key(tally="x"))

    with pytest.raises(StorageFull):
        speak_lines.fn((line,), "hladvarp")

    assert stored_clips((line.key,)) == (None,)
    tally = tallies_of(("x",))[0]
    assert (tally.requests, tally.characters, tally.made) == (1, 10, 0)
