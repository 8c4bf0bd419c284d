# ruff: noqa: E501  (tables of examples)

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.schemas import Chapter, Moment, Segment, Transcript, Word
from tasks.text.subtitles import chapters_json, cues, to_json, to_srt, to_text, to_vtt

SENTENCE = "Þetta er fyrsta setningin í þættinum og hún er löng. Svo kemur önnur setning sem er líka nokkuð löng, já mjög löng."


def transcript(*segments, duration_s=60.0):
    return Transcript(language="is", duration_s=duration_s, segments=segments)


def test_to_vtt_names_speakers_and_escapes_what_the_format_reserves():
    vtt = to_vtt(transcript(Segment(start_s=0, end_s=2.5, text="a < b --> c & d", speaker="Jón & <Anna>")))
    assert vtt == "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n<v Jón &amp; &lt;Anna&gt;>a &lt; b --&gt; c &amp; d\n"


def test_to_srt_numbers_its_cues_and_names_a_speaker_once():
    srt = to_srt(transcript(*(Segment(start_s=n, end_s=n + 1, text=f"lína {n} -->", speaker="Jón") for n in range(2))))
    assert srt == ("1\n00:00:00,000 --> 00:00:01,000\nJón: lína 0 →\n\n2\n00:00:01,000 --> 00:00:02,000\nlína 1 →\n")


def test_cues_are_cut_at_sentences_and_at_the_times_of_words():
    words = tuple(Word(text=text, start_s=n * 0.4, end_s=n * 0.4 + 0.3) for n, text in enumerate(SENTENCE.split()))
    first, *rest = cues(transcript(Segment(start_s=0, end_s=60, text=SENTENCE, words=words)))
    assert first.text.endswith("hún er löng.")
    assert first.end_ms == 9 * 400 + 300
    assert rest[0].start_ms == 10 * 400
    assert " ".join(cue.text for cue in (first, *rest)) == SENTENCE


def test_to_json_follows_the_namespace():
    found = json.loads(to_json(transcript(Segment(start_s=0.5, end_s=1.0, text="Halló", speaker="Anna"))))
    assert found == {
        "version": "1.0.0",
        "segments": [{"speaker": "Anna", "startTime": 0.5, "endTime": 1.0, "body": "Halló"}],
    }


def test_to_text_gives_a_paragraph_a_turn_without_labels():
    spoken = [("A", "Eitt."), ("A", "Tvö."), ("B", "Þrjú."), ("A", " "), ("A", "Fjögur.")]
    segments = [Segment(start_s=n, end_s=n + 1, text=text, speaker=who) for n, (who, text) in enumerate(spoken)]
    assert to_text(transcript(*segments)) == "Eitt. Tvö.\n\nÞrjú.\n\nFjögur.\n"


def test_an_empty_transcript_gives_valid_empty_files():
    empty = transcript(duration_s=0.0)
    assert (to_vtt(empty), to_srt(empty), to_text(empty)) == ("WEBVTT\n", "", "")
    assert json.loads(to_json(empty)) == {"version": "1.0.0", "segments": []}
    assert json.loads(chapters_json(())) == {"version": "1.2.0", "chapters": []}


def test_chapters_json_gives_times_in_seconds():
    found = json.loads(chapters_json([Chapter(title="Upphaf", start_s=0, end_s=12.3456)]))
    assert found["chapters"] == [{"startTime": 0, "endTime": 12.346, "title": "Upphaf"}]


SEGMENTS = st.lists(
    st.builds(
        lambda start, length, text, speaker: Segment(start_s=start, end_s=start + length, text=text, speaker=speaker),
        st.floats(0, 100), st.floats(0, 60), st.text(max_size=300) | st.just(SENTENCE * 3), st.sampled_from(["", "A", "B"]),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(SEGMENTS, st.floats(10, 120))
def test_cues_never_overlap_nor_last_beyond_the_sound(segments, duration_s):
    found = cues(transcript(*segments, duration_s=duration_s))
    times = [moment for cue in found for moment in (cue.start_ms, cue.end_ms)]
    assert times == sorted(times)
    assert all(cue.end_ms > cue.start_ms for cue in found)
    assert not times or (times[0] >= 0 and times[-1] <= duration_s * 1000)
    assert " ".join(cue.text for cue in found).split() == " ".join(s.text for s in segments).split()


def test_cues_have_two_lines_of_readable_length():
    vtt = to_vtt(transcript(Segment(start_s=0, end_s=60, text=SENTENCE * 4)))
    for cue in re.split(r"\n\n", vtt)[1:]:
        rows = cue.strip().split("\n")[1:]
        assert len(rows) <= 2
        assert max(map(len, rows)) <= 65


@pytest.mark.parametrize("text", ["a\n\nb", "a\u2028b", "\x85", "x" * 200])
def test_to_vtt_holds_every_text_in_one_cue_block(text):
    vtt = to_vtt(transcript(Segment(start_s=0, end_s=1, text=text)))
    assert vtt.count("-->") <= 1
    assert len(vtt.strip().split("\n\n")) <= 2


def test_json_names_the_moments_that_the_author_has_marked():
    plain = Transcript(language="is", duration_s=2.0)
    marked = plain.model_copy(update={"moments": (Moment(name="gosið", at_s=1.2345),)})

    assert "moments" not in json.loads(to_json(plain))
    assert json.loads(to_json(marked))["moments"] == [{"name": "gosið", "startTime": 1.234}]
