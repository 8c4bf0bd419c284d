"""NeMo, for real: Icelandic sentences, spoken by eSpeak, heard by a small CTC model; run by `make test-nemo`."""

from __future__ import annotations

import re
from itertools import pairwise

import jiwer
import numpy as np
import pytest
from signals import DATA

from tasks.asr.engine import ASR_SAMPLE_RATE_HZ, load_engine
from tasks.asr.nemo import NemoAsr
from tasks.asr.round_trip import error_rate, write_down
from tasks.errors import EngineUnavailable, LanguageNotAllowed, ModelDamaged, ModelNotFound
from tasks.schemas import AsrConfig, Gate, VoicePreset
from tasks.tts.espeak.engine import SAMPLE_RATE_HZ, Espeak

SENTENCES = """
Góðan daginn og velkomin í þáttinn.
Veðrið var gott í gær en nú er farið að rigna.
Hún sagði að bókin væri komin út.
Við förum norður í land á morgun.
Hvað heitir hundurinn þinn?
Kennarinn skrifaði nafnið sitt á töfluna.
Það er langt síðan við sáumst síðast.
Fjallið er hátt og bratt.
Börnin léku sér í garðinum allan daginn.
Hann keypti mjólk, brauð og ost í búðinni.
Skipið sigldi inn fjörðinn um kvöldið.
Margir ferðamenn koma til landsins á sumrin.
Afi minn var sjómaður alla sína ævi.
Klukkan er orðin margt og við verðum að fara.
Húsið stendur við ána, rétt hjá brúnni.
Þau ætla að gifta sig næsta vor.
Hesturinn hljóp yfir túnið og út á veginn.
Ég man ekki hvar ég setti lyklana.
Vísindamenn hafa rannsakað jökulinn í mörg ár.
Tónleikarnir hefjast í kirkjunni í kvöld.
Fuglarnir syngja snemma á morgnana.
Amma sagði okkur sögur af álfum og tröllum.
Stjórnin ákvað að byggja nýjan skóla.
Lögreglan lokaði veginum vegna veðurs.
""".strip().splitlines()


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower()).split())


def test_a_model_that_is_not_there_is_named_before_anything_is_loaded(tmp_path):
    for model in ("", str(tmp_path), str(tmp_path / "nothing.nemo")):
        with pytest.raises(ModelNotFound, match=r"\.nemo"):
            NemoAsr(AsrConfig(engine="nemo", model=model), models_folder=tmp_path)


def test_an_installation_without_nemo_says_what_to_install(tmp_path):
    try:
        import nemo  # noqa: F401
    except ImportError:
        (tmp_path / "some.nemo").write_bytes(b"model")
        with pytest.raises(EngineUnavailable, match=r"nemo.*hladvarp\[gpu\]"):
            load_engine(AsrConfig(engine="nemo", model=str(tmp_path / "some.nemo")), tmp_path)
    else:
        pytest.skip("NeMo is installed here")


@pytest.fixture(scope="module")
def model_path():
    path = DATA / "models" / "espeak_is_ctc.nemo"
    if not path.exists():
        pytest.skip(f"no model at {path}; set HLADVARP_TEST_DATA")
    return path


@pytest.fixture(scope="module")
def nemo_asr(model_path):
    pytest.importorskip("nemo.collections.asr", reason="NeMo is not installed: `make test-nemo`")
    return load_engine(AsrConfig(engine="nemo", model=str(model_path)), model_path.parent)


@pytest.fixture(scope="module")
def spoken():
    """Each sentence as samples at 16 kHz, in the voice that the model was trained on."""
    espeak = Espeak()
    samples = [espeak.synthesize(text, VoicePreset(name="plain"), "is").samples[0] for text in SENTENCES]
    espeak.close()
    return [resampled(sound) for sound in samples]


def resampled(samples: np.ndarray) -> np.ndarray:
    import soxr

    return soxr.resample(samples, SAMPLE_RATE_HZ, ASR_SAMPLE_RATE_HZ).astype(np.float32)


@pytest.mark.nemo
def test_icelandic_sentences_are_heard_by_nemo(nemo_asr, spoken):
    heard = [" ".join(s.text for s in nemo_asr.transcribe(sound, "is")) for sound in spoken]
    assert len(heard) >= 20
    assert jiwer.wer([plain(text) for text in SENTENCES], heard) < 0.2


@pytest.mark.nemo
def test_nemo_tells_a_mumble_from_an_icelandic_sentence(model_path, spoken):
    config = AsrConfig(engine="nemo", model=str(model_path), hears_well=("is",))
    engine = load_engine(config, model_path.parent)
    assert engine.capabilities.hears_well == {"is"}
    clear = [error_rate(said, write_down(engine, sound, "is")) for said, sound in zip(SENTENCES, spoken, strict=True)]
    backwards = [np.ascontiguousarray(sound[::-1]) for sound in spoken]
    mumbled = [
        error_rate(said, write_down(engine, sound, "is")) for said, sound in zip(SENTENCES, backwards, strict=True)
    ]
    assert max(clear) < Gate().line_error_rate < min(mumbled)


@pytest.mark.nemo
def test_words_of_nemo_are_timed_within_the_sound_and_in_order(nemo_asr, spoken):
    for sound in spoken[:6]:
        (segment,) = nemo_asr.transcribe(sound, "is")
        assert [word.text for word in segment.words] == segment.text.split()
        assert all(one.end_s <= other.start_s + 1e-6 for one, other in pairwise(segment.words))
        assert all(0.0 < word.end_s - word.start_s < 1.5 for word in segment.words)
        assert segment.words[0].start_s < 0.5
        assert len(sound) / ASR_SAMPLE_RATE_HZ - 0.6 < segment.end_s <= len(sound) / ASR_SAMPLE_RATE_HZ + 0.1


@pytest.mark.nemo
def test_word_times_of_nemo_follow_a_silence(nemo_asr, spoken):
    gap = np.zeros(3 * ASR_SAMPLE_RATE_HZ, np.float32)
    first, second = spoken[1], spoken[2]
    segments = nemo_asr.transcribe(np.concatenate([first, gap, second]), "is")
    second_s = (len(first) + len(gap)) / ASR_SAMPLE_RATE_HZ
    starts = [word.start_s for segment in segments for word in segment.words]
    assert min(abs(start - second_s) for start in starts) < 0.5


@pytest.mark.nemo
@pytest.mark.parametrize("duration_s", [0.0, 0.001, 0.05, 3.0])
def test_silence_says_nothing_to_nemo(nemo_asr, duration_s):
    assert nemo_asr.transcribe(np.zeros(round(duration_s * ASR_SAMPLE_RATE_HZ), np.float32), "is") == ()


@pytest.mark.nemo
def test_nemo_cannot_choose_a_language(nemo_asr, spoken):
    assert not nemo_asr.capabilities.detects_language
    assert nemo_asr.detect_language(spoken[0], ("is",)) == "is"
    with pytest.raises(LanguageNotAllowed, match="is, en"):
        nemo_asr.detect_language(spoken[0], ("is", "en"))


@pytest.mark.nemo
def test_a_damaged_nemo_model_is_told_from_a_missing_one(model_path, tmp_path):
    pytest.importorskip("nemo.collections.asr", reason="NeMo is not installed: `make test-nemo`")
    whole = model_path.read_bytes()
    for name, content in {"half": whole[: len(whole) // 2], "text": b"not a model", "empty": b""}.items():
        (tmp_path / f"{name}.nemo").write_bytes(content)
        with pytest.raises(ModelDamaged, match=name):
            NemoAsr(AsrConfig(engine="nemo", model=str(tmp_path / f"{name}.nemo")), models_folder=tmp_path)
