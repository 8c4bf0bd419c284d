"""NeMo's voices, as far as models that have learnt nothing can show: files, shapes, rates, errors; `make test-nemo`."""

from __future__ import annotations

import io
import re
import shutil
import tarfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tasks.errors import (
    EngineUnavailable,
    LanguageNotAllowed,
    ModelDamaged,
    ModelNotFound,
    TextTooLong,
    UnknownVoice,
)
from tasks.schemas import EngineAccess, VoicePreset
from tasks.tts.engine import load_engine

RATE_HZ, BANDS, HOP, WIDTH = 22_050, 16, 64, 16
SENTENCE = "góðan daginn, þetta er setning sem enginn skilur. hér er önnur, og hún er ekki betri."
MODULES = "nemo.collections.tts.modules"
STFT = {
    "sample_rate": RATE_HZ,
    "n_fft": 256,
    "n_window_size": 256,
    "n_window_stride": HOP,
    "lowfreq": 0,
    "highfreq": 8000,
}
LAYERS = {
    **{"n_layer": 1, "n_head": 1, "d_model": WIDTH, "d_head": 8, "d_inner": WIDTH, "kernel_size": 3},
    **{"dropout": 0.0, "dropatt": 0.0, "dropemb": 0.0},
}
PREDICTOR = {
    "_target_": f"{MODULES}.fastpitch.TemporalPredictor",
    **{"input_size": WIDTH, "kernel_size": 3, "filter_size": 8, "dropout": 0.0, "n_layers": 1},
}
FASTPITCH = {
    **{"sample_rate": RATE_HZ, "learn_alignment": True, "n_speakers": 1, "symbols_embedding_dim": WIDTH},
    **{"n_mel_channels": BANDS, "pitch_embedding_kernel_size": 3, "min_token_duration": 4, "max_token_duration": 75},
    "text_tokenizer": {
        "_target_": "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.BaseCharsTokenizer",
        **{"chars": "aábdðeéfghiíjklmnoóprstuúvxyýþæö", "punct": True, "apostrophe": True, "pad_with_space": True},
    },
    "train_ds": {"dataset": {"_target_": "nemo.collections.tts.data.dataset.TTSDataset"}, "defer_setup": True},
    "preprocessor": {
        "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
        **{"features": BANDS, "window_size": False, "window_stride": False, **STFT},
    },
    "input_fft": {"_target_": f"{MODULES}.transformer.FFTransformerEncoder", "d_embed": WIDTH, **LAYERS},
    "output_fft": {"_target_": f"{MODULES}.transformer.FFTransformerDecoder", **LAYERS},
    "alignment_module": {
        "_target_": f"{MODULES}.aligner.AlignmentEncoder",
        **{"n_text_channels": WIDTH, "n_mel_channels": BANDS},
    },
    "duration_predictor": PREDICTOR,
    "pitch_predictor": PREDICTOR,
}
HIFIGAN = {
    "train_ds": {"dataset": {"_target_": "nemo.collections.tts.data.dataset.VocoderDataset"}, "defer_setup": True},
    "preprocessor": {
        "_target_": "nemo.collections.asr.parts.preprocessing.features.FilterbankFeatures",
        **{"nfilt": BANDS, "exact_pad": True, "use_grads": False, "pad_to": 0, **STFT},
    },
    "generator": {
        "_target_": f"{MODULES}.hifigan_modules.Generator",
        **{"resblock": 2, "upsample_rates": [8, 8], "upsample_kernel_sizes": [16, 16], "upsample_initial_channel": 8},
        **{"resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3]], "initial_input_size": BANDS},
    },
}
OWN = VoicePreset(name="own", engine="nemo", voice="fastpitch", model="hifigan.nemo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a FastPitch and a HiFi-GAN of random weights."""
    torch = pytest.importorskip("torch", reason="torch is not installed: `make test-nemo`")
    models = pytest.importorskip("nemo.collections.tts.models", reason="NeMo is not installed: `make test-nemo`")
    from omegaconf import OmegaConf

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("nemo")
    models.FastPitchModel(cfg=OmegaConf.create(FASTPITCH)).save_to(str(folder / "fastpitch.nemo"))
    models.HifiGanModel(cfg=OmegaConf.create(HIFIGAN)).save_to(str(folder / "hifigan.nemo"))
    return folder


@pytest.fixture(scope="module")
def nemo(folder):
    return load_engine("nemo", EngineAccess(folder=str(folder)))


def rewritten(folder, name: str, target, **changes: str) -> None:
    """A copy of a model, whose description says something else."""
    with tarfile.open(folder / name) as source, tarfile.open(target, "w") as copy:
        for member in source:
            content = source.extractfile(member)
            data = content.read() if content else b""
            if member.name.endswith("model_config.yaml"):
                for old, new in changes.items():
                    data = re.sub(rf"(?m)^( *){old}: .*$", rf"\g<1>{old}: {new}", data.decode()).encode()
                member.size = len(data)
            copy.addfile(member, io.BytesIO(data) if content else None)


def test_an_installation_without_nemo_says_what_to_install():
    try:
        import nemo  # noqa: F401
    except ImportError:
        with pytest.raises(EngineUnavailable, match=r"nemo.*hladvarp\[gpu\]"):
            load_engine("nemo")
    else:
        pytest.skip("NeMo is installed here")


@pytest.mark.nemo
def test_a_text_becomes_sound_of_the_model_s_rate(nemo):
    speech = nemo.synthesize(SENTENCE, OWN, "is")
    assert speech.samples.dtype == np.float32
    assert speech.samples.shape[0] == 1
    assert speech.samples.any()
    assert float(np.abs(speech.samples).max()) <= 1.0
    assert speech.sample_rate_hz == RATE_HZ


@pytest.mark.nemo
def test_what_it_can_do_is_told_by_the_files(nemo, folder, tmp_path):
    capabilities = nemo.capabilities(OWN)
    assert (capabilities.languages, capabilities.sample_rate_hz) == (frozenset({"is"}), RATE_HZ)
    assert capabilities.settings == {"rate"}
    target = "nemo.collections.common.tokenizers.text_to_speech.tts_tokenizers.GermanCharsTokenizer"
    rewritten(folder, "fastpitch.nemo", tmp_path / "german.nemo", chars="abc", _target_=target)
    german = OWN.model_copy(update={"voice": str(tmp_path / "german.nemo")})
    assert nemo.capabilities(german).languages == {"de"}
    rewritten(folder, "fastpitch.nemo", tmp_path / "nowhere.nemo", chars="abc")
    with pytest.raises(UnknownVoice, match=r"nowhere\.nemo.*locale"):
        nemo.check(OWN.model_copy(update={"voice": str(tmp_path / "nowhere.nemo")}), "is")


@pytest.mark.nemo
def test_rate_changes_the_length(nemo):
    lengths = [nemo.synthesize(SENTENCE, OWN.model_copy(update={"rate": r}), "is").samples.shape[1] for r in (0.5, 2.0)]
    assert lengths[0] > 1.5 * lengths[1]


@pytest.mark.nemo
def test_a_stream_gives_a_piece_for_each_sentence_and_a_long_one_is_cut(nemo):
    assert len(list(nemo.stream(SENTENCE, OWN, "is"))) == 2
    assert len(list(nemo.stream("orð " * 400, OWN, "is"))) >= 5


@pytest.mark.nemo
@pytest.mark.parametrize("text", ["", " \n", "…", "\x00"])
def test_a_text_with_nothing_to_say_gives_a_short_silence(nemo, text):
    speech = nemo.synthesize(text, OWN, "is")
    assert 0 < speech.samples.shape[1] < RATE_HZ / 2
    assert not speech.samples.any()


@pytest.mark.nemo
@pytest.mark.parametrize("text", ["日本", "\ud83d já", "a", "<break time='9s'/>"])
def test_unusual_text_does_not_break_it(nemo, text):
    assert nemo.synthesize(text, OWN, "is").samples.shape[1]


@pytest.mark.nemo
def test_capitals_are_read_where_the_model_has_only_small_letters(nemo):
    small, capitals = (nemo.synthesize(text, OWN, "is").samples for text in ("góðan daginn", "GÓÐAN Daginn"))
    assert np.array_equal(small, capitals)


@pytest.mark.nemo
def test_a_longer_text_is_refused_with_its_length(nemo):
    with pytest.raises(TextTooLong, match="2001"):
        nemo.stream("a" * 2001, OWN, "is")


@pytest.mark.nemo
def test_another_language_is_refused(nemo):
    with pytest.raises(LanguageNotAllowed, match=r"speaks 'is', not 'en'"):
        nemo.check(OWN, "en")


@pytest.mark.nemo
@pytest.mark.parametrize("field", ["voice", "model"])
@pytest.mark.parametrize("named", ["", "nothing.nemo", "/nowhere"])
def test_a_file_that_is_not_there_is_named_with_its_field(nemo, field, named):
    with pytest.raises(ModelNotFound, match=rf"{field}.*{re.escape(repr(named))}"):
        nemo.check(OWN.model_copy(update={field: named}), "is")


@pytest.mark.nemo
def test_a_damaged_file_is_told_from_a_missing_one(nemo, folder, tmp_path):
    whole = (folder / "fastpitch.nemo").read_bytes()
    for name, content in {"half": whole[: len(whole) // 2], "text": b"not a model", "empty": b""}.items():
        (tmp_path / f"{name}.nemo").write_bytes(content)
        with pytest.raises(ModelDamaged, match=name):
            nemo.synthesize(SENTENCE, OWN.model_copy(update={"voice": str(tmp_path / f"{name}.nemo")}), "is")


@pytest.mark.nemo
def test_models_that_do_not_belong_together_are_refused(nemo, folder, tmp_path):
    with pytest.raises(UnknownVoice, match="no FastPitchModel but HifiGanModel"):
        nemo.check(OWN.model_copy(update={"voice": "hifigan"}), "is")
    rewritten(folder, "hifigan.nemo", tmp_path / "wide.nemo", sample_rate="44100")
    with pytest.raises(UnknownVoice, match=r"22050 Hz.*44100 Hz"):
        nemo.check(OWN.model_copy(update={"model": str(tmp_path / "wide.nemo")}), "is")


@pytest.mark.nemo
def test_the_revision_tells_one_file_from_another(nemo, folder, tmp_path):
    own = OWN.model_copy(update={"voice": str(tmp_path / "fastpitch.nemo")})
    shutil.copy(folder / "fastpitch.nemo", tmp_path)
    assert nemo.revision(own) == nemo.revision(OWN)
    rewritten(folder, "fastpitch.nemo", tmp_path / "fastpitch.nemo", min_token_duration="5")
    assert nemo.revision(own) != nemo.revision(OWN)


@pytest.mark.nemo
def test_threads_share_the_models(nemo):
    with ThreadPoolExecutor(2) as pool:
        spoken = list(pool.map(lambda text: nemo.synthesize(text, OWN, "is"), ["góðan daginn.", "gott kvöld."]))
    assert all(speech.samples.any() for speech in spoken)
