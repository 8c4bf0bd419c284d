from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.schemas import Segment, Transcript
from tasks.text.revoice import LONGEST_LINE_CHARACTERS, script_of, sentences


def transcript(*spoken):
    segments = tuple(Segment(start_s=n, end_s=n + 1, text=text, speaker=who) for n, (who, text) in enumerate(spoken))
    return Transcript(language="is", duration_s=100.0, segments=segments)


def test_script_of_joins_a_turn_and_keeps_turns_apart():
    script = script_of(transcript(("A", "Þetta er"), ("A", "ein setning."), ("B", "Já."), ("A", "Einmitt.")), "Titill")
    assert [(line.number, line.speaker, line.text) for line in script.lines] == [
        (1, "A", "Þetta er ein setning."), (2, "B", "Já."), (3, "A", "Einmitt."),
    ]  # fmt: skip
    assert (script.title, script.language) == ("Titill", "is")


def test_script_of_cuts_long_turns_at_sentences():
    sentence = "Þetta er setning með nokkrum orðum í röð og hún endar hér. "
    script = script_of(transcript(("A", sentence * 20)), "")
    assert len(script.lines) > 2
    assert all(line.text.endswith("hér.") and len(line.text) <= LONGEST_LINE_CHARACTERS for line in script.lines)


def test_script_of_an_empty_transcript_has_no_lines():
    assert script_of(transcript(), "").lines == ()


def test_sentences_do_not_end_at_abbreviations_ordinals_and_initials():
    text = "Dr. Anna kom kl. 14 þann 3. Maí. H. Jónsson fór. „Já!“ sagði hún. 12 menn."
    assert sentences(text) == ["Dr. Anna kom kl. 14 þann 3. Maí.", "H. Jónsson fór.", "„Já!“ sagði hún.", "12 menn."]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["", "A", "B"]), st.text(max_size=700) | st.just("a" * 900)), max_size=6))
def test_script_of_loses_no_letter(spoken):
    script = script_of(transcript(*spoken), "")
    assert "".join("".join(line.text.split()) for line in script.lines) == "".join(
        "".join(t.split()) for _, t in spoken
    )
    assert all(0 < len(line.text) <= LONGEST_LINE_CHARACTERS for line in script.lines)
