"""Kokoro, with its real weights: what it says is understood, and what it reads is its own alphabet."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hearing import character_error_rate, word_error_rate
from kokoro_files import MODEL, kokoro_folder

from tasks.errors import InvalidRequest, LanguageNotAllowed, ModelDamaged, ModelNotFound, TextTooLong, UnknownVoice
from tasks.schemas import EngineAccess, Mark, VoicePreset
from tasks.tts.engine import load_engine
from tasks.tts.espeak.engine import Espeak
from tasks.tts.kokoro.phonemes import ACCENTS, ICELANDIC, VOCABULARY, phonemes_of

HEART = VoicePreset(name="heart", engine="kokoro", voice="af_heart")
GEORGE = VoicePreset(name="george", engine="kokoro", voice="bm_george")
SENTENCE = "Good morning, and welcome to the show about artificial intelligence and the language of the country."


@pytest.fixture(scope="module")
def folder():
    return kokoro_folder()


@pytest.fixture(scope="module")
def kokoro(folder):
    return load_engine("kokoro", EngineAccess(folder=str(folder)))


@pytest.fixture(scope="module")
def espeak():
    engine = Espeak()
    yield engine
    engine.close()


@pytest.fixture
def own_folder(folder, tmp_path):
    """A folder with a link to the model and one voice that a test may spoil."""
    (tmp_path / MODEL).symlink_to(folder / MODEL)
    (tmp_path / "voices").mkdir()
    (tmp_path / "voices" / "af_heart.bin").write_bytes((folder / "voices" / "af_heart.bin").read_bytes())
    return tmp_path


def ipa(word: str, text: str, ph: str) -> Mark:
    start = text.index(word)
    return Mark(kind="phoneme", start=start, end=start + len(word), settings={"alphabet": "ipa", "ph": ph})


def test_english_is_understood(kokoro, heard):
    speech = kokoro.synthesize(SENTENCE, HEART, "en")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.sample_rate_hz == kokoro.capabilities(HEART).sample_rate_hz == 24_000
    assert 0.05 < float(np.abs(speech.samples).max()) <= 1.0
    assert word_error_rate(SENTENCE, heard(speech)) <= 0.1


def test_icelandic_by_a_foreigner_is_understood_in_part(kokoro, heard):
    text = "Góðan daginn og velkomin í hlaðvarpið."
    assert character_error_rate(text, heard(kokoro.synthesize(text, GEORGE, "is"), "is")) < 0.6


def test_the_same_call_gives_the_same_samples(kokoro):
    first = kokoro.synthesize("Yes.", HEART, "en").samples
    kokoro.synthesize("Já.", GEORGE, "is")
    assert np.array_equal(kokoro.synthesize("Yes.", HEART, "en").samples, first)


def test_a_blend_is_a_voice_of_its_own(kokoro):
    blend = VoicePreset(name="blend", engine="kokoro", voice="af_heart+bm_george")
    said = [kokoro.synthesize("Yes.", voice, "en").samples for voice in (HEART, GEORGE, blend)]
    assert not any(np.array_equal(said[2], other) for other in said[:2])
    assert kokoro.capabilities(blend).languages == {"en", "is"}


@pytest.mark.parametrize(
    ("voice", "languages"),
    [
        ("", {"en", "is"}),
        ("bm_george", {"en", "is"}),
        ("ef_dora", {"es", "is"}),
        ("pf_dora", {"pt", "is"}),
        ("jf_alpha", {"is"}),
    ],
)
def test_the_languages_are_told_by_the_voice_s_name(voice, languages):
    engine = load_engine("kokoro")
    assert engine.capabilities(VoicePreset(name="x", engine="kokoro", voice=voice)).languages == languages


def test_a_language_that_a_voice_does_not_speak_is_refused(kokoro):
    with pytest.raises(LanguageNotAllowed, match=r"af_heart speaks en and is, not 'de'"):
        kokoro.check(HEART, "de")
    with pytest.raises(LanguageNotAllowed, match="ef_dora"):
        kokoro.synthesize("Hello.", VoicePreset(name="dora", engine="kokoro", voice="ef_dora"), "en")


@pytest.mark.parametrize(
    "voice", ["../af_heart", "af_heart/../x", "heart", "AF_HEART", "af_heart+", "af_heart\x00", "é"]
)
def test_what_cannot_be_a_voice_is_refused(kokoro, voice):
    preset = VoicePreset(name="x", engine="kokoro", voice=voice)
    for ask in (kokoro.capabilities, kokoro.revision, lambda preset: kokoro.check(preset, "en")):
        with pytest.raises(UnknownVoice, match="af_heart"):
            ask(preset)


def test_a_voice_that_is_not_there_is_named_with_those_that_are(own_folder):
    engine = load_engine("kokoro", EngineAccess(folder=str(own_folder)))
    with pytest.raises(UnknownVoice, match=r"'am_nobody'.*there is af_heart"):
        engine.check(VoicePreset(name="x", engine="kokoro", voice="am_nobody"), "en")


def test_a_model_that_is_not_there_is_named(tmp_path):
    for access in (EngineAccess(), EngineAccess(folder=str(tmp_path))):
        with pytest.raises(ModelNotFound, match=r"kokoro-v1\.0\.int8\.onnx"):
            load_engine("kokoro", access).check(HEART, "en")


def test_a_model_is_found_by_its_path_and_the_voices_beside_it(own_folder):
    preset = HEART.model_copy(update={"model": str(own_folder / MODEL)})
    assert load_engine("kokoro").synthesize("Yes.", preset, "en").samples.any()


@pytest.mark.parametrize("size", [0, 100, 522_236, 522_244])
def test_a_damaged_voice_is_named(own_folder, size):
    (own_folder / "voices" / "af_heart.bin").write_bytes(b"\0" * size)
    with pytest.raises(ModelDamaged, match=r"af_heart\.bin"):
        load_engine("kokoro", EngineAccess(folder=str(own_folder))).check(HEART, "en")


def test_a_damaged_model_is_named(own_folder):
    (own_folder / MODEL).unlink()
    (own_folder / MODEL).write_bytes(b"not a model")
    with pytest.raises(ModelDamaged, match=MODEL):
        load_engine("kokoro", EngineAccess(folder=str(own_folder))).synthesize("Yes.", HEART, "en")


def test_the_revision_tells_one_voice_file_from_another(own_folder):
    engine = load_engine("kokoro", EngineAccess(folder=str(own_folder)))
    first = engine.revision(HEART)
    assert first == engine.revision(HEART)
    pack = own_folder / "voices" / "af_heart.bin"
    pack.write_bytes(pack.read_bytes()[::-1])
    assert engine.revision(HEART) != first


def test_rate_changes_the_length(kokoro):
    lengths = [
        kokoro.synthesize("Good morning.", HEART.model_copy(update={"rate": rate}), "en").samples.shape[1]
        for rate in (0.7, 1.5)
    ]
    assert lengths[0] > 1.5 * lengths[1]


def test_a_phoneme_mark_is_said_as_its_ipa(kokoro, heard):
    text = "My xqzw friend said that the weather was fine today."
    speech = kokoro.synthesize(text, HEART, "en", (ipa("xqzw", text, "bˈɛst"),))
    assert word_error_rate(text.replace("xqzw", "best"), heard(speech)) <= 0.1


@pytest.mark.parametrize("ph", ["", " ", "日本", "b\x00", "§"])
def test_phonemes_that_kokoro_does_not_have_are_refused_with_the_word(kokoro, ph):
    with pytest.raises(InvalidRequest, match="'Hello'"):
        kokoro.synthesize("Hello there.", HEART, "en", (ipa("Hello", "Hello there.", ph),))


def test_a_stream_gives_a_piece_for_each_sentence_with_a_pause_behind_it(kokoro):
    first = next(kokoro.stream("Good morning to you all. " * 10, HEART, "en"))
    assert first.ndim == 1
    assert first.dtype == np.float32
    assert 1.0 < len(first) / 24_000 < 4.0
    assert not first[-int(0.2 * 24_000) :].any()


@pytest.mark.parametrize("text", ["", " \n", "…", "?!", "\x00", "“”"])
def test_a_text_with_nothing_to_say_gives_a_short_silence(kokoro, text):
    speech = kokoro.synthesize(text, HEART, "en")
    assert 0 < speech.samples.shape[1] < 24_000 / 2
    assert not speech.samples.any()


@pytest.mark.parametrize("text", ["hel\x00lo\x1b[31m", "\ud83d yes", "日", "😀", "[[h@l'oU]]"])
def test_unusual_text_is_said_somehow(kokoro, text):
    assert kokoro.synthesize(text, HEART, "en").samples.shape[1]


def test_a_longer_text_is_refused_with_its_length(kokoro):
    with pytest.raises(TextTooLong, match="2001"):
        kokoro.stream("a" * 2001, HEART, "en")


def test_threads_share_the_model(kokoro):
    with ThreadPoolExecutor(2) as pool:
        spoken = list(pool.map(lambda word: kokoro.synthesize(word, HEART, "en"), ["One.", "Two."]))
    assert all(speech.samples.any() for speech in spoken)


def test_phonemes_keep_the_punctuation_and_are_all_in_the_vocabulary(espeak):
    text = "Já, „sagði hún“ – og fór (hratt)! Opna vatn? Hlaða\u00adn spilar: frá BBC; …"
    said = phonemes_of(text, (), ICELANDIC, espeak.phonemes)
    assert said == (
        "jˈWː, “sˈaɣðɪ huːn” — ɔːx fˈOːɾ (hɾˈaht)! ˈɔhpna ʋˈahtn? hlˈaːðan spˈɪːlaɾ: fɾWː bjˌɛːpjˌɛːsjˈɛː; …"
    )
    assert set(said) <= set(VOCABULARY)


@pytest.mark.parametrize(
    ("name", "text", "phonemes"),
    [
        ("a", "Judge, the boy's going home.", "ʤˈʌʤ, ðə bˈYz ɡˌOɪŋ hˈOm."),
        ("b", "They go here, there, nowhere.", "ðA ɡˌQ hˈiə, ðˈɛː, nˈQwɛː."),
        ("e", "mucho gusto", "mˈuʧo ɣˈusto"),
        ("f", "garçon, bon vin", "ɡaʁsˈɔ\u0303, bˈɔ\u0303 vˈɛ\u0303"),
        ("i", "ciao pizza", "ʧˈao pˈiʦːa"),
    ],
)
def test_each_language_is_spelled_as_the_model_learnt_it(espeak, name, text, phonemes):
    assert phonemes_of(text, (), ACCENTS[name], espeak.phonemes) == phonemes


def test_a_mark_s_phonemes_stand_where_the_word_stood(espeak):
    text = "Við hittum Björk, já Björk, í gær."
    mark = ipa("Björk", text, "ˈpjœr̥k")
    said = phonemes_of(text, (mark,), ICELANDIC, espeak.phonemes)
    assert re.fullmatch(r"ʋ\S+ h\S+ ˈpjœrk, j\S+ p?b?j\S+k, .*\.", said)
