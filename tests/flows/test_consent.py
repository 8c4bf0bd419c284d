"""Consent while an episode is being made: asked for at every line, and written down whoever reads."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from blocks import SavedConsent, SavedVoice
from blocks.audit import read_all
from tasks.clips import stored_clips
from tasks.errors import ConsentEnded
from tasks.policies import content_key
from tasks.schemas import Consent, Line, LinesFailed, PlannedLine, SpokenText, SynthesisPlan, VoicePreset
from tasks.synthesize import plan_fallback, speak_lines

CLONED = VoicePreset(name="anna-klonud", voice="f3", consent="anna")
GIVEN = Consent(
    person="Anna",
    statement="Já, röddin mín má lesa þættina.",
    recording_sha256="0" * 64,
    granted_at=datetime(2026, 11, 1, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def anna(studio) -> Iterator[None]:
    """A cloned voice, with the consent of its person."""
    SavedConsent(consent=GIVEN).save("anna", overwrite=True)
    SavedVoice(preset=CLONED).save(CLONED.name, overwrite=True)
    yield
    for kind, name in ((SavedVoice, CLONED.name), (SavedConsent, "anna")):
        with contextlib.suppress(ValueError):
            kind.delete(name)


def planned(voice: VoicePreset, text: str) -> PlannedLine:
    return PlannedLine(
        line=Line(number=1, speaker="Anna", text=text),
        spoken=SpokenText(written=text, text=text),
        voice=voice,
        language="is",
        key=content_key(text=text),
    )


def test_a_consent_that_ends_between_the_plan_and_a_line_silences_its_voice():
    speak_lines.fn((planned(CLONED, "Góðan dag."),), "hladvarp")
    SavedConsent(consent=GIVEN.model_copy(update={"revoked_at": datetime(2026, 11, 2, tzinfo=UTC)})).save(
        "anna", overwrite=True
    )

    with pytest.raises(ConsentEnded, match="Anna took back the consent"):
        speak_lines.fn((planned(CLONED, "Bless."),), "hladvarp")

    assert [clip is None for clip in stored_clips(content_key(text=text) for text in ("Góðan dag.", "Bless."))] == [
        False,
        True,
    ]


def test_a_cloned_voice_that_reads_instead_of_another_is_written_down():
    down = planned(VoicePreset(name="down", engine="polly", voice="Dora", fallback=(CLONED.name,)), "Góðan dag.")
    failed = LinesFailed(clips=(down.key,), reason="polly is down")

    plan = plan_fallback.fn(SynthesisPlan(lines=(down,)), (failed,), "is", "hladvarp", 0.0, ())

    assert plan is not None
    assert [line.voice.name for line in plan.lines] == [CLONED.name]
    (used,) = [entry for entry in read_all() if entry.event == "voice.used"]
    assert (used.preset, used.consent, used.show) == (CLONED.name, "anna", "hladvarp")
