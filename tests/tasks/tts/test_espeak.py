"""eSpeak NG, as it comes in the wheel: what it says, and that nothing brings it down for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tasks.errors import EngineFailed, InvalidRequest, LanguageNotAllowed, UnknownPreset
from tasks.schemas import VoicePreset
from tasks.tts.engine import Speech, load_engine
from tasks.tts.espeak.engine import SAMPLE_RATE_HZ, Espeak

PLAIN = VoicePreset(name="plain")
SENTENCE = "Góðan daginn, þú ættir að hlusta á þetta. Önnur setning er hér!"


@pytest.fixture(scope="module")
def espeak():
    engine = Espeak()
    yield engine
    engine.close()


def said(text: str, speech: Speech) -> list[str]:
    return [text[word.start : word.end] for word in speech.words]


def worker_of(engine: Espeak) -> int:
    return engine._idle.queue[-1].pid


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(pid: int, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(pid)


def test_the_engine_table_finds_espeak():
    engine = load_engine("espeak")
    assert isinstance(engine, Espeak)
    assert {"is", "en", "no", "nb", "de", "zh"} <= engine.capabilities(PLAIN).languages
    assert all(len(code) == 2 for code in engine.capabilities(PLAIN).languages)
    assert "1.5" in engine.version


def test_a_sentence_sounds_like_speech_of_its_length(espeak):
    speech = espeak.synthesize(SENTENCE, PLAIN, "is")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == SAMPLE_RATE_HZ
    assert 3.0 < speech.samples.shape[1] / SAMPLE_RATE_HZ < 8.0
    assert 0.03 < float(np.sqrt(np.mean(speech.samples**2))) < 0.5
    assert float(np.abs(speech.samples).max()) <= 1.0


def test_words_are_timed_in_order_and_cover_the_text(espeak):
    speech = espeak.synthesize(SENTENCE, PLAIN, "is")
    assert said(SENTENCE, speech) == SENTENCE.split()
    assert all(word.start_s < word.end_s for word in speech.words)
    assert all(one.end_s <= other.start_s for one, other in pairwise(speech.words))
    assert speech.words[-1].end_s <= speech.samples.shape[1] / SAMPLE_RATE_HZ


def test_word_times_are_where_the_sound_is(espeak):
    text = "Eitt orð. Annað orð. Þriðja orð."
    speech = espeak.synthesize(text, PLAIN, "is")
    loud = np.abs(speech.samples[0]) > 0.01
    for word in speech.words:
        inside = loud[round(word.start_s * SAMPLE_RATE_HZ) : round(word.end_s * SAMPLE_RATE_HZ)]
        assert inside.mean() > 0.2
    for one, other in pairwise(speech.words):
        assert not loud[round(one.end_s * SAMPLE_RATE_HZ) + 1 : round(other.start_s * SAMPLE_RATE_HZ) - 1].any()
    ends = [word.end_s for word in speech.words if text[word.end - 1] == "."]
    starts = [word.start_s for word in speech.words if text[word.start].isupper()]
    assert all(start - end > 0.1 for end, start in zip(ends, starts[1:], strict=False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Go\u0301ðan daginn er hér", ["Go\u0301ðan", "daginn", "er", "hér"]),
        ("😀 Halló heimur 👨‍💻 og svo", ["😀", "Halló", "heimur", "👨‍💻", "og", "svo"]),
        ("hlað\u00advarpið\u200b er\ufeff gott", ["hlað\u00advarpið\u200b", "er\ufeff", "gott"]),
        ("fyrsta\nlína\tog – önnur …", ["fyrsta", "lína", "og", "önnur"]),
        ("„Já,“ sagði hún (lágt).", ["„Já,“", "sagði", "hún", "(lágt)."]),
    ],
)
def test_words_are_found_in_the_text_as_it_was_given(espeak, text, words):
    assert said(text, espeak.synthesize(text, PLAIN, "is")) == words


def test_decomposed_letters_sound_like_composed_ones(espeak):
    composed = espeak.synthesize("Góðan dag", PLAIN, "is").samples
    assert np.array_equal(espeak.synthesize("Go\u0301ðan dag", PLAIN, "is").samples, composed)


def test_the_same_call_gives_the_same_samples_whatever_was_said_before(espeak):
    first = espeak.synthesize(SENTENCE, PLAIN, "is").samples
    espeak.synthesize("Something else entirely.", VoicePreset(name="other", voice="f5"), "en")
    assert np.array_equal(espeak.synthesize(SENTENCE, PLAIN, "is").samples, first)
    other = Espeak()
    assert np.array_equal(other.synthesize(SENTENCE, PLAIN, "is").samples, first)
    other.close()


@pytest.mark.parametrize("text", ["", "   \n", "...", "– ?! –", "\x00\x01\x7f", "\ud800"])
def test_a_text_with_nothing_to_say_gives_a_short_silence(espeak, text):
    speech = espeak.synthesize(text, PLAIN, "is")
    assert 0 < speech.samples.shape[1] < SAMPLE_RATE_HZ / 2
    assert not speech.samples.any()
    assert speech.words == ()


@pytest.mark.parametrize(
    "text", ["orð\x00með\x07stýri\x1b[31m", "мама мыла раму", "日本語", "العربية", "\ud83d já", "a" * 3000]
)
def test_unusual_text_is_said_somehow(espeak, text):
    assert espeak.synthesize(text, PLAIN, "is").samples.any()


def test_markup_and_phoneme_brackets_are_read_as_they_are_written(espeak):
    plain = espeak.synthesize("x y", PLAIN, "is").samples.shape[1]
    assert espeak.synthesize("x <break time='9s'/> y", PLAIN, "is").samples.shape[1] > plain
    brackets = espeak.synthesize("[[h@l'oU]]", PLAIN, "is")
    spelled = espeak.synthesize("h@l'oU", PLAIN, "is")
    assert brackets.samples.shape[1] == pytest.approx(spelled.samples.shape[1], rel=0.05)


@pytest.mark.slow
def test_fifty_thousand_characters_are_said_at_once(espeak):
    text = ("Góðan daginn þetta er langt. " * 1725)[:50_000]
    speech = espeak.synthesize(text, PLAIN, "is")
    assert speech.samples.shape[1] / SAMPLE_RATE_HZ > 1800
    assert len(speech.words) == len(text.split())


def test_a_longer_text_is_refused_with_its_length(espeak):
    with pytest.raises(InvalidRequest, match="50001"):
        espeak.synthesize("a" * 50_001, PLAIN, "is")


def test_an_unknown_variant_is_refused_with_the_choices(espeak):
    with pytest.raises(UnknownPreset, match=r"'m33'.*f5.*m3"):
        espeak.check(VoicePreset(name="x", voice="m33"), "is")


@pytest.mark.parametrize("language", ["xx", "", "isl", "en-us"])
def test_an_unknown_language_is_refused(espeak, language):
    with pytest.raises(LanguageNotAllowed, match="is"):
        espeak.check(PLAIN, language)


def test_rate_changes_the_length(espeak):
    lengths = [espeak.synthesize(SENTENCE, VoicePreset(name="x", rate=r), "is").samples.shape[1] for r in (0.7, 1, 1.6)]
    assert lengths[0] > 1.2 * lengths[1] > 1.2 * 1.2 * lengths[2]


def test_a_worker_that_is_killed_is_an_error_once_and_replaced(espeak):
    espeak.synthesize("já", PLAIN, "is")
    os.kill(worker_of(espeak), signal.SIGKILL)
    with pytest.raises(EngineFailed, match="Góðan daginn"):
        espeak.synthesize(SENTENCE, PLAIN, "is")
    assert espeak.synthesize(SENTENCE, PLAIN, "is").samples.any()


def test_a_worker_that_hangs_is_an_error_in_time_and_leaves_nothing_behind():
    engine = Espeak(patience_s=0.2)
    pid = worker_of(engine)
    os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    with pytest.raises(EngineFailed, match="in time"):
        engine.synthesize(SENTENCE, PLAIN, "is")
    assert time.monotonic() - began < 10
    assert not Path(f"/proc/{pid}").exists()
    assert engine.synthesize(SENTENCE, PLAIN, "is").samples.any()
    engine.close()


def test_a_large_text_for_a_worker_that_does_not_listen_is_an_error_too():
    engine = Espeak(patience_s=0.2)
    os.kill(worker_of(engine), signal.SIGSTOP)
    with pytest.raises(EngineFailed, match="listen"):
        engine.synthesize("þ" * 50_000, PLAIN, "is")
    engine.close()


def test_threads_share_a_few_workers_and_get_the_same_samples(espeak):
    texts = [f"Setning númer {word}." for word in ("eitt", "tvö", "þrjú", "fjögur")] * 4
    alone = {text: espeak.synthesize(text, PLAIN, "is").samples for text in texts}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: espeak.synthesize(text, PLAIN, "is").samples, texts))
    assert all(np.array_equal(samples, alone[text]) for text, samples in zip(texts, together, strict=True))
    assert espeak._idle.qsize() <= (os.cpu_count() or 1)


def test_a_worker_outlives_the_thread_that_started_it():
    engine = Espeak()
    engine.close()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(engine.synthesize, "já", PLAIN, "is").result()
    pid = worker_of(engine)
    assert engine.synthesize(SENTENCE, PLAIN, "is").samples.any()
    assert worker_of(engine) == pid
    engine.close()


def test_a_forked_child_uses_workers_of_its_own(espeak):
    espeak.synthesize("já", PLAIN, "is")
    mine = worker_of(espeak)
    child = os.fork()
    if child == 0:
        spoken = espeak.synthesize(SENTENCE, PLAIN, "is").samples.any()
        separate = worker_of(espeak) != mine
        espeak.close()
        os._exit(0 if spoken and separate else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert espeak.synthesize(SENTENCE, PLAIN, "is").samples.any()
    assert worker_of(espeak) == mine


PROGRAM = r"""
import os, sys, time
from tasks.schemas import VoicePreset
from tasks.tts.espeak.engine import Espeak
engine = Espeak()
engine.synthesize("já", VoicePreset(name="x"), "is")
if os.fork() == 0:
    time.sleep(30)  # keeps the worker's pipes open
    os._exit(0)
print(f"\nworker={engine._idle.queue[-1].pid}", flush=True)

"""


@pytest.mark.parametrize("end", ["sys.exit(0)", "os.kill(os.getpid(), 9)"])
def test_workers_end_with_their_parent_however_it_ends(end):
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + end], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    pid = int(next(line for line in program.stdout if line.startswith("worker=")).removeprefix("worker="))
    program.wait()
    assert gone_within(pid, 6)
    os.killpg(program.pid, signal.SIGKILL)
    program.stdout.close()


def test_an_idle_worker_survives_its_own_check_of_the_parent(espeak):
    espeak.synthesize("já", PLAIN, "is")
    pid = worker_of(espeak)
    time.sleep(2.5)
    assert is_running(pid)
    espeak.synthesize("já", PLAIN, "is")
    assert worker_of(espeak) == pid


@pytest.mark.slow
def test_every_language_and_variant_that_is_offered_speaks(espeak):
    for language in sorted(espeak.capabilities(PLAIN).languages):
        assert espeak.synthesize("taka mata", PLAIN, language).samples.any(), language
    from tasks.tts.espeak.engine import variants

    for variant in sorted(variants()):
        assert espeak.synthesize("taka mata", VoicePreset(name="x", voice=variant), "is").samples.any(), variant
