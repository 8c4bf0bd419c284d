"""Merging: the recording's own time, in order, by sentences, without loops, and nothing else lost."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tasks.asr.chunks import cut_chunks
from tasks.asr.merge import merge
from tasks.asr.sentences import LONGEST_S, sentences
from tasks.schemas import ChunkBounds, Segment, Word


def segment(
    text: str, start_s: float = 0.0, *, word_s: float = 0.5, pauses_s: dict[int, float] | None = None
) -> Segment:
    """A segment that says a word every `word_s`, with a pause of `pauses_s[i]` before word i."""
    words, now_s = [], start_s
    for index, word in enumerate(text.split()):
        now_s += (pauses_s or {}).get(index, 0.0)
        words.append(Word(text=word, start_s=now_s, end_s=now_s + word_s))
        now_s += word_s
    return Segment(start_s=start_s, end_s=now_s, text=text, words=tuple(words))


def chunk(start_s: float, end_s: float) -> ChunkBounds:
    return ChunkBounds(start_s=start_s, end_s=end_s)


def test_times_are_moved_to_the_recordings_own():
    transcript = merge([chunk(10, 20), chunk(30, 40)], [[segment("fyrst þetta")], [segment("svo hitt", 1.0)]],
                       language="is", duration_s=50)  # fmt: skip
    assert [(s.text, s.start_s, s.end_s) for s in transcript.segments] == [
        ("fyrst þetta", 10, 11),
        ("svo hitt", 31, 32),
    ]
    assert transcript.segments[1].words[1] == Word(text="hitt", start_s=31.5, end_s=32)
    assert (transcript.language, transcript.duration_s) == ("is", 50)


def test_chunks_come_out_in_order_whatever_order_they_came_in():
    transcript = merge(
        [chunk(30, 40), chunk(0, 10)], [[segment("seinna")], [segment("fyrr")]], language="is", duration_s=40
    )
    assert [s.text for s in transcript.segments] == ["fyrr", "seinna"]


def test_no_speech_is_an_empty_transcript():
    assert merge([], [], language="is", duration_s=3.0).segments == ()
    assert merge([chunk(0, 3)], [[]], language="is", duration_s=3.0).segments == ()


def test_times_stay_inside_the_chunk_and_the_recording_and_never_run_backwards():
    overlapping = [segment("eitt tvö þrjú", 8.0), segment("fjögur fimm", 8.5), segment("langt úti", 40.0)]
    transcript = merge(
        [chunk(0, 10), chunk(10, 20)], [overlapping, [segment("sex sjö", 9.8)]], language="is", duration_s=19.5
    )
    words = [word for s in transcript.segments for word in s.words]
    assert [word.text for word in words] == ["eitt", "tvö", "þrjú", "fjögur", "fimm", "langt", "úti", "sex", "sjö"]
    assert all(one.end_s <= other.start_s for one, other in pairwise(words))
    assert all(word.end_s <= 10 for word in words[:7])
    assert words[-1].end_s <= 19.5


def test_a_loop_across_the_seam_is_cut_down_to_one():
    loop = "Takk fyrir að horfa."
    heard = [[segment(f"Jæja þá. {loop} {loop}")], [segment(f"{loop} {loop} Nýtt efni.")]]
    transcript = merge([chunk(0, 10), chunk(10, 20)], heard, language="is", duration_s=20)
    assert [s.text for s in transcript.segments] == ["Jæja þá.", loop, "Nýtt efni."]


def test_short_answers_and_a_sentence_said_twice_are_no_loop():
    text = "Nei. Nei. Nei. Komdu nú hingað. Komdu nú hingað."
    transcript = merge([chunk(0, 20)], [[segment(text)]], language="is", duration_s=20)
    assert " ".join(s.text for s in transcript.segments) == text


def test_results_without_words_are_kept_whole():
    bare = Segment(start_s=1, end_s=4, text=" Engin orð. Samt texti. ")
    transcript = merge([chunk(5, 8)], [[bare]], language="is", duration_s=8)
    assert [(s.text, s.start_s, s.end_s) for s in transcript.segments] == [("Engin orð. Samt texti.", 6, 8)]


def test_results_that_do_not_fit_the_chunks_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        merge([chunk(0, 1), chunk(1, 2)], [[]], language="is", duration_s=2)


def test_sentences_are_cut_after_their_ends():
    cut = sentences(segment("Góðan daginn. Hvernig ertu? Bara fínn!"))
    assert [s.text for s in cut] == ["Góðan daginn.", "Hvernig ertu?", "Bara fínn!"]
    assert cut[1].start_s == cut[0].end_s == 1.0


def test_abbreviations_end_no_sentence_unless_a_pause_follows():
    assert len(sentences(segment("Þetta er t.d. gott og Mr. Hale veit það."))) == 1
    assert len(sentences(segment("Komdu nú. Já."))) == 2
    assert len(sentences(segment("Eins og t.d. Jón.", pauses_s={3: 0.5}))) == 2


def test_a_long_pause_ends_a_segment():
    assert [s.text for s in sentences(segment("fyrri hluti seinni hluti", pauses_s={2: 1.5}))] == [
        "fyrri hluti",
        "seinni hluti",
    ]


def test_long_sentences_are_cut_after_clauses_or_at_pauses():
    clauses = segment(" ".join(["orð " * 14 + "orð,"] * 4))
    bare = segment(" ".join(["orð"] * 90), pauses_s={40: 0.4})
    for long in (clauses, bare):
        cut = sentences(long)
        assert all(s.end_s - s.start_s <= LONGEST_S for s in cut)
        assert [word for s in cut for word in s.words] == list(long.words)
    assert all(s.text.endswith(",") for s in sentences(clauses))


def test_chunks_say_the_same_as_the_whole(whisper, hear, flac, plain_words):
    import jiwer
    import numpy as np

    names = [f"en/librispeech/1998-15444-000{number}.flac" for number in (1, 2, 3, 4, 5, 6)]
    gap = np.zeros(12_000, np.float32)
    whole = np.concatenate([part for name in names for part in (hear(name), gap)])
    duration_s = len(whole) / 16_000
    chunks = cut_chunks(flac(whole), max_chunk_s=20.0)
    assert len(chunks) >= 3
    heard = [whisper.transcribe(whole[round(c.start_s * 16_000) : round(c.end_s * 16_000)], "en") for c in chunks]
    merged = merge(chunks, heard, language="en", duration_s=duration_s)
    at_once = merge([chunk(0, duration_s)], [whisper.transcribe(whole, "en")], language="en", duration_s=duration_s)
    texts = [plain_words(" ".join(s.text for s in t.segments)) for t in (at_once, merged)]
    assert jiwer.wer(*texts) < 0.1
    assert len(texts[0].split()) > 90
    starts = [s.start_s for s in merged.segments]
    assert starts == sorted(starts)
    assert all(s.end_s - s.start_s <= LONGEST_S for s in merged.segments)
