"""eSpeak NG beyond plain text: prosody inside a sentence, sound while it is made, and words as phonemes."""

from __future__ import annotations

import os
import re
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import pytest

from tasks.errors import EngineFailed, InvalidRequest, LanguageNotAllowed
from tasks.schemas import Mark, VoicePreset
from tasks.tts.espeak.engine import SAMPLE_RATE_HZ, Espeak

PLAIN = VoicePreset(name="plain")
SENTENCE = "Þetta er mjög gott veður í dag, og þú ættir að fara út."
WORDS = SENTENCE.split()


@pytest.fixture(scope="module")
def espeak():
    engine = Espeak()
    yield engine
    engine.close()


def over(words: str, text: str = SENTENCE, **settings: str) -> Mark:
    start = text.index(words)
    return Mark(kind="prosody", start=start, end=start + len(words), settings=settings)


def seconds_of(espeak: Espeak, *marks: Mark, text: str = SENTENCE) -> dict[str, float]:
    speech = espeak.synthesize(text, PLAIN, "is", marks)
    return {text[word.start : word.end]: word.end_s - word.start_s for word in speech.words}


def level_of(espeak: Espeak, word: str, *marks: Mark) -> float:
    speech = espeak.synthesize(SENTENCE, PLAIN, "is", marks)
    at = next(w for w in speech.words if SENTENCE[w.start : w.end] == word)
    said = speech.samples[0, round(at.start_s * SAMPLE_RATE_HZ) : round(at.end_s * SAMPLE_RATE_HZ)]
    return float(np.sqrt(np.mean(said**2)))


def pitch_hz(espeak: Espeak, *marks: Mark) -> float:
    """The median of how often voiced stretches repeat themselves, by their autocorrelation."""
    samples, found = espeak.synthesize(SENTENCE, PLAIN, "is", marks).samples[0], []
    for at in range(0, len(samples) - 2048, 512):
        frame = samples[at : at + 2048]
        echo = np.correlate(frame, frame, "full")[2048 + 50 : 2048 + 420]
        if echo.max() > 0.5 * np.sum(frame**2) > 1.0:
            found.append(SAMPLE_RATE_HZ / (51 + int(np.argmax(echo))))
    return float(np.median(found))


def test_prosody_is_among_the_marks_it_renders(espeak):
    capabilities = espeak.capabilities(PLAIN)
    assert capabilities.markup == {"prosody"}
    assert capabilities.streaming
    assert capabilities.lexicon == "alias"


@pytest.mark.parametrize("rate", ["slow", "60%", "-40%", "0.6"])
def test_a_slow_stretch_is_slower_and_the_rest_is_not(espeak, rate):
    plain, marked = seconds_of(espeak), seconds_of(espeak, over("mjög gott", rate=rate))
    assert list(marked) == WORDS
    assert marked["mjög"] > 1.15 * plain["mjög"]
    assert marked["gott"] > 1.15 * plain["gott"]
    untouched = [word for word in WORDS if word not in ("mjög", "gott")]
    assert [marked[word] for word in untouched] == pytest.approx([plain[word] for word in untouched], abs=0.06)


def test_a_mark_goes_on_over_sentences_and_ends_where_it_ends(espeak):
    text = "Þetta er hér. Annað er þar. Þriðja er ekki."
    plain, marked = (
        seconds_of(espeak, text=text),
        seconds_of(espeak, over("hér. Annað", text, rate="x-slow"), text=text),
    )
    slower = [word for word in plain if marked[word] > 1.2 * plain[word]]
    assert slower == ["hér.", "Annað"]


def test_marks_inside_one_another_add_up(espeak):
    outer, inner = over("mjög gott veður", rate="80%"), over("gott", rate="80%")
    plain, marked = seconds_of(espeak), seconds_of(espeak, outer, inner)
    assert marked["gott"] / plain["gott"] > 1.1 * marked["veður"] / plain["veður"] > 1.1


@pytest.mark.parametrize(("volume", "factor"), [("soft", 0.65), ("+6dB", 2.0), ("-12dB", 0.25)])
def test_volume_is_a_factor_of_the_amplitude(espeak, volume, factor):
    changed = level_of(espeak, "gott", over("gott", volume=volume))
    assert changed == pytest.approx(factor * level_of(espeak, "gott"), rel=0.25, abs=0.002)
    assert level_of(espeak, "fara", over("gott", volume=volume)) == pytest.approx(level_of(espeak, "fara"), rel=0.05)


def test_a_silent_stretch_is_silent_and_takes_its_time(espeak):
    speech = espeak.synthesize(SENTENCE, PLAIN, "is", (over("mjög gott veður", volume="silent"),))
    before, after = (next(w for w in speech.words if SENTENCE[w.start : w.end] == word) for word in ("er", "í"))
    between = speech.samples[0, round((before.end_s + 0.05) * SAMPLE_RATE_HZ) : round(after.start_s * SAMPLE_RATE_HZ)]
    assert len(between) > 0.7 * SAMPLE_RATE_HZ
    assert float(np.abs(between).max()) < 0.01


@pytest.mark.parametrize(("pitch", "ratio"), [("+4st", 1.26), ("-4st", 0.79), ("x-low", 0.7), ("high", 1.1)])
def test_pitch_is_a_factor_of_the_frequency(espeak, pitch, ratio):
    raised = pitch_hz(espeak, Mark(kind="prosody", start=0, end=len(SENTENCE), settings={"pitch": pitch}))
    assert raised / pitch_hz(espeak) == pytest.approx(ratio, rel=0.08)


def test_a_mark_over_nothing_or_of_another_kind_changes_nothing(espeak):
    plain = espeak.synthesize(SENTENCE, PLAIN, "is").samples
    for mark in (
        Mark(kind="prosody", start=3, end=3, settings={"rate": "slow"}),
        Mark(kind="prosody", start=900, end=950, settings={"rate": "slow"}),
        Mark(kind="prosody", start=0, end=9),
        Mark(kind="emphasis", start=0, end=9, settings={"level": "strong"}),
    ):
        assert np.array_equal(espeak.synthesize(SENTENCE, PLAIN, "is", (mark,)).samples, plain)


def test_a_mark_over_part_of_a_word_takes_the_word_and_reads_it_whole(espeak):
    plain, marked = seconds_of(espeak), seconds_of(espeak, over("eðu", rate="x-slow"))
    assert list(marked) == WORDS
    assert marked["veður"] > 1.3 * plain["veður"]


def test_words_keep_their_places_where_letters_are_composed_and_marked(espeak):
    text = "Go\u0301ðan da\u00adginn er hér"
    speech = espeak.synthesize(text, PLAIN, "is", (over("er", text, rate="slow", pitch="+2st", volume="-3dB"),))
    assert [text[word.start : word.end] for word in speech.words] == text.split()


@pytest.mark.parametrize(("name", "value"), [("rate", "hratt"), ("rate", ""), ("pitch", "+10Hz"), ("volume", "+6st")])
def test_what_prosody_cannot_be_is_refused_with_what_it_can(espeak, name, value):
    with pytest.raises(InvalidRequest, match=f"{name}='{re.escape(value)}'.*80%"):
        espeak.synthesize(SENTENCE, PLAIN, "is", (over("gott", **{name: value}),))


@pytest.mark.parametrize("settings", [{"rate": "9" * 400}, {"rate": "0%"}, {"pitch": "-500st"}, {"volume": "+999dB"}])
def test_prosody_beyond_all_measure_is_held_to_what_the_voice_can_do(espeak, settings):
    assert espeak.synthesize(SENTENCE, PLAIN, "is", (over("gott", **settings),)).samples.any()


def test_a_control_character_in_the_text_is_no_command(espeak):
    plain = espeak.synthesize("gott  80S veður", PLAIN, "is").samples
    assert np.array_equal(espeak.synthesize("gott \x0180S veður", PLAIN, "is").samples, plain)


def test_a_stream_holds_the_same_samples_in_pieces(espeak):
    pieces = list(espeak.stream(SENTENCE, PLAIN, "is", (over("gott", rate="slow"),)))
    assert len(pieces) > 10
    assert all(piece.dtype == np.float32 and piece.ndim == 1 for piece in pieces)
    clip = espeak.synthesize(SENTENCE, PLAIN, "is", (over("gott", rate="slow"),)).samples[0]
    whole = np.concatenate(pieces)
    begin = int(np.flatnonzero(np.abs(whole) > 0.01)[0]) - int(np.flatnonzero(np.abs(clip) > 0.01)[0])
    assert np.array_equal(whole[begin : begin + len(clip)], clip)


def test_a_listener_who_stops_early_leaves_the_process_for_the_next_one(espeak):
    espeak.synthesize("já", PLAIN, "is")
    before = espeak._idle.queue[-1].pid
    pieces = espeak.stream(SENTENCE * 20, PLAIN, "is")
    assert len(list(islice(pieces, 2))) == 2
    pieces.close()
    deadline = time.monotonic() + 20
    while not espeak._idle.qsize() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert espeak.synthesize(SENTENCE, PLAIN, "is").samples.any()
    assert espeak._idle.queue[-1].pid == before


def test_listeners_who_do_not_listen_hold_up_nobody(espeak):
    waiting = [espeak.stream(SENTENCE * 50, PLAIN, "is") for _ in range((os.cpu_count() or 1) + 3)]
    for pieces in waiting:
        next(pieces)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(espeak.synthesize, SENTENCE, PLAIN, "is").result(timeout=60).samples.any()
    assert all(sum(map(len, pieces)) > 50 * SAMPLE_RATE_HZ for pieces in waiting)


def test_a_stream_says_at_the_call_what_is_wrong_with_it(espeak):
    with pytest.raises(LanguageNotAllowed):
        espeak.stream(SENTENCE, PLAIN, "xx")
    with pytest.raises(InvalidRequest, match="50001"):
        espeak.stream("a" * 50_001, PLAIN, "is")


def test_a_stream_of_nothing_is_a_short_silence(espeak):
    (piece,) = espeak.stream(" … ", PLAIN, "is")
    assert piece.size
    assert not piece.any()


def test_a_worker_that_dies_in_the_middle_ends_the_stream_with_an_error():
    engine = Espeak()
    os.kill(engine._idle.queue[-1].pid, signal.SIGKILL)
    with pytest.raises(EngineFailed, match="Þetta er"):
        list(engine.stream(SENTENCE, PLAIN, "is"))
    assert list(engine.stream(SENTENCE, PLAIN, "is"))
    engine.close()


def test_phonemes_come_in_ipa_one_answer_for_each_text(espeak):
    assert espeak.phonemes(["hello world", "judge"], "en-us") == ("həlˈo^ʊ wˈɜːld", "d^ʒˈʌd^ʒ")
    (fjall,) = espeak.phonemes(["fjall"], "is")
    assert fjall.startswith("fj")
    assert espeak.phonemes(["hello world", "judge"], "en-us")[0] == "həlˈo^ʊ wˈɜːld"


@pytest.mark.parametrize("texts", [[], [""], [" "], ["…"], ["\x00"], ["<break/>", "[[h@l'oU]]"], ["já " * 5000]])
def test_phonemes_of_unusual_texts_are_as_many_as_the_texts(espeak, texts):
    assert len(espeak.phonemes(texts, "is")) == len(texts)


def test_phonemes_by_a_voice_that_does_not_exist_are_refused(espeak):
    with pytest.raises(EngineFailed, match="no-such"):
        espeak.phonemes(["já"], "no-such")
    assert espeak.phonemes(["já"], "is")
